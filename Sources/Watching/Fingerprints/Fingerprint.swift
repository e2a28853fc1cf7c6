/// What an anomaly looks like: which metrics deviate, on which side, in which shape over time, and which group moved
/// first.
package struct Fingerprint: Codable, Sendable, Hashable {
    /// When something deviates, in samples and seconds.
    package struct Shape: Codable, Sendable, Hashable {
        /// Row of the first sample that deviates.
        package let onsetIndex: Int
        /// Its time.
        package let onsetTime: Double
        /// Row of the largest deviation.
        package let peakIndex: Int
        /// Its time.
        package let peakTime: Double
        /// From the first to the last sample that deviates, in seconds.
        package let durationSeconds: Double
    }

    /// A metric's part in the anomaly.
    package struct Part: Codable, Sendable, Hashable {
        /// The metric.
        package let metric: String
        /// Its group, `<layer>.<group>`.
        package let group: String
        /// Its share of the deviation of all metrics, 0…1.
        package let share: Double
        /// 1 above what is expected, −1 below, 0 neither.
        package let side: Int
        /// How much of it is on that side: 1 all above, −1 all below, 0 both alike.
        package let balance: Double
        /// Its mean deviation over the event, in units of what is normal.
        package let deviation: Double
        /// Its shape over time.
        package let shape: Shape
    }

    /// A group's part in the anomaly.
    package struct GroupPart: Codable, Sendable, Hashable {
        /// The group, `<layer>.<group>`.
        package let group: String
        /// The layer; empty for a group without one.
        package let layer: String
        /// Its share of the deviation of all metrics, 0…1.
        package let share: Double
        /// Its shape over time.
        package let shape: Shape
    }

    /// A metric among the suspects.
    package struct Cause: Codable, Sendable, Hashable {
        /// The metric.
        package let metric: String
        /// Its group.
        package let group: String
        /// How much it looks like a cause; comparable within one anomaly.
        package let score: Double
    }

    /// The entity, `site/entity`.
    package let entity: String
    /// First row of the event.
    package let startIndex: Int
    /// The row after its last one.
    package let endIndex: Int
    /// Time of the first row in seconds.
    package let startTime: Double
    /// Time of the last row.
    package let endTime: Double
    /// Highest combined score in the event.
    package let peakScore: Double
    /// The smallest set of metrics that makes up the wanted share of the deviation, largest first.
    package let parts: [Part]
    /// Every group with a part in the deviation; first the one where it most likely began: whose metrics look most like
    /// causes, on a (quadratic) average, so that many metrics are no advantage.
    package let groups: [GroupPart]
    /// The group whose deviation set in first; `nil` when nothing deviates.
    package let firstGroup: String?
    /// Suspected causes, most suspicious first.
    package let causes: [Cause]
    /// How the deviation divides among aspects (``ViewAspect``), by name; empty from detectors that cannot tell.
    package let aspects: [String: Double]
    /// How the deviation runs over time.
    package let rhythm: Rhythm

    /// Samples from an alarm's start after which its fingerprint can tell one kind of fault from another.
    package static let announcedRows = 60
}
