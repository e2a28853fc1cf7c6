/// What the first bytes of a separated text tell: separator, names, which columns are numbers, the clock.
struct DelimitedHeader {
    /// Bytes looked at to decide what a column is.
    static let sampleBytes = 1 << 17
    /// Rows looked at.
    static let sampleRows = 200
    /// Rows looked at where more would take more than ``sampleBytes``: tables of thousands of columns.
    private static let fewestRows = 32

    let separator: UInt8
    /// Names of all fields.
    let names: [String]
    /// What becomes of each field.
    let kinds: [RowParser.Kind]
    /// Names of the value columns.
    let schema: [String]
    let layout: SourceLayout
    /// What else was decided about the columns.
    let choice: ColumnChoice
    /// Line of the first row.
    let line: Int
    /// What is to be said of how the text is encoded, in words.
    let encodingNote: String?
    /// The header as it is written, without its line end.
    let text: [UInt8]

    /// Reads the header and a sample of the rows; the stream then stands at the first row.
    ///
    /// - Parameter separator: what the file states itself.
    init(stream: ByteStream, separator stated: UInt8? = nil, options: ReaderOptions) throws {
        try stream.fill(atLeast: Self.sampleBytes)
        let path = stream.path
        let skipped = Self.skipBlankLines(stream)
        guard stream.count > 0 else {
            throw TelemetryError(.empty, path: path, found: "no text", expected: "a header line and rows")
        }
        // A header longer than the sample is read whole, up to the limit.
        while !stream.isAtEnd && !stream.unread.contains(0x0A) {
            guard stream.count <= options.maximumLineBytes else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: 1, found: "a line of more than \(options.maximumLineBytes) bytes",
                    expected: "lines up to that length (the limit can be set)")
            }
            try stream.fill()
        }
        // The decision depends on a fixed number of bytes and rows, not on how many happen to lie in the buffer.
        let sampleEnd = try Self.sampleEnd(stream, options)
        let unread = stream.unread
        let bytes = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(unread)[..<sampleEnd])
        let wholeFile = stream.isAtEnd && sampleEnd == unread.count
        if let stated, options.separator == nil {
            separator = stated
        } else {
            separator = try Self.separator(bytes, atEnd: wholeFile, options: options, path: path)
        }
        let splitter = RowSplitter(separator: separator)
        guard let header = splitter.split(bytes, from: 0, atEnd: wholeFile) else {
            throw TelemetryError(
                .malformed, path: path, line: 1, found: "a quoted column name without an end",
                expected: "a closing quote within the first \(bytes.count) bytes")
        }
        guard header.fields.count <= options.maximumColumns else {
            throw TelemetryError(
                .limitExceeded, path: path, line: 1, found: "\(header.fields.count) columns",
                expected: "at most \(options.maximumColumns)")
        }
        let written = header.fields.map { field in
            // A line break in a name would break every table that the name is written to.
            let name = FieldText.text(UnsafeBufferPointer(rebasing: bytes[field]))
            return name.contains("\n") ? name.replacing("\r\n", with: " ").replacing("\n", with: " ") : name
        }
        let lines = bytes.prefix((bytes.lastIndex(of: 0x0A) ?? bytes.count - 1) + 1)
        encodingNote =
            String(validating: lines, as: UTF8.self) == nil
            ? "no UTF-8: read as Latin-1 (where names look odd: iconv -f ENCODING -t UTF-8)" : nil
        let padded = Self.padded(written, bytes, from: header.next, atEnd: wholeFile, splitter: splitter)
        line = skipped + 1 + header.lines
        text = Array(bytes[..<header.next].prefix { $0 != 0x0A && $0 != 0x0D })
        let samples = ColumnSamples(
            bytes, from: header.next, atEnd: wholeFile, splitter: splitter, columns: padded.count, header: written)
        try Self.check(written, fields: header.fields, bytes: bytes, path: path)
        try Self.check(names: padded, samples: samples, path: path)
        try Self.checkFirstRow(padded, samples: samples, path: path)
        if samples.wholeRows == 0, samples.rows > 1, !options.skipsBadRows, !options.textIsMissing,
            let row = splitter.split(bytes, from: header.next, atEnd: wholeFile), row.fields.count != padded.count
        {
            throw TelemetryError(
                .raggedRow, path: path, line: line, found: "\(row.fields.count) fields",
                expected: "\(padded.count), as in the header")
        }
        guard samples.rows > 0 || !wholeFile || header.next < bytes.count else {
            throw TelemetryError(
                .empty, path: path, found: "a header with \(padded.count) columns and no row", expected: "rows below it"
            )
        }
        stream.consume(header.next)
        let whole = WholeColumns(path: path, options: options, separator: separator, count: padded.count)
        let repeated = try RepeatedColumns(padded, whole: whole)
        names = repeated.names
        choice = try ColumnChoice(names: names, samples: samples, whole: whole, repeated: repeated)
        (kinds, schema, layout) = (choice.kinds, choice.schema, choice.layout)
    }

    /// Where the sample ends: behind ``sampleBytes``, or behind ``fewestRows`` where these are longer.
    private static func sampleEnd(_ stream: ByteStream, _ options: ReaderOptions) throws -> Int {
        var (lines, end) = (0, 0)
        while lines <= fewestRows {
            if let feed = stream.unread[end...].firstIndex(of: 0x0A) {
                (lines, end) = (lines + 1, feed + 1)
            } else if stream.isAtEnd || stream.count - end > options.maximumLineBytes {
                if stream.isAtEnd { end = stream.count }
                break
            } else {
                try stream.fill()
            }
        }
        return min(stream.count, max(sampleBytes, end))
    }

    static func skipBlankLines(_ stream: ByteStream) -> Int {
        var lines = 0
        while let first = stream.unread.first {
            if first == 0x0A {
                stream.consume(1)
            } else if first == 0x0D && stream.count > 1 && stream.unread[1] == 0x0A {
                stream.consume(2)
            } else {
                break
            }
            lines += 1
        }
        return lines
    }

    /// The separator given, or else the one that splits header and first rows alike, most fields first.
    static func separator(
        _ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool, options: ReaderOptions, path: String
    ) throws -> UInt8 {
        let candidates: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C, 0x20]
        func fieldCounts(_ separator: UInt8) -> [Int] {
            let splitter = RowSplitter(separator: separator)
            var counts: [Int] = []
            var cursor = 0
            while counts.count < 20, cursor < bytes.count, let row = splitter.split(bytes, from: cursor, atEnd: atEnd) {
                if row.fields.count > 1 || !(row.fields.first?.isEmpty ?? true) { counts.append(row.fields.count) }
                cursor = row.next
            }
            return counts
        }
        let ranked = candidates.map { (separator: $0, counts: fieldCounts($0)) }
            .filter { ($0.counts.first ?? 1) > 1 }
        var consistent = ranked.filter { entry in entry.counts.allSatisfy { $0 == entry.counts[0] } }
        // Blanks stand behind other separators, and in names and times.
        if consistent.contains(where: { $0.separator != 0x20 }) { consistent.removeAll { $0.separator == 0x20 } }
        let best = (consistent.isEmpty ? ranked : consistent).max { a, b in a.counts[0] < b.counts[0] }
        guard let given = options.separator else { return best?.separator ?? 0x2C }
        guard let byte = given.asciiValue, byte != 0x22, byte != 0x0A, byte != 0x0D, byte != 0x2E else {
            throw TelemetryError(
                .wrongSeparator, path: path, found: "the separator '\(given)'",
                expected: "one ASCII character other than a quote, a point or a line break")
        }
        if (fieldCounts(byte).first ?? 1) < 2, let best {
            throw TelemetryError(
                .wrongSeparator, path: path, line: 1, found: "no \(name(of: byte)), the separator given, in the header",
                expected: "\(name(of: best.separator)) (it would make \(best.counts[0]) columns)")
        }
        return byte
    }

    private static func name(of separator: UInt8) -> String {
        switch separator {
        case 0x09: "tab"
        case 0x20: "blank"
        default: "'\(Character(Unicode.Scalar(separator)))'"
        }
    }
}
