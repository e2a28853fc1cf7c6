/// p_k: seconds of local training of one round when k workers share the data, for k = 1, 2, ….
///
/// No shape is assumed: the values may rise and fall with k. A profile given by breakpoints is linear between them and
/// constant outside, so that it has a value for every k; a table has values up to its length only.
public struct TrainingTimeProfile: Sendable, Equatable {
    /// One measured or chosen point of a piecewise-linear profile.
    public struct Breakpoint: Sendable, Equatable, Codable {
        /// The number of workers, 1 or more.
        public var workers: Int
        /// Seconds of one round's training.
        public var seconds: Double

        /// A point of the profile.
        public init(workers: Int, seconds: Double) {
            self.workers = workers
            self.seconds = seconds
        }
    }

    /// The points, by ascending number of workers; empty for a table.
    public let breakpoints: [Breakpoint]
    /// The table, for k = 1, 2, …; empty for breakpoints.
    public let table: [Double]

    /// A profile that lists p_1, p_2, ….
    ///
    /// - Throws: `PlacementError` for an empty table or a value that is negative or not finite.
    public init(table: [Double]) throws(PlacementError) {
        if table.isEmpty {
            throw PlacementError(
                .malformedInput, field: "trainingTimeSeconds", reason: "empty; expected one value per worker count")
        }
        for (index, value) in table.enumerated() where !(value >= 0 && value.isFinite) {
            throw PlacementError(
                .malformedInput, field: "trainingTimeSeconds[\(index)]",
                reason: "found \(value); expected finite seconds, 0 or more")
        }
        self.table = table
        breakpoints = []
    }

    /// A profile that is linear between points and constant outside them. The points may come in any order.
    ///
    /// - Throws: `PlacementError` for no points, two points of one worker count, a worker count below 1, or a time that
    ///   is negative or not finite.
    public init(breakpoints: [Breakpoint]) throws(PlacementError) {
        let name = "trainingTimeBreakpoints"
        if breakpoints.isEmpty {
            throw PlacementError(.malformedInput, field: name, reason: "empty; expected at least one breakpoint")
        }
        var seen = Set<Int>()
        for (index, point) in breakpoints.enumerated() {
            if point.workers < 1 {
                throw PlacementError(
                    .malformedInput, field: "\(name)[\(index)].workers",
                    reason: "found \(point.workers); expected 1 or more")
            }
            if !(point.seconds >= 0 && point.seconds.isFinite) {
                throw PlacementError(
                    .malformedInput, field: "\(name)[\(index)].seconds",
                    reason: "found \(point.seconds); expected finite seconds, 0 or more")
            }
            if !seen.insert(point.workers).inserted {
                throw PlacementError(
                    .malformedInput, field: "\(name)[\(index)].workers",
                    reason: "\(point.workers) workers have a time already")
            }
        }
        self.breakpoints = breakpoints.sorted { $0.workers < $1.workers }
        table = []
    }

    /// The largest k that has a value; nil where every k has one.
    public var maximumWorkers: Int? { table.isEmpty ? nil : table.count }

    /// p_k, in seconds. k is at least 1 and at most `maximumWorkers`.
    public func seconds(workers k: Int) -> Double {
        precondition(k >= 1, "a round has at least one worker")
        if !table.isEmpty {
            precondition(k <= table.count, "the table ends at \(table.count) workers")
            return table[k - 1]
        }
        let upper = partitionPoint(breakpoints.count) { breakpoints[$0].workers >= k }
        guard upper < breakpoints.count else {
            return breakpoints[breakpoints.count - 1].seconds
        }
        let b = breakpoints[upper]
        if upper == 0 || b.workers == k { return b.seconds }
        let a = breakpoints[upper - 1]
        // The order of operations of numpy.interp, so that values agree to the last bit with the reference model.
        let slope = (b.seconds - a.seconds) / Double(b.workers - a.workers)
        return slope * Double(k - a.workers) + a.seconds
    }

    /// p_1 … p_k as an array of length `count`.
    public func values(count: Int) -> [Double] {
        (0..<max(count, 0)).map { seconds(workers: $0 + 1) }
    }

    /// The profile with every time multiplied by a factor; what a measured slow-down does to a plan.
    public func scaled(by factor: Double) -> TrainingTimeProfile {
        precondition(factor >= 0 && factor.isFinite, "a time factor is finite and not negative")
        return TrainingTimeProfile(
            checkedTable: table.map { $0 * factor },
            breakpoints: breakpoints.map { Breakpoint(workers: $0.workers, seconds: $0.seconds * factor) })
    }

    private init(checkedTable: [Double], breakpoints: [Breakpoint]) {
        table = checkedTable
        self.breakpoints = breakpoints
    }
}
