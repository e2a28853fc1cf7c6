/// Cleans the rows of one entity as they come and gives them as series, one for each group: what models are trained on.
/// Streams use ``RowCleaner``, on which this is built.
public struct SampleCleaner: Sendable {
    private var cleaner: RowCleaner
    private var rows: CleanRows
    private var groups: [GroupOutput]

    /// Columns of the source that the pipeline does not know; they are left out.
    public var unknownColumns: [String] { cleaner.schema.unknownColumns }
    /// Columns that the pipeline knows and the source lacks; they count as missing.
    public var missingColumns: [String] { cleaner.schema.missingColumns }

    /// A cleaner at the start of an entity's stream.
    ///
    /// - Throws: ``TelemetryError`` when the pipeline knows neither the type nor another one with these columns.
    public init(
        pipeline: CleaningPipeline, site: String, entity: String, type: String, schema: [String]
    ) throws {
        cleaner = try RowCleaner(pipeline: pipeline, site: site, entity: entity, type: type, columns: schema)
        rows = CleanRows(schema: cleaner.schema)
        groups = cleaner.schema.groups.indices.map(GroupOutput.init)
    }

    /// Cleans the rows of a frame; the result is fetched with ``take()``.
    ///
    /// - Throws: ``TelemetryError`` when the frame has other columns than the cleaner was made for.
    public mutating func append(_ frame: MetricFrame) throws {
        rows.removeAll()
        try cleaner.append(frame, to: &rows)
        for index in groups.indices { groups[index].append(rows) }
    }

    /// Cleans one row; the result is fetched with ``take()``. See ``RowCleaner``.
    public mutating func append(
        time: Double, values: ArraySlice<Double>, index: Int, label: UInt8? = nil, startsFile: Bool = false
    ) {
        rows.removeAll()
        values.withUnsafeBufferPointer { values in
            cleaner.append(
                time: time, values: values, index: index, label: label, startsFile: startsFile, to: &rows)
        }
        for index in groups.indices { groups[index].append(rows) }
    }

    /// The rows cleaned since the last call, one series for each group of the entity's type, sorted by group.
    public mutating func take() -> [CleanSeries] {
        groups.indices.map { groups[$0].take(cleaner) }
    }
}
