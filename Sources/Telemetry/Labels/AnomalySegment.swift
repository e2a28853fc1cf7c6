import Platform

/// One labelled anomaly: a range of rows and the metrics that caused it; a row of an interpretation file.
public struct AnomalySegment: Hashable, Sendable, Codable {
    /// Rows of the anomaly.
    public var rows: Range<Int>
    /// Positions of the metrics among the metric columns, counted from 0.
    public var dimensions: [Int]
    /// Names of the metrics; may be empty where the file gives positions only.
    public var metrics: [String]
    /// What kind of anomaly it is; empty where the source does not say.
    public var type: String

    /// A segment with every field given.
    public init(rows: Range<Int>, dimensions: [Int], metrics: [String], type: String) {
        self.rows = rows
        self.dimensions = dimensions
        self.metrics = metrics
        self.type = type
    }
}

extension AnomalySegment {
    /// Reads an interpretation file: `start,end_exclusive,dims_0based,metrics,anomaly_type`, the lists separated by
    /// `;`. Only `start` and `end_exclusive` must be there.
    ///
    /// - Throws: ``TelemetryError``.
    public static func read(contentsOf path: String) throws -> [AnomalySegment] {
        var options = ReaderOptions()
        options.separator = ","
        let table = try TextTable(path: path, options: options)
        func column(_ name: String) -> Int? { table.names.firstIndex { $0.lowercased() == name } }
        guard let startColumn = column("start"), let endColumn = column("end_exclusive") else {
            throw TelemetryError(
                .missingColumn, path: path, line: 1, found: "columns " + CleaningPipeline.listed(table.names),
                expected: "start,end_exclusive,dims_0based,metrics,anomaly_type")
        }
        var segments: [AnomalySegment] = []
        try table.forEachRow { line, fields, bytes in
            func text(_ column: Int?) -> String {
                column.map { FieldText.text(UnsafeBufferPointer(rebasing: bytes[fields[$0]])) } ?? ""
            }
            func list(_ column: Int?) -> [String] {
                text(column).split(separator: ";").map { String($0.trimmingPrefix(while: { $0 == " " })) }
            }
            func index(_ text: String, _ column: Int) throws -> Int {
                if let value = Int(text), value >= 0 { return value }
                throw TelemetryError(
                    .notANumber, path: path, line: line, field: table.names[column], found: "'\(text)'",
                    expected: "an index from 0")
            }
            let (start, end) = (try index(text(startColumn), startColumn), try index(text(endColumn), endColumn))
            guard start <= end else {
                throw TelemetryError(
                    .malformed, path: path, line: line, found: "an anomaly from row \(start) to row \(end)",
                    expected: "a start before its end")
            }
            let dimensionColumn = column("dims_0based")
            segments.append(
                AnomalySegment(
                    rows: start..<end,
                    dimensions: try list(dimensionColumn).map { try index($0, dimensionColumn ?? 0) },
                    metrics: list(column("metrics")), type: text(column("anomaly_type"))))
        }
        return segments
    }

    /// Writes an interpretation file.
    ///
    /// - Throws: ``TelemetryError`` when it cannot be written.
    public static func write(_ segments: [AnomalySegment], to path: String) throws {
        var text = "start,end_exclusive,dims_0based,metrics,anomaly_type\n"
        for segment in segments {
            let dimensions = segment.dimensions.map(String.init).joined(separator: ";")
            let metrics = SeparatedField.text(segment.metrics.joined(separator: ";"))
            let type = SeparatedField.text(segment.type)
            text +=
                "\(segment.rows.lowerBound),\(segment.rows.upperBound),\(dimensions),\(metrics),\(type)\n"
        }
        try RowLabels.write(text, to: path)
    }
}
