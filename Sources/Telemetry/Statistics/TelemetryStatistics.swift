/// All that the cleaning pipeline and the scalers are fitted from, for every entity type: sums, ranges and sketches
/// that add up over entities, workers and sites in any order.
public struct TelemetryStatistics: Equatable, Sendable, Codable {
    /// The statistics of one entity type.
    public struct EntityType: Equatable, Sendable, Codable {
        /// Each column's statistics, by name.
        public internal(set) var columns: [String: ColumnStatistics] = [:]
        /// Each entity's clock, by the entity's key.
        public internal(set) var clocks: [String: ClockFindings] = [:]

        /// Rows of all entities.
        package var rows: UInt64 {
            clocks.values.reduce(0) { sum, clock in
                let (next, overflow) = sum.addingReportingOverflow(clock.rows)
                return overflow ? .max : next
            }
        }

        /// Column names in the order of the sources; ties sort by name.
        public var columnNames: [String] {
            columns.keys.sorted { a, b in
                let (first, second) = (columns[a]?.position ?? 0, columns[b]?.position ?? 0)
                return first == second ? a < b : first < second
            }
        }
    }

    /// The statistics of each entity type, by its name.
    public internal(set) var types: [String: EntityType] = [:]

    /// The statistics of nothing.
    public init() {}

    /// Adds every row of a source.
    ///
    /// - Parameter observing: sees every frame.
    /// - Throws: ``TelemetryError`` from the reader.
    public mutating func add(
        _ source: EntitySource, rules: GroupRules, options: ReaderOptions = ReaderOptions(),
        observing: (MetricFrame) -> Void = { _ in }
    ) throws {
        var reader = try source.makeReader(options: options)
        var accumulator = StatisticsAccumulator(
            key: source.key, type: source.type, schema: reader.schema, rules: rules)
        while let frame = try reader.nextChunk(maximumRows: 4096) {
            accumulator.add(frame)
            observing(frame)
        }
        merge(accumulator.statistics)
    }

    /// Adds every row of a frame.
    public mutating func add(_ frame: MetricFrame, site: String, entity: String, type: String, rules: GroupRules) {
        var accumulator = StatisticsAccumulator(
            key: "\(site)/\(entity)", type: type, schema: frame.schema, rules: rules)
        accumulator.add(frame)
        merge(accumulator.statistics)
    }

    /// Adds the statistics of other rows.
    public mutating func merge(_ other: TelemetryStatistics) {
        for (name, type) in other.types {
            for (column, statistics) in type.columns {
                if types[name]?.columns[column]?.merge(statistics) == nil {
                    types[name, default: EntityType()].columns[column] = statistics
                }
            }
            for (key, clock) in type.clocks {
                types[name, default: EntityType()].clocks[key, default: ClockFindings()].merge(clock)
            }
        }
    }
}

/// Takes one entity's rows in order and makes statistics of them.
struct StatisticsAccumulator {
    private let key: String
    private let type: String
    private let schema: [String]
    private var columns: [ColumnStatistics]
    private var clock = ClockFindings()
    private var counters: [CounterState]
    private var lastTime: Double?
    private var levelRanges: [ColumnStatistics.Range?]
    private var rateRanges: [ColumnStatistics.Range?]

    init(key: String, type: String, schema: [String], rules: GroupRules) {
        self.key = key
        self.type = type
        self.schema = schema
        columns = schema.enumerated().map {
            ColumnStatistics(position: $0.offset, naming: rules.naming(of: $0.element))
        }
        counters = schema.map { _ in CounterState() }
        levelRanges = schema.map { _ in nil }
        rateRanges = schema.map { _ in nil }
    }

    private static func extend(_ range: inout ColumnStatistics.Range?, by value: Double) {
        guard let known = range else {
            range = ColumnStatistics.Range(low: value, high: value)
            return
        }
        if value < known.low { range?.low = value }
        if value > known.high { range?.high = value }
    }

    mutating func add(_ frame: MetricFrame) {
        var fileStarts = frame.fileStarts[...]
        for row in 0..<frame.rowCount {
            let time = frame.times[row]
            if fileStarts.first == row {
                fileStarts = fileStarts.dropFirst()
                lastTime = nil
                for index in counters.indices { counters[index] = CounterState() }
            }
            clock.add(time: time, previous: lastTime)
            lastTime = time
            for column in columns.indices {
                let value = frame.values[row * frame.columnCount + column]
                // A repeated or late row says nothing about how the column moves.
                let previous = time > counters[column].time ? counters[column].value : nil
                let rate = counters[column].rate(of: value, at: time)
                columns[column].add(value, rate: rate, previous: previous)
                if value.isFinite { Self.extend(&levelRanges[column], by: value) }
                if let rate { Self.extend(&rateRanges[column], by: rate) }
            }
        }
    }

    var statistics: TelemetryStatistics {
        var entityType = TelemetryStatistics.EntityType()
        for (index, name) in schema.enumerated() {
            var column = columns[index]
            column.setRanges(level: levelRanges[index], rate: rateRanges[index], entity: key)
            entityType.columns[name] = column
        }
        entityType.clocks[key] = clock
        var result = TelemetryStatistics()
        result.types[type] = entityType
        return result
    }
}

/// Turns the values of a counter into rates per second.
struct CounterState: Hashable, Sendable {
    /// The last finite value.
    private(set) var value: Double?
    private(set) var time = 0.0

    /// No value yet.
    init() {}

    /// Where another one stood.
    init(value: Double?, time: Double) {
        self.value = value
        self.time = time
    }

    /// The rate from the last finite value to this one; `nil` where there is none: for the first value and one that is
    /// not finite, and
    /// - where time did not advance: a repeated row, or a late one, says nothing about what came since, and is forgotten;
    /// - where the value is below the last one: the counter began anew, and how much of the time since it has counted is
    ///   not known.
    mutating func rate(of newValue: Double, at newTime: Double) -> Double? {
        guard newValue.isFinite else { return nil }
        guard let value else {
            (self.value, time) = (newValue, newTime)
            return nil
        }
        let seconds = newTime - time
        guard seconds > 0 else { return nil }
        (self.value, time) = (newValue, newTime)
        guard newValue >= value else { return nil }
        let rate = (newValue - value) / seconds
        return rate.isFinite ? rate : nil
    }
}
