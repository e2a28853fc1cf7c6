/// A run of a reader's rows.
struct RowSpan: FrameReader {
    private var reader: any FrameReader
    private var skipped: Int
    private var left: Int

    var schema: [String] { reader.schema }
    var layout: SourceLayout { reader.layout }

    /// - Parameters:
    ///   - first: rows before the first.
    ///   - rows: how many.
    init(_ reader: any FrameReader, first: Int = 0, rows: Int) {
        self.reader = reader
        skipped = first
        left = rows
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        while skipped > 0 {
            guard let frame = try reader.nextChunk(maximumRows: min(skipped, maximumRows)) else { return nil }
            skipped -= frame.rowCount
        }
        guard left > 0, let frame = try reader.nextChunk(maximumRows: min(left, maximumRows)) else { return nil }
        left -= frame.rowCount
        return frame
    }

    mutating func takeSkippedRows() -> SkippedRows? { reader.takeSkippedRows() }
}
