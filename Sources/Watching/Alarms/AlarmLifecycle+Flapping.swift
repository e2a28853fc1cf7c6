extension AlarmLifecycle {
    /// How often in a row alarms came back soon after they were over, with the same metrics: another fault is no return.
    /// Each return doubles the quiet samples that end the next one, so that who is told of alarms hears of one that stands
    /// instead of many that come and go.
    struct Flapping: Codable, Equatable {
        /// Returns in a row.
        private(set) var count = 0
        /// Row in which the last alarm was over.
        private var cleared: Int?
        /// Metrics that the last alarm named; empty: nobody could tell.
        private var metrics: Set<String> = []

        /// An alarm that needs more than so many times the usual quiet is none that flaps, it stands.
        static let mostDamping = 16
        /// Quiet samples that an alarm needs to end times this: what comes later is another alarm, and no return.
        static let memory = 10

        /// Samples without an alarm that end one, where `usual` end one that does not flap.
        func quietSamples(_ usual: Int) -> Int {
            let doubled = min(1 << min(count, 10), Self.mostDamping).multipliedReportingOverflow(by: usual)
            return doubled.overflow ? usual : doubled.partialValue
        }

        /// Whether alarms that name these metrics may be the same one; none named: nobody can tell.
        static func areAlike(_ some: Set<String>, _ others: Set<String>) -> Bool {
            let fewer = min(some.count, others.count)
            return fewer == 0
                || Double(some.intersection(others).count) >= AlarmLifecycle.leastShared * Double(fewer)
        }

        mutating func clear(at row: Int, of metrics: Set<String>) {
            cleared = row
            self.metrics = metrics
        }

        /// An alarm is raised that names these metrics.
        mutating func raise(at row: Int, usual: Int, of metrics: Set<String>) {
            let reach = quietSamples(usual).multipliedReportingOverflow(by: Self.memory)
            let returns = cleared.map { row >= $0 && row - $0 <= (reach.overflow ? .max : reach.partialValue) } ?? false
            count = returns && Self.areAlike(self.metrics, metrics) ? min(count + 1, AlarmIdentity.mostRevision) : 0
            cleared = nil
        }
    }
}
