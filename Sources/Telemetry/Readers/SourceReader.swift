/// Reads the files of a source one after the other.
struct SourceReader: FrameReader {
    private let source: EntitySource
    private let options: ReaderOptions
    private var current: any FrameReader
    private var file = 0
    private var row = 0
    private var startsFile = false
    private var failed = false

    let schema: [String]
    let layout: SourceLayout

    init(source: EntitySource, options: ReaderOptions) throws {
        guard let first = source.files.first else {
            throw TelemetryError(.noData, found: "a source without files", expected: "at least one file")
        }
        self.source = source
        self.options = options
        current = try Self.open(first, options: options, firstRow: 0)
        schema = current.schema
        layout = current.layout
    }

    /// A reader for one file, chosen by its first byte that is not blank.
    static func open(_ path: String, options: ReaderOptions, firstRow: Int) throws -> any FrameReader {
        let stream = try ByteStream(path: path, chunkBytes: options.bufferBytes)
        try stream.fill(atLeast: 4096)
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
        if let first = stream.unread.first(where: { !blanks.contains($0) }), first == 0x7B || first == 0x5B {
            return try JSONLinesReader(stream: stream, options: options, firstRow: firstRow)
        }
        return try DelimitedReader(stream: stream, options: options, firstRow: firstRow)
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        guard !failed else { return nil }
        failed = true
        while true {
            if var frame = try current.nextChunk(maximumRows: maximumRows) {
                if startsFile { frame.fileStarts = [0] }
                startsFile = false
                row += frame.rowCount
                failed = false
                return frame
            }
            file += 1
            guard file < source.files.count else { return nil }
            current = try Self.open(source.files[file], options: options, firstRow: row)
            startsFile = true
            guard current.schema == schema else {
                throw TelemetryError(
                    .mismatch, path: source.files[file], found: "columns \(CleaningPipeline.listed(current.schema))",
                    expected: "the columns of \(source.files[0]): \(CleaningPipeline.listed(schema))")
            }
        }
    }
}
