import Platform

/// JSON in whatever shape metrics come in: lines of objects, one document with rows, or the answers of time series
/// databases.
enum JSONFile {
    /// Longest document that is read whole, in bytes; longer files must be JSON lines.
    static let maximumDocumentBytes = 1 << 29

    /// Reads a file whose first byte opens an object or an array.
    ///
    /// - Throws: ``TelemetryError`` for what is no JSON or has no rows.
    static func open(
        _ stream: ByteStream, options: ReaderOptions, firstRow: Int, notes: [String]
    ) throws -> OpenedFile {
        if try isLines(stream, options) {
            if let stamp = FileStamp(stream.path), stamp.bytes > maximumDocumentBytes {
                return .streaming(try JSONLinesReader(stream: stream, options: options, firstRow: firstRow))
            }
            return .assembled(try lines(stream, options: options, notes: notes))
        }
        while !stream.isAtEnd {
            guard stream.count <= maximumDocumentBytes else {
                throw TelemetryError(
                    .limitExceeded, path: stream.path,
                    found: "a JSON document of more than \(maximumDocumentBytes) bytes",
                    expected: "JSON lines: one object a line")
            }
            try stream.fill()
        }
        let value: ParsedJSON
        do {
            value = try ParsedJSON(parsing: UnsafeBufferPointer(stream.unread))
        } catch {
            let before = stream.unread.prefix(error.offset)
            let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            let line = 1 + before.count { $0 == 0x0A }
            if let kind = several(stream, until: error.offset) {
                throw TelemetryError(
                    .malformed, path: stream.path, line: line, found: "several JSON \(kind), one behind the other",
                    expected: "one array of all, or one object a line (jq -c '\(kind == "arrays" ? ".[]" : ".")')")
            }
            throw TelemetryError(
                .malformed, path: stream.path, line: line,
                found: "no valid JSON at byte \(error.offset - start + 1) of the line",
                expected: "\(error.expected) (one JSON object a line, or one document)")
        }
        return .assembled(try JSONDocument(path: stream.path, options: options, notes: notes).table(value))
    }

    /// What stands one behind the other where a document should end: a value that is whole, and then another one; `nil`: not.
    private static func several(_ stream: ByteStream, until offset: Int) -> String? {
        let bytes = UnsafeBufferPointer(stream.unread)
        guard offset < bytes.count, bytes[offset] == 0x7B || bytes[offset] == 0x5B,
            let end = bytes[..<offset].last(where: { $0 > 0x20 }), end == 0x7D || end == 0x5D,
            (try? ParsedJSON(parsing: UnsafeBufferPointer(rebasing: bytes[..<offset]))) != nil
        else { return nil }
        return end == 0x5D ? "arrays" : "objects of many lines"
    }

    /// Whether the first line that is not blank is an object by itself and another one follows it, or it is all there
    /// is and holds one row.
    private static func isLines(_ stream: ByteStream, _ options: ReaderOptions) throws -> Bool {
        _ = DelimitedHeader.skipBlankLines(stream)
        var end = stream.unread.firstIndex(of: 0x0A)
        while end == nil && !stream.isAtEnd && stream.count <= options.maximumLineBytes {
            try stream.fill()
            end = stream.unread.firstIndex(of: 0x0A)
        }
        let first = UnsafeBufferPointer(rebasing: UnsafeBufferPointer(stream.unread)[..<(end ?? stream.count)])
        // No line is as long: a document that was written without line breaks.
        guard end != nil || stream.isAtEnd else { return false }
        guard first.first(where: { $0 != 0x20 && $0 != 0x09 }) == 0x7B, let value = try? ParsedJSON(parsing: first),
            case .object(let members) = value
        else { return false }
        let length = end ?? stream.count
        func isFollowed() -> Bool { stream.unread[length...].contains { $0 > 0x20 } }
        while !stream.isAtEnd, !isFollowed() { try stream.fill() }
        return JSONDocument.isRow(members, isAlone: !isFollowed())
    }

    /// Lines of objects: rows, or series as VictoriaMetrics exports them.
    private static func lines(_ stream: ByteStream, options: ReaderOptions, notes: [String]) throws -> AssembledTable {
        var lines = JSONLines(stream: stream, options: options)
        var records = RecordTable(path: stream.path)
        var assembly = SeriesAssembly(path: stream.path)
        var pushed = OpenTelemetryMetrics()
        var failure: TelemetryError?
        var skipped: SkippedRows?
        do {
            while true {
                let (line, members): (Int, [ParsedJSON.Member])
                do {
                    guard let next = try lines.nextMembers() else { break }
                    (line, members) = next
                } catch let error as TelemetryError where options.skipsBadRows && error.code != .limitExceeded {
                    let row = SkippedRows(count: 1, first: error)
                    if skipped?.add(row) == nil { skipped = row }
                    continue
                }
                if members.contains(where: { $0.key == "resourceMetrics" }) {
                    try assembly.add(pushed.read(parsed: .object(members)))
                } else if let series = JSONDocument.exported(members) {
                    try series.add(to: &assembly, path: stream.path, line: line)
                } else {
                    try records.add(FlatRecord(JSONDocument.unwrapped(members)), line: line)
                }
            }
        } catch let error as TelemetryError {
            guard records.rowCount + assembly.points > 0, error.line != nil else { throw error }
            failure = error
        }
        if assembly.points > 0 {
            return try assembly.table(
                layout: SourceLayout.series(notes: notes + ["series exported as JSON lines"]), failure: failure,
                path: stream.path)
        }
        guard records.rowCount > 0 else {
            throw TelemetryError(
                .empty, path: stream.path, found: "no line with an object", expected: "one JSON object a line")
        }
        return try records.table(options: options, failure: failure, skipped: skipped, notes: notes)
    }
}
