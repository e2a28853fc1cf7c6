/// The first rows of a source.
struct LeadingRows: FrameReader {
    private var reader: any FrameReader
    private var left: Int

    var schema: [String] { reader.schema }
    var layout: SourceLayout { reader.layout }

    /// - Parameter rows: how many.
    init(_ reader: any FrameReader, rows: Int) {
        self.reader = reader
        left = rows
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        guard left > 0, let frame = try reader.nextChunk(maximumRows: min(left, maximumRows)) else { return nil }
        left -= frame.rowCount
        return frame
    }

    mutating func takeSkippedRows() -> SkippedRows? { reader.takeSkippedRows() }
}
