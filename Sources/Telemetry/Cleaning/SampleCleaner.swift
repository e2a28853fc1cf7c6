/// Cleans the rows of one entity as they come, and remembers what the next row needs: the same rows give the same
/// output, bit for bit, whether they come one by one or all at once. No row ever changes because of a later one.
public struct SampleCleaner: Sendable {
    private let pipeline: CleaningPipeline
    private let site: String
    private let entity: String
    private let type: String
    private let schema: [String]
    private let step: Double
    private var columns: [ColumnCleaner]
    private var groups: [GroupOutput]
    private var lastTime: Double?

    /// Columns of the source that the pipeline does not know; they are left out.
    public let unknownColumns: [String]
    /// Columns that the pipeline knows and the source lacks; they count as missing.
    public let missingColumns: [String]

    /// A cleaner at the start of an entity's stream.
    ///
    /// - Throws: ``TelemetryError`` when the pipeline knows neither the type nor another one with these columns.
    public init(
        pipeline: CleaningPipeline, site: String, entity: String, type: String, schema: [String]
    ) throws {
        let (typeName, plan) = try pipeline.entityType(named: type, schema: schema)
        let key = "\(site)/\(entity)"
        self.pipeline = pipeline
        self.site = site
        self.entity = entity
        self.type = typeName
        self.schema = schema
        step = plan.steps[key] ?? plan.step
        let sourceIndex = Dictionary(
            schema.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
        var columns: [ColumnCleaner] = []
        var groups: [GroupOutput] = []
        for group in pipeline.groups where group.types.contains(typeName) {
            let members = Dictionary(
                plan.columns.filter { $0.group == group.group }.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
            let first = columns.count
            for name in group.metrics + group.constantMetrics {
                guard let column = members[name] else {
                    throw TelemetryError(
                        .mismatch, field: name, found: "a group \(group.group.name) without this column",
                        expected: "a pipeline whose groups and columns agree (the model's manifest is damaged)")
                }
                columns.append(
                    ColumnCleaner(
                        source: sourceIndex[name], column: column, expected: column.expected[key],
                        carryLimit: pipeline.options.carryLimit))
            }
            groups.append(
                GroupOutput(
                    group: group.group, metrics: group.metrics, constants: group.constantMetrics,
                    columns: first..<(first + group.metrics.count),
                    constantColumns: (first + group.metrics.count)..<columns.count))
        }
        self.columns = columns
        self.groups = groups
        let known = Set(plan.columns.map(\.name))
        unknownColumns = schema.filter { !known.contains($0) }
        missingColumns = plan.columns.map(\.name).filter { sourceIndex[$0] == nil }
    }

    /// Cleans the rows of a frame; the result is fetched with ``take()``.
    ///
    /// - Throws: ``TelemetryError`` when the frame has other columns than the cleaner was made for.
    public mutating func append(_ frame: MetricFrame) throws {
        guard frame.schema == schema else {
            throw TelemetryError(
                .mismatch, found: "a frame with columns \(CleaningPipeline.listed(frame.schema))",
                expected: "\(CleaningPipeline.listed(schema))")
        }
        var fileStarts = frame.fileStarts[...]
        for row in 0..<frame.rowCount {
            let startsFile = fileStarts.first == row
            if startsFile { fileStarts = fileStarts.dropFirst() }
            let start = row * frame.columnCount
            append(
                time: frame.times[row], values: frame.values[start..<(start + frame.columnCount)],
                index: frame.firstRow + row, label: frame.labels?[row], startsFile: startsFile)
        }
    }

    /// Cleans one row; the result is fetched with ``take()``.
    ///
    /// - Parameters:
    ///   - time: seconds.
    ///   - values: one value for each column of the schema; NaN: missing.
    ///   - index: index of the row among the entity's rows.
    ///   - label: 1 where the source marks the row as anomalous.
    ///   - startsFile: whether nothing connects the row to the one before it.
    /// - Precondition: there is one value for each column.
    public mutating func append(
        time: Double, values: ArraySlice<Double>, index: Int, label: UInt8? = nil, startsFile: Bool = false
    ) {
        precondition(values.count == schema.count, "one value for each column")
        let elapsed = lastTime.map { time - $0 }
        let restarted = startsFile || (elapsed.map { $0 < 0 } ?? true)
        let gap = restarted || (elapsed.map { $0 > pipeline.options.gapFactor * step } ?? true)
        lastTime = time
        for column in columns.indices {
            columns[column].update(values: values, time: time, step: step, afterGap: gap, afterRestart: restarted)
        }
        for group in groups.indices {
            groups[group].append(
                columns, time: time, sourceIndex: index, label: label, afterGap: gap,
                carryLimit: pipeline.options.carryLimit)
        }
    }

    /// The rows cleaned since the last call, one series for each group of the entity's type, sorted by group.
    public mutating func take() -> [CleanSeries] {
        groups.indices.map { index in
            groups[index].take(site: site, entity: entity, type: type, columns: columns)
        }
    }
}
