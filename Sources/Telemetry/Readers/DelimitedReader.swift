/// Reads separated text: 5G3E's CSV files, the SMD/ASD layout, and any other with a header line.
struct DelimitedReader: FrameReader {
    let schema: [String]
    private(set) var layout: SourceLayout
    let stream: ByteStream
    /// The file.
    var path: String { stream.path }
    private(set) var parser: RowParser
    private let options: ReaderOptions
    private let firstRow: Int
    /// The header, which may come again where files were put one behind the other.
    let headerText: [UInt8]
    private let timeUnit: TimeUnit
    private let rowSeconds: Double?
    private let hasLabels: Bool
    private(set) var line: Int
    /// The line of the first row.
    private let startLine: Int
    /// The line that comes next, counted from 1.
    var nextLine: Int { line }
    private var row = 0
    /// Unread bytes known to be whole rows (up to quoted line feeds).
    var wholeBytes = 0
    private var pendingError: TelemetryError?
    private var skipped: SkippedRows?
    private var finished = false
    /// Whether the file is read on where it ended: then only what ends with a line feed is a row.
    private(set) var isGrowing = false
    /// Whether the rest of the line at hand belongs to a row that was given when the file ended in it.
    private var passesRest = false
    /// Columns that all rows have been asked about how their numbers are written.
    private var reconsidered: Set<Int> = []
    /// The key columns' texts; codes of the last chunk are in ``keyCodes``.
    let keyWords: [KeyWords]
    /// The codes of the rows of the last chunk, `[rows × keys]`.
    private(set) var keyCodes: [Int32] = []
    /// Columns that may tell rows of the same time apart.
    let parts: [String: KeyedRows.Key.Kind]
    /// Whether the file must be read whole before its rows can be given: because they may belong to several entities
    /// or series, or stand out of order.
    let needsAssembly: Bool

    /// A reader at the first row of a file.
    ///
    /// - Parameters:
    ///   - separator: what the file states itself.
    ///   - firstRow: index of the file's first row among the entity's rows.
    init(
        stream: ByteStream, separator: UInt8? = nil, options: ReaderOptions, firstRow: Int = 0, notes: [String] = []
    ) throws {
        let header = try DelimitedHeader(stream: stream, separator: separator, options: options)
        self.stream = stream
        self.options = options
        self.firstRow = firstRow
        schema = header.schema
        layout = header.layout
        let isCut = CutLine.isLast(of: stream, separator: header.separator, fields: header.names.count)
        let cutNote = isCut ? "the last line is not written to its end, and left out" : nil
        layout.notes = notes + [header.encodingNote, cutNote].compactMap(\.self) + layout.notes
        line = header.line
        startLine = header.line
        headerText = header.text
        hasLabels = header.layout.labelColumn != nil
        switch header.layout.clock {
        case .rows(let seconds): (rowSeconds, timeUnit) = (seconds, .seconds)
        case .number(_, let unit): (rowSeconds, timeUnit) = (nil, unit)
        case .text: (rowSeconds, timeUnit) = (nil, .seconds)
        }
        let fields = header.choice.keys.keys.sorted()
        keyWords = fields.map { KeyWords(name: header.names[$0], kind: header.choice.keys[$0] ?? .text) }
        parts = header.choice.parts
        needsAssembly = !fields.isEmpty || !parts.isEmpty || header.choice.isDisordered
        var parser = RowParser(
            separator: header.separator, kinds: header.kinds, textIsMissing: options.textIsMissing, path: stream.path,
            names: header.names)
        parser.timeFormats = header.choice.timeFormats
        parser.timeParts = header.choice.timeParts
        parser.numberFormats = header.choice.numberFormats
        parser.timeRange = header.choice.timeRange
        parser.fallback = header.choice.fallback
        parser.openFields = header.choice.openFields
        parser.label = header.choice.label ?? LabelColumn()
        if case .rows = header.layout.clock {} else { parser.passesEmptyRows = true }
        parser.keyWords = keyWords
        parser.keyPlaces = Dictionary(uniqueKeysWithValues: fields.enumerated().map { ($0.element, $0.offset) })
        self.parser = parser
    }

    mutating func nextChunk(maximumRows: Int) throws -> MetricFrame? {
        precondition(maximumRows > 0, "a chunk has at least one row")
        if let error = pendingError {
            pendingError = nil
            finished = true
            throw error
        }
        guard !finished else { return nil }
        // At most 32 MiB of samples a chunk.
        let most = max(1, min(maximumRows, (1 << 22) / schema.count))
        let codes = UnsafeMutablePointer<Int32>.allocate(capacity: max(1, most * keyWords.count))
        defer { codes.deallocate() }
        var times: [Double] = []
        var labels: [UInt8] = []
        var rows = 0
        let values = try [Double](unsafeUninitializedCapacity: most * schema.count) { values, count in
            times = try [Double](unsafeUninitializedCapacity: most) { times, timeCount in
                // Capacity 0 would write to the empty array that all threads share.
                labels = try [UInt8](unsafeUninitializedCapacity: hasLabels ? most : 1) { labels, labelCount in
                    rows = try parseRows(most, values, times, labels, codes)
                    labelCount = hasLabels ? rows : 0
                }
                timeCount = rows
            }
            count = rows * schema.count
        }
        guard rows > 0 else {
            finished = true
            if let error = pendingError {
                pendingError = nil
                throw error
            }
            return nil
        }
        let first = firstRow + row
        if let rowSeconds {
            for index in 0..<rows { times[index] = Double(first + index) * rowSeconds }
        } else if timeUnit != .seconds {
            for index in 0..<rows { times[index] = timeUnit.seconds(times[index]) }
        }
        keyCodes = Array(UnsafeBufferPointer(start: codes, count: rows * keyWords.count))
        row += rows
        return MetricFrame(
            schema: schema, firstRow: first, times: times, values: values, labels: hasLabels ? labels : nil)
    }

    /// Parses up to `most` rows; an error is kept for the call after the rows before it were delivered.
    private mutating func parseRows(
        _ most: Int, _ values: UnsafeMutableBufferPointer<Double>, _ times: UnsafeMutableBufferPointer<Double>,
        _ labels: UnsafeMutableBufferPointer<UInt8>, _ codes: UnsafeMutablePointer<Int32>
    ) throws -> Int {
        guard let valueStart = values.baseAddress, let timeStart = times.baseAddress else { return 0 }
        // Without a label column nothing is written there.
        let labelStart = labels.baseAddress ?? UnsafeMutableRawPointer(timeStart).assumingMemoryBound(to: UInt8.self)
        var rows = 0
        while rows < most {
            do {
                if wholeBytes == 0 {
                    guard try advance() else { break }
                }
                let unread = stream.unread
                guard let start = unread.baseAddress else { break }
                var parsed = 0
                var begin = UnsafePointer(start)
                defer { rows += parsed }
                let stop: RowParser.Stop
                do {
                    let end: UnsafePointer<UInt8>
                    (end, stop) = try parser.parse(
                        from: UnsafePointer(start), to: UnsafePointer(start + wholeBytes), maximumRows: most - rows,
                        into: RowParser.Destination(
                            values: valueStart + rows * schema.count, times: timeStart + rows,
                            labels: labelStart + rows, keys: codes + rows * keyWords.count),
                        rows: &parsed, line: &line, next: &begin)
                    take(UnsafePointer(start).distance(to: end))
                } catch let error as TelemetryError {
                    take(UnsafePointer(start).distance(to: begin))
                    if repeatsHeader() || isComment() {
                        passLine()
                    } else if try isFooter() {
                        take(wholeBytes)
                    } else if try leavesOutCutLine() {
                        break
                    } else if reconsiders(error) {
                        continue
                    } else if options.skipsBadRows {
                        skipLine(error)
                    } else {
                        throw secondHeader() ?? error
                    }
                    continue
                }
                guard stop == .incomplete else { continue }
                do {
                    try extendQuotedRow()
                } catch let error as TelemetryError where error.code == .malformed {
                    if try leavesOutCutLine() { break }
                    guard options.skipsBadRows else { throw error }
                    skipLine(error)
                }
            } catch let error as TelemetryError {
                pendingError = error
                break
            }
        }
        return rows
    }

    private mutating func take(_ bytes: Int) {
        stream.consume(bytes)
        wholeBytes -= bytes
    }

    /// Passes over the line at hand.
    private mutating func passLine() {
        let feed = stream.unread[..<wholeBytes].firstIndex(of: 0x0A)
        take(feed.map { $0 + 1 } ?? wholeBytes)
        line += 1
    }

    /// Passes over the line at hand, which could not be read.
    private mutating func skipLine(_ error: TelemetryError) {
        passLine()
        let row = SkippedRows(count: 1, first: error)
        if skipped?.add(row) == nil { skipped = row }
    }

    mutating func takeSkippedRows() -> SkippedRows? {
        defer { skipped = nil }
        return skipped
    }

    mutating func goOn() -> Bool {
        guard finished, stream.goOn() else { return false }
        (finished, isGrowing) = (false, true)
        return true
    }

    /// Whether the line at hand is the last one and has no end and too few fields: somebody is writing it. It is left out, and
    /// read when the file has grown.
    private mutating func leavesOutCutLine() throws -> Bool {
        // Where bad rows are passed over, they are counted.
        guard !options.skipsBadRows else { return false }
        while !stream.isAtEnd, !stream.unread.contains(0x0A), stream.count <= options.maximumLineBytes {
            try stream.fill()
        }
        guard stream.isAtEnd, line > startLine, !stream.unread.contains(0x0A) else { return false }
        wholeBytes = stream.count
        guard endsTooEarly() else { return false }
        (wholeBytes, passesRest) = (0, false)
        return true
    }

    /// Whether all rows show how the numbers of a column are written whose first rows left it open: `0`, and `0,42` below.
    /// The rows so far must be the same numbers in either way.
    private mutating func reconsiders(_ error: TelemetryError) -> Bool {
        guard error.code == .notANumber, let name = error.field, let field = parser.names.firstIndex(of: name),
            parser.kinds[field] == .value, reconsidered.insert(field).inserted
        else { return false }
        let whole = WholeColumns(
            path: path, options: options, separator: parser.separator, count: parser.names.count)
        guard let format = try? whole.format(of: field, usesComma: parser.fallback.decimalComma) else { return false }
        parser.kinds[field] = .formattedValue
        parser.numberFormats[field] = format
        return true
    }

    /// Finds more whole rows; false at the end of the file.
    private mutating func advance() throws -> Bool {
        while true {
            if passesRest, let feed = stream.unread.firstIndex(of: 0x0A) {
                stream.consume(feed + 1)
                passesRest = false
            }
            if !passesRest, let last = stream.unread.lastIndex(of: 0x0A) {
                wholeBytes = last + 1
                return true
            }
            if stream.isAtEnd {
                guard !isGrowing else { return false }
                wholeBytes = stream.count
                passesRest = wholeBytes > 0
                return wholeBytes > 0
            }
            try checkLineLength()
            try stream.fill()
        }
    }

    /// A quoted field holds the line feed that looked like the end of the row: looks for a later one.
    private mutating func extendQuotedRow() throws {
        let known = wholeBytes
        while true {
            if stream.isAtEnd {
                guard stream.count > known else {
                    throw TelemetryError(
                        .malformed, path: stream.path, line: line, found: "a quoted field without an end",
                        expected: "a closing quote")
                }
                wholeBytes = stream.count
                return
            }
            try checkLineLength()
            try stream.fill()
            if let last = stream.unread[known...].lastIndex(of: 0x0A) {
                wholeBytes = last + 1
                return
            }
        }
    }

    private func checkLineLength() throws {
        guard stream.count > options.maximumLineBytes else { return }
        throw TelemetryError(
            .limitExceeded, path: stream.path, line: line,
            found: "a line of more than \(options.maximumLineBytes) bytes",
            expected: "lines up to that length (the limit can be set)")
    }
}
