/// Statistics of one column of one entity type: of its values, and of its rate of change unless it clearly is no counter.
///
/// Whether it is one is decided by all rows together (``CounterEvidence``), when a pipeline is fitted.
public struct ColumnStatistics: Equatable, Sendable {
    /// Range of one entity's values; tells a constant of each entity from a metric that moves.
    public struct Range: Hashable, Sendable, Codable {
        /// Smallest value.
        public var low: Double
        /// Largest value.
        public var high: Double

        mutating func merge(_ other: Range) {
            low = min(low, other.low)
            high = max(high, other.high)
        }
    }

    /// Where the column stands among the columns of its sources, the smallest of all.
    public internal(set) var position: Int
    /// Whether a rule says by its name that it is a counter.
    public internal(set) var namedCounter: Bool
    /// The values as they are.
    public internal(set) var level = MetricStatistics()
    /// Range of the values of each entity (by its key).
    public internal(set) var levelRanges: [String: Range] = [:]
    /// Rates per second, falls taken out; `nil` when the column cannot be a counter.
    public internal(set) var rate: MetricStatistics? = MetricStatistics()
    /// Range of the rates of each entity (by its key).
    public internal(set) var rateRanges: [String: Range] = [:]
    /// Steps up between consecutive values.
    public internal(set) var increases: UInt64 = 0
    /// Steps down between consecutive values.
    public internal(set) var decreases: UInt64 = 0
    /// Steps down to less than a quarter, to nothing at the lowest: as a counter falls that begins anew.
    public internal(set) var resets: UInt64 = 0
    /// Values that are not whole numbers.
    public internal(set) var fractions: UInt64 = 0

    init(position: Int, naming: GroupRules.Naming) {
        self.position = position
        namedCounter = naming == .counter
        if naming == .level { rate = nil }
    }

    init(position: Int, namedCounter: Bool) {
        self.init(position: position, naming: namedCounter ? .counter : .unknown)
    }

    /// What is known of whether it counts.
    var evidence: CounterEvidence {
        // The distribution's number: what does not count of somebody's rows is not in it.
        CounterEvidence(
            isNamed: namedCounter, hasRates: rate != nil, values: level.sketch.count,
            entities: UInt64(levelRanges.count), increases: increases, decreases: decreases, resets: resets)
    }

    /// Whether the column is a counter.
    public var isCounter: Bool { evidence.isCounter }

    /// Adds a value.
    ///
    /// - Parameter previous: the value before it, where time went on since.
    mutating func add(_ value: Double, rate newRate: Double?, previous: Double?) {
        level.add(value)
        guard value.isFinite else { return }
        if let previous {
            if value > previous {
                increases &+= 1
            } else if value < previous {
                decreases &+= 1
                if CounterEvidence.isReset(from: previous, to: value) { resets &+= 1 }
                if rate != nil, evidence.isHopeless { rate = nil }
            }
        }
        if value != value.rounded(.towardZero) { fractions &+= 1 }
        if let newRate { rate?.add(newRate) }
    }

    /// Keeps the ranges of the one entity whose rows have been added.
    mutating func setRanges(level: Range?, rate rateRange: Range?, entity: String) {
        if let level { levelRanges[entity] = level }
        if let rateRange, rate != nil { rateRanges[entity] = rateRange }
    }

    /// Forgets the rates: it is no counter.
    mutating func leaveOutRates() {
        rate = nil
        rateRanges = [:]
    }

    mutating func merge(_ other: ColumnStatistics) {
        position = min(position, other.position)
        namedCounter = namedCounter || other.namedCounter
        level.merge(other.level)
        levelRanges.merge(other.levelRanges) { own, new in
            var merged = own
            merged.merge(new)
            return merged
        }
        increases &+= other.increases
        decreases &+= other.decreases
        resets &+= other.resets
        fractions &+= other.fractions
        guard let otherRate = other.rate, rate != nil else {
            leaveOutRates()
            return
        }
        rate?.merge(otherRate)
        rateRanges.merge(other.rateRanges) { own, new in
            var merged = own
            merged.merge(new)
            return merged
        }
    }

    /// The statistics of what the pipeline makes of the column: of rates for a counter, else of values.
    public var cleaned: MetricStatistics { isCounter ? rate ?? level : level }

    /// The ranges, by entity, of what the pipeline makes of the column.
    public var cleanedRanges: [String: Range] { isCounter ? rateRanges : levelRanges }
}

extension ColumnStatistics: Codable {
    private enum CodingKeys: String, CodingKey {
        case position, namedCounter, level, levelRanges, rate, rateRanges, increases, decreases, resets, fractions
    }

    /// Reads statistics; those of versions that did not count resets have none.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            position: try container.decode(Int.self, forKey: .position),
            namedCounter: try container.decode(Bool.self, forKey: .namedCounter))
        level = try container.decode(MetricStatistics.self, forKey: .level)
        levelRanges = try container.decode([String: Range].self, forKey: .levelRanges)
        rate = try container.decodeIfPresent(MetricStatistics.self, forKey: .rate)
        rateRanges = try container.decode([String: Range].self, forKey: .rateRanges)
        increases = try container.decode(UInt64.self, forKey: .increases)
        decreases = try container.decode(UInt64.self, forKey: .decreases)
        resets = try container.decodeIfPresent(UInt64.self, forKey: .resets) ?? 0
        fractions = try container.decode(UInt64.self, forKey: .fractions)
    }

    /// Writes statistics; without resets as before they were counted.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(position, forKey: .position)
        try container.encode(namedCounter, forKey: .namedCounter)
        try container.encode(level, forKey: .level)
        try container.encode(levelRanges, forKey: .levelRanges)
        try container.encodeIfPresent(rate, forKey: .rate)
        try container.encode(rateRanges, forKey: .rateRanges)
        try container.encode(increases, forKey: .increases)
        try container.encode(decreases, forKey: .decreases)
        if resets > 0 { try container.encode(resets, forKey: .resets) }
        try container.encode(fractions, forKey: .fractions)
    }
}
