/// Reads the files of a source one after the other.
struct SourceReader: FrameReader {
    private let source: EntitySource
    private let options: ReaderOptions
    private var current: any FrameReader
    private var file = 0
    private var row = 0
    private var startsFile = false
    /// Where each column of the schema stands in the current file; `nil`: the same order.
    private var places: [Int?]?
    private var failed = false
    /// Of files that were read to their end.
    private var skipped: SkippedRows?

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
                if let places { frame = Self.rearranged(frame, schema: schema, places: places) }
                if startsFile { frame.fileStarts = [0] }
                startsFile = false
                row += frame.rowCount
                failed = false
                return frame
            }
            skipped = takeSkippedRows()
            file += 1
            guard file < source.files.count else { return nil }
            current = try Self.open(source.files[file], options: options, firstRow: row)
            startsFile = true
            places = try places(in: current, path: source.files[file])
        }
    }

    /// Columns of a further file are matched by name. A table must have the same columns in whatever order; of JSON
    /// lines, where a name may be absent for a day, new names are left out and lacking ones are missing.
    private func places(in reader: any FrameReader, path: String) throws -> [Int?]? {
        if reader.schema == schema { return nil }
        let index = Dictionary(
            reader.schema.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { a, _ in a })
        let places = schema.map { index[$0] }
        let isLines = reader.layout.separator == nil && layout.separator == nil
        let fits =
            isLines ? places.contains { $0 != nil } : reader.schema.count == schema.count && !places.contains(nil)
        guard fits else {
            throw TelemetryError(
                .mismatch, path: path, found: "columns \(CleaningPipeline.listed(reader.schema))",
                expected: "the columns of \(source.files[0]): \(CleaningPipeline.listed(schema))")
        }
        return places
    }

    mutating func takeSkippedRows() -> SkippedRows? {
        var all = skipped
        skipped = nil
        if let latest = current.takeSkippedRows() {
            if all?.add(latest) == nil { all = latest }
        }
        return all
    }

    private static func rearranged(_ frame: MetricFrame, schema: [String], places: [Int?]) -> MetricFrame {
        var values: [Double] = []
        values.reserveCapacity(frame.rowCount * schema.count)
        for row in 0..<frame.rowCount {
            for place in places { values.append(place.map { frame[row, $0] } ?? .nan) }
        }
        return MetricFrame(
            schema: schema, firstRow: frame.firstRow, times: frame.times, values: values, labels: frame.labels)
    }
}
