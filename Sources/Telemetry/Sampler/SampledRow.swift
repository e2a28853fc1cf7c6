/// A row that the sampler has made of an entity's series: one value for each column that the entity had so far.
package struct SampledRow: Sendable, Equatable {
    /// What there is to say of a row's quality.
    package struct Quality: OptionSet, Hashable, Sendable, Codable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Most of its values are missing.
        package static let incomplete = Quality(rawValue: 1)
        /// Nothing connects it to the row before: the clock was set.
        package static let disconnected = Quality(rawValue: 2)
        /// Counters began anew.
        package static let restarted = Quality(rawValue: 4)
        /// An alarm stood, or had just been over.
        package static let inAlarm = Quality(rawValue: 8)

        /// Whether models learn from the row.
        package var isClean: Bool { isDisjoint(with: [.incomplete, .inAlarm]) }
    }

    /// Seconds since 1970, or in the source's own clock.
    package var time: Double
    /// NaN: missing. Columns that came later are not in it.
    package var values: [Double]
    /// Its quality.
    package var quality: Quality

    /// A row with every field given.
    package init(time: Double, values: [Double], quality: Quality = []) {
        self.time = time
        self.values = values
        self.quality = quality
    }

    /// Whether both hold the same bits.
    package static func == (a: SampledRow, b: SampledRow) -> Bool {
        a.time == b.time && a.quality == b.quality && a.values.count == b.values.count
            && zip(a.values, b.values).allSatisfy { $0.bitPattern == $1.bitPattern || ($0.isNaN && $1.isNaN) }
    }
}

/// How a sampler makes rows.
package struct SamplerOptions: Hashable, Sendable, Codable {
    /// Seconds between two rows where it is known; otherwise it is measured.
    package var intervalSeconds: Double?
    /// For how many seconds the last value of a series stands in for one that does not come with every row; 0: never.
    package var stalenessSeconds = 0.0
    /// Whether samples come in parts, by ways that overtake each other, as senders push them: a row waits for what is
    /// missing in it, and earlier times are no clock that was set back as long as anything newer comes.
    package var isPushed = false
    /// For how many seconds a row waits for pushed samples that are missing in it, counted from when a sample of its time or
    /// of a later one came.
    package var latenessSeconds = 0.0
    /// Rows in a row without a value after which a column counts as gone.
    package var silentRows = 5

    /// The defaults: for endpoints that give all their series at once.
    package init() {}

    /// For samples that senders push. A Prometheus keeps what does not fill a request for 5 s (`batch_send_deadline`), and may
    /// have to send it again: rows wait for more than twice as long.
    package static var pushed: SamplerOptions {
        var options = SamplerOptions()
        (options.isPushed, options.latenessSeconds) = (true, 12)
        return options
    }
}

/// What a sampler has seen, for whoever watches the watching.
package struct SamplerCounters: Hashable, Sendable, Codable {
    /// Rows made.
    package var rows = 0
    /// Samples taken.
    package var samples = 0
    /// Samples with a time that the entity had already.
    package var duplicates = 0
    /// Samples of rows that were closed already.
    package var late = 0
    /// Counters that began anew.
    package var resets = 0
    /// Times that the clock was set.
    package var clockSteps = 0
    /// Values that cannot be: counters below 0 or not finite.
    package var badValues = 0
    /// Values that the last one stood in for.
    package var carried = 0

    /// Nothing yet.
    package init() {}

    /// Adds what another one has seen.
    package mutating func add(_ other: SamplerCounters) {
        rows += other.rows
        samples += other.samples
        duplicates += other.duplicates
        late += other.late
        resets += other.resets
        clockSteps += other.clockSteps
        badValues += other.badValues
        carried += other.carried
    }
}
