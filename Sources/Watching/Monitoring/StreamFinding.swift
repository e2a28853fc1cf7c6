/// Something that is wrong with the watching of an entity, not with the entity: never an anomaly, and never silence.
package struct StreamFinding: Hashable, Sendable {
    /// What it is.
    package enum Kind: String, Hashable, Sendable {
        /// Columns that the model knows are not in the source at all.
        case columnsMissing
        /// Metrics have been missing for longer than a value is carried; the others go on without them.
        case metricsAway
        /// Metrics are there again.
        case metricsBack
        /// Rows could not be read.
        case rowsSkipped
    }

    /// What it is.
    package let kind: Kind
    /// The row of the stream from which on.
    package let index: Int
    /// Its time in seconds.
    package let time: Double
    /// The metrics; of rows that could not be read, the first one's error.
    package let subjects: [String]
    /// How many: metrics, or rows.
    package let count: Int

    /// A finding with every field given.
    package init(kind: Kind, index: Int = 0, time: Double = 0, subjects: [String], count: Int? = nil) {
        self.kind = kind
        self.index = index
        self.time = time
        self.subjects = subjects
        self.count = count ?? subjects.count
    }

    /// The finding as facts of a log line.
    package func facts(of entity: String) -> [String: String] {
        [
            "entity": entity, "kind": kind.rawValue, "row": "\(index)", "count": "\(count)",
            "subjects": subjects.prefix(4).joined(separator: ", ") + (subjects.count > 4 ? ", …" : ""),
        ]
    }
}
