/// Deviations and alarms of any number of entities that belong together.
package struct Incident: Codable, Sendable, Equatable {
    /// What one entity has to do with it.
    package struct Part: Codable, Sendable, Equatable {
        /// The place.
        package let site: String
        /// The entity's name there.
        package let entity: String
        /// When it first deviated.
        package var onset: Double
        /// What deviated, by kind, each at its strongest.
        package var evidence: [String: EntityReport.Evidence]
        /// The largest activity.
        package var peak: Double
        /// Ids of its alarms.
        package var alarms: [String]
        /// Whether it only sees how users are served.
        package let isObserver: Bool

        /// `site/entity`.
        package var key: String { "\(site)/\(entity)" }

        /// The metrics that deviated, strongest first.
        package var metrics: [String] {
            let ordered = evidence.values.sorted {
                abs($0.value) != abs($1.value) ? abs($0.value) > abs($1.value) : $0.kind < $1.kind
            }
            var seen: Set<String> = []
            return ordered.map(\.metric).filter { seen.insert($0).inserted }
        }
    }

    /// Names it among all: `site/entity@second` of what made it one.
    package let id: String
    /// When the news came that made it one, in seconds.
    package let began: Double
    /// When the first of what made it one deviated.
    package var start: Double
    /// When the last of it did so far.
    package var end: Double
    /// When the last news came.
    package var lastNews: Double
    /// Seconds between samples of those in it, the longest, and at least those in which a fault unfolds.
    package var step: Double
    /// Whether something of it goes on.
    package var isOpen: Bool
    /// The entities by their keys.
    package var parts: [String: Part]
}
