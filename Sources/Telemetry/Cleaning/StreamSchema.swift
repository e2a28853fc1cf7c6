/// What one entity's stream consists of, decided when the stream starts: from there on groups, metrics and columns are
/// indices, and no name is looked at again.
///
/// The metrics stand group by group; in each group first those that vary (the features of the group's model, in its
/// order), then those that were constant or missing at every site: that one of them moves is evidence.
public struct StreamSchema: Hashable, Sendable {
    /// One resource group.
    public struct Group: Hashable, Sendable {
        /// The group.
        public let group: MetricGroup
        /// Its metrics that vary.
        public let varying: Range<Int>
        /// Its metrics that were constant or missing throughout; they follow.
        public let constant: Range<Int>
        /// All its metrics.
        public var metrics: Range<Int> { varying.lowerBound..<constant.upperBound }
    }

    /// The place.
    public let site: String
    /// The thing that emits the metrics.
    public let entity: String
    /// The entity's type, as the pipeline knows it.
    public let type: String
    /// The columns of the source, in its order.
    public let columns: [String]
    /// M: names of the metrics.
    public let metrics: [String]
    /// The groups, sorted by name.
    public let groups: [Group]
    /// The column of each metric, `[M]`; −1: the source lacks it.
    let columnOfMetric: [Int]
    /// Columns of the source that the pipeline does not know; they are left out. Those that training left out on purpose are
    /// not among them.
    public let unknownColumns: [String]
    /// Columns that the pipeline knows and the source lacks; they count as missing.
    public let missingColumns: [String]

    /// `site/entity`.
    public var key: String { "\(site)/\(entity)" }

    /// The name of each metric's group, `[M]`.
    public var groupNames: [String] {
        groups.flatMap { [String](repeating: $0.group.name, count: $0.metrics.count) }
    }

    /// The schema of a source behind a pipeline, and the pipeline's rule for each metric.
    ///
    /// - Throws: ``TelemetryError`` when the pipeline knows neither the type nor another one with these columns, or is
    ///   damaged.
    static func resolve(
        _ pipeline: CleaningPipeline, site: String, entity: String, type: String, columns: [String]
    ) throws -> (schema: StreamSchema, plan: CleaningPipeline.EntityType, rules: [CleaningPipeline.Column]) {
        let (typeName, plan) = try pipeline.entityType(named: type, schema: columns)
        let places = Dictionary(columns.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
        var members: [MetricGroup: [String: CleaningPipeline.Column]] = [:]
        for column in plan.columns where members[column.group]?[column.name] == nil {
            members[column.group, default: [:]][column.name] = column
        }
        var rules: [CleaningPipeline.Column] = []
        var groups: [Group] = []
        for group in pipeline.groups where group.types.contains(typeName) {
            let first = rules.count
            for name in group.metrics + group.constantMetrics {
                guard let column = members[group.group]?[name] else {
                    throw TelemetryError(
                        .mismatch, field: name, found: "a group \(group.group.name) without this column",
                        expected: "a pipeline whose groups and columns agree (the model's manifest is damaged)")
                }
                rules.append(column)
            }
            let middle = first + group.metrics.count
            groups.append(
                Group(group: group.group, varying: first..<middle, constant: middle..<rules.count))
        }
        let known = Set(plan.columns.map(\.name)).union(plan.leftOut ?? [])
        let schema = StreamSchema(
            site: site, entity: entity, type: typeName, columns: columns, metrics: rules.map(\.name), groups: groups,
            columnOfMetric: rules.map { places[$0.name] ?? -1 }, unknownColumns: columns.filter { !known.contains($0) },
            missingColumns: plan.columns.map(\.name).filter { places[$0] == nil })
        return (schema, plan, rules)
    }
}
