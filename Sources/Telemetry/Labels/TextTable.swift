/// A small table of text with a header, read row by row: label and interpretation files.
struct TextTable {
    let names: [String]
    private let stream: ByteStream
    private let splitter: RowSplitter
    private let options: ReaderOptions
    private let firstLine: Int

    /// Whether the rows are objects of a JSON text.
    private let isJSON: Bool

    /// Opens a table; the separator is the one given, or detected from the header.
    init(path: String, options: ReaderOptions) throws {
        var options = options
        let (text, shape) = try TextFile.open(path, options: options)
        isJSON = if case .json = shape.kind { true } else { false }
        stream = isJSON ? try JSONRows.table(text) : text
        if isJSON {
            options.separator = ","
            try stream.fill(atLeast: DelimitedHeader.sampleBytes)
        }
        self.options = options
        let skipped = DelimitedHeader.skipBlankLines(stream)
        let bytes = UnsafeBufferPointer(stream.unread)
        guard !bytes.isEmpty else {
            throw TelemetryError(.empty, path: path, found: "no text", expected: "a header line and rows")
        }
        let separator = try DelimitedHeader.separator(bytes, atEnd: stream.isAtEnd, options: options, path: path)
        // Blanks stand within names and dates, too: `Start (UTC+1),End (UTC+1)`.
        let other = separator == 0x20 && options.separator == nil ? Self.separator(bytes, atEnd: stream.isAtEnd) : nil
        splitter = RowSplitter(separator: other ?? separator)
        guard let header = splitter.split(bytes, from: 0, atEnd: stream.isAtEnd) else {
            throw TelemetryError(
                .malformed, path: path, line: 1, found: "a header without an end", expected: "a line with column names")
        }
        names = header.fields.map { FieldText.text(UnsafeBufferPointer(rebasing: bytes[$0])) }
        // Lines are counted where the file has them: what stands for a header here does not.
        firstLine = isJSON ? 1 : skipped + 1 + header.lines
        stream.consume(header.next)
    }

    /// The separator other than a blank that makes as many fields of the first rows as of the header.
    private static func separator(_ bytes: UnsafeBufferPointer<UInt8>, atEnd: Bool) -> UInt8? {
        ([0x2C, 0x3B, 0x09, 0x7C] as [UInt8]).first { separator in
            let splitter = RowSplitter(separator: separator)
            var (counts, cursor): ([Int], Int) = ([], 0)
            while counts.count < 20, cursor < bytes.count, let row = splitter.split(bytes, from: cursor, atEnd: atEnd) {
                if row.fields.count > 1 || !(row.fields.first?.isEmpty ?? true) { counts.append(row.fields.count) }
                cursor = row.next
            }
            return counts.count > 1 && counts[0] > 1 && counts.allSatisfy { $0 == counts[0] }
        }
    }

    /// What the first rows hold; before rows are read.
    var samples: ColumnSamples {
        ColumnSamples(
            UnsafeBufferPointer(stream.unread), from: 0, atEnd: stream.isAtEnd, splitter: splitter, columns: names.count
        )
    }

    /// The different cells of columns that may mark anomalies, of all rows.
    func labelCells(_ columns: [Int]) throws -> [Int: LabelCells] { try whole.labelCells(columns) }

    /// All cells of columns.
    var whole: WholeColumns {
        WholeColumns(
            path: stream.path, options: options, separator: splitter.separator, count: names.count, isJSON: isJSON)
    }

    /// Calls `body` with each row: its line, its fields as ranges of the bytes.
    func forEachRow(_ body: (Int, [Range<Int>], UnsafeBufferPointer<UInt8>) throws -> Void) throws {
        var line = firstLine
        while true {
            let bytes = UnsafeBufferPointer(stream.unread)
            if bytes.isEmpty && stream.isAtEnd { return }
            guard !bytes.isEmpty, let row = splitter.split(bytes, from: 0, atEnd: stream.isAtEnd) else {
                guard !stream.isAtEnd else {
                    throw TelemetryError(
                        .malformed, path: stream.path, line: line, found: "a quoted field without an end",
                        expected: "a closing quote")
                }
                guard stream.count <= options.maximumLineBytes else {
                    throw TelemetryError(
                        .limitExceeded, path: stream.path, line: line,
                        found: "a line of more than \(options.maximumLineBytes) bytes",
                        expected: "lines up to that length")
                }
                try stream.fill()
                continue
            }
            let isBlank = row.fields.count == 1 && row.fields[0].isEmpty
            if !isBlank {
                guard row.fields.count == names.count else {
                    throw TelemetryError(
                        .raggedRow, path: stream.path, line: line, found: "\(row.fields.count) fields",
                        expected: "\(names.count), as in the header")
                }
                try body(line, row.fields, bytes)
            }
            stream.consume(row.next)
            line += row.lines
        }
    }
}
