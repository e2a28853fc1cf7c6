/// How samples are cleaned where the data leave a choice.
public struct CleaningOptions: Hashable, Sendable, Codable {
    /// How many rows in a row a missing value is replaced by the last one before it counts as a stand-in.
    public var carryLimit = 10
    /// A step longer than this many steps of its entity (``ClockFindings/gapStep(factor:)``) is a gap and ends a segment.
    public var gapFactor = 5.0

    /// The defaults.
    public init() {}
}

/// Everything that was decided about cleaning, fitted once from federated statistics, kept in the model's manifest and
/// replayed unchanged by ``SampleCleaner``.
///
/// The steps, in order: rows are aligned by the source's own step (a gap, a step back or another file ends a
/// segment); counters become rates; missing and non-finite values are carried, then replaced by a stand-in; metrics
/// that are constant at every site leave the models' schema but stay visible as evidence.
public struct CleaningPipeline: Hashable, Sendable, Codable {
    /// What is done with one column.
    public struct Column: Hashable, Sendable, Codable {
        /// What the column becomes.
        public enum Transform: String, Hashable, Sendable, Codable {
            /// Itself.
            case level
            /// Its rate per second, resets taken out.
            case rate
        }

        /// Where the column goes.
        public enum Role: String, Hashable, Sendable, Codable {
            /// A feature of its group's model.
            case metric
            /// Constant within every entity of every site: evidence if it ever moves.
            case constant
            /// Missing in every row of every site: evidence if it ever appears.
            case absent
        }

        /// The column's name.
        public var name: String
        /// Name of its group.
        public var group: MetricGroup
        /// What the column becomes.
        public var transform: Transform
        /// Where it goes.
        public var role: Role
        /// What stands in for a value that has been missing for too long: the median.
        public var standIn: Double
        /// Of a constant: its value for each entity, by the entity's key.
        public var expected: [String: Double]
    }

    /// What is done with the sources of one entity type.
    public struct EntityType: Hashable, Sendable, Codable {
        /// Its columns, in order.
        public var columns: [Column]
        /// The step of all its entities, in seconds: ``ClockFindings/gapStep(factor:)``.
        public var step: Double
        /// The step of each entity, in seconds, by the entity's key.
        public var steps: [String: Double]
        /// Columns that say nothing of the entity, by ``GroupRules/leftOut(of:)``; absent where there are none.
        public var leftOut: [String]?
    }

    /// One resource group: what one model watches.
    public struct Group: Hashable, Sendable, Codable {
        /// The group.
        public var group: MetricGroup
        /// The entity types that have it.
        public var types: [String]
        /// The features of its model, in order; may be empty when everything in it is constant.
        public var metrics: [String]
        /// Metrics that are constant or missing throughout.
        public var constantMetrics: [String]
    }

    /// The choices it was fitted with.
    public let options: CleaningOptions
    /// What is done with each entity type, by its name.
    public let types: [String: EntityType]
    /// The groups, sorted by name.
    public let groups: [Group]

    /// A pipeline fitted from statistics.
    ///
    /// Types of entities share a group when they have the same columns in it (by name and kind); otherwise each gets
    /// its own, `<layer>.<group>@<type>`. So does one whose values are of another scale than the others' (``TypeScales``).
    public init(
        fitting statistics: TelemetryStatistics, rules: GroupRules, options: CleaningOptions = CleaningOptions()
    ) {
        self.options = options
        let fit = PipelineFit(statistics: statistics, rules: rules, gapFactor: options.gapFactor)
        types = fit.types
        groups = fit.groups
    }

    /// The group with a name.
    public func group(named name: String) -> Group? { groups.first { $0.group.name == name } }

    /// Statistics of the metrics of a group, as cleaned, in the order of its metrics: what scalers and simple
    /// detectors are made from.
    ///
    /// - Throws: ``TelemetryError`` when the statistics are not those the pipeline was fitted from.
    public func metricStatistics(
        of group: MetricGroup, in statistics: TelemetryStatistics
    ) throws -> [(name: String, statistics: MetricStatistics)] {
        guard let entry = groups.first(where: { $0.group == group }) else {
            throw TelemetryError(
                .mismatch, found: "no group \(group.name)",
                expected: "one of " + groups.map(\.group.name).joined(separator: ", "))
        }
        return try entry.metrics.map { metric in
            var merged = MetricStatistics()
            for type in entry.types {
                let rated = types[type]?.columns.first { $0.name == metric }?.transform == .rate
                guard let column = statistics.types[type]?.columns[metric],
                    let part = rated ? column.rate : column.level
                else {
                    throw TelemetryError(
                        .mismatch, field: metric, found: "no statistics for entity type \(type)",
                        expected: "the statistics that the pipeline was fitted from")
                }
                merged.merge(part)
            }
            return (metric, merged)
        }
    }

    /// The scaler of a group.
    ///
    /// - Throws: ``TelemetryError`` as ``metricStatistics(of:in:)`` does.
    public func scaler(
        for group: MetricGroup, from statistics: TelemetryStatistics, method: MetricScaler.Method = .winsorised,
        tailShare: Double = 0.005, limit: Double = 8
    ) throws -> MetricScaler {
        MetricScaler(
            try metricStatistics(of: group, in: statistics), method: method, tailShare: tailShare, limit: limit)
    }

    /// Reads and cleans a whole source: one series for each group that its type has.
    ///
    /// - Throws: ``TelemetryError`` from the reader, or when the source does not fit the pipeline.
    public func clean(_ source: EntitySource, options: ReaderOptions = ReaderOptions()) throws -> [CleanSeries] {
        var reader = try source.makeReader(options: options)
        var cleaner = try SampleCleaner(
            pipeline: self, site: source.site, entity: source.entity, type: source.type, schema: reader.schema)
        while let frame = try reader.nextChunk(maximumRows: 4096) { try cleaner.append(frame) }
        return cleaner.take()
    }

    /// Cleans a frame that holds all rows of an entity.
    ///
    /// - Throws: ``TelemetryError`` when the frame does not fit the pipeline.
    public func clean(_ frame: MetricFrame, site: String, entity: String, type: String) throws -> [CleanSeries] {
        var cleaner = try SampleCleaner(
            pipeline: self, site: site, entity: entity, type: type, schema: frame.schema)
        try cleaner.append(frame)
        return cleaner.take()
    }

    /// The entity type whose rules fit a source: the one of its name, or else the first with the same columns, or else
    /// the one that shares most columns with it, at least half of those of both.
    ///
    /// - Throws: ``TelemetryError`` when there is none.
    func entityType(named name: String, schema: [String]) throws -> (name: String, plan: EntityType) {
        if let plan = types[name] {
            guard plan.columns.contains(where: { schema.contains($0.name) }) else {
                throw TelemetryError(
                    .mismatch, found: "no column of entity type '\(name)' (it has \(Self.listed(schema)))",
                    expected: "columns such as \(Self.listed(plan.columns.map(\.name)))")
            }
            return (name, plan)
        }
        let columns = Set(schema)
        let shares = types.map { name, plan -> (name: String, plan: EntityType, share: Double) in
            let own = Set(plan.columns.map(\.name))
            return (name, plan, Double(own.intersection(columns).count) / Double(max(1, own.union(columns).count)))
        }
        let best = shares.filter { $0.share >= 0.5 }.max { a, b in
            a.share == b.share ? a.name > b.name : a.share < b.share
        }
        guard let best else {
            throw TelemetryError(
                .mismatch, found: "entity type '\(name)' with columns \(Self.listed(schema))",
                expected: "one of the types the model knows: " + types.keys.sorted().joined(separator: ", "))
        }
        return (best.name, best.plan)
    }

    static func listed(_ names: [String]) -> String {
        names.prefix(4).joined(separator: ", ") + (names.count > 4 ? ", … (\(names.count))" : "")
    }
}
