/// Statistics of one column of one entity type: of its values, and of its rate of change as long as it may be a counter.
public struct ColumnStatistics: Equatable, Sendable, Codable {
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
    /// Rates per second, counter resets taken out; `nil` when the column cannot be a counter.
    public internal(set) var rate: MetricStatistics? = MetricStatistics()
    /// Range of the rates of each entity (by its key).
    public internal(set) var rateRanges: [String: Range] = [:]
    /// Steps up between consecutive values.
    public internal(set) var increases: UInt64 = 0
    /// Steps down between consecutive values: resets, if it is a counter.
    public internal(set) var decreases: UInt64 = 0
    /// Values that are not whole numbers.
    public internal(set) var fractions: UInt64 = 0

    init(position: Int, namedCounter: Bool) {
        self.position = position
        self.namedCounter = namedCounter
    }

    /// Whether nothing yet speaks against a counter.
    var mayBeCounter: Bool { namedCounter || (decreases == 0 && fractions == 0) }

    /// Whether the column is a counter: by its name, or because its values are whole, never fall, and rise in at least
    /// half of at least 100 steps.
    public var isCounter: Bool {
        // The distribution's number: what does not count of somebody's rows is not in it.
        namedCounter || (mayBeCounter && level.sketch.count > 100 && increases >= level.sketch.count / 2)
    }

    mutating func add(_ value: Double, rate newRate: Double?, previous: Double?) {
        level.add(value)
        guard value.isFinite else { return }
        if let previous {
            if value > previous { increases &+= 1 } else if value < previous { decreases &+= 1 }
        }
        if value != value.rounded(.towardZero) { fractions &+= 1 }
        guard mayBeCounter else {
            rate = nil
            return
        }
        if let newRate { rate?.add(newRate) }
    }

    /// Keeps the ranges of the one entity whose rows have been added.
    mutating func setRanges(level: Range?, rate rateRange: Range?, entity: String) {
        if let level { levelRanges[entity] = level }
        if let rateRange, rate != nil { rateRanges[entity] = rateRange }
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
        fractions &+= other.fractions
        guard mayBeCounter, let otherRate = other.rate, rate != nil else {
            rate = nil
            rateRanges = [:]
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
