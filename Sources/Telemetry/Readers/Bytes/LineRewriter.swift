/// Turns the lines of a table that other programs decorate into those of a plain one. A line that is left out becomes
/// an empty one, so that line numbers in messages stay those of the file.
final class LineRewriter: ByteSource {
    /// What is done with the lines.
    struct Rules: Hashable, Sendable {
        /// Lines at the start that are left out.
        var skippedLines = 0
        /// Text in place of the first line behind those; `nil`: as it is.
        var header: String?
        /// Whether lines that begin with `#` are left out.
        var dropsComments = false
        /// Whether a line that repeats the header is left out.
        var dropsRepeatedHeader = false
        /// A line that holds this is left out: `LINUX-RESTART` of sadf.
        var dropsLinesWith: String?
        /// Beginning of a line that opens another table; one whose text differs from the header is an error.
        var headerPrefix: String?
        /// Whether runs of blanks stand between fields; they become one tab.
        var joinsBlanks = false
        /// Times without their year; `nil`: none.
        var yearless: YearlessDate?
        /// Rows of text below the header (units, say) that are left out.
        var skippedRows = 0
    }

    private let input: BufferedInput
    private let rules: Rules
    private let path: String
    private let maximumLineBytes: Int
    private var line = 0
    private var header: [UInt8]?
    private var rowsToSkip: Int
    private var pending: [UInt8] = []
    private var sent = 0

    init(source: any ByteSource, rules: Rules, path: String, maximumLineBytes: Int) {
        input = BufferedInput(source)
        self.rules = rules
        self.path = path
        self.maximumLineBytes = maximumLineBytes
        rowsToSkip = rules.skippedRows
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while sent == pending.count {
            pending.removeAll(keepingCapacity: true)
            sent = 0
            guard try takeLine() else { return 0 }
        }
        let count = min(buffer.count, pending.count - sent)
        pending.withUnsafeBytes { bytes in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[sent..<(sent + count)]))
        }
        sent += count
        return count
    }

    /// Reads one line and puts what becomes of it into `pending`; false at the end.
    private func takeLine() throws -> Bool {
        var text: [UInt8] = []
        var ended = false
        while !ended {
            guard try input.fill() else { break }
            ended = input.take { unread in
                let feed = unread.firstIndex(of: 0x0A)
                text.append(contentsOf: unread[..<(feed ?? unread.count)])
                return (feed.map { $0 + 1 } ?? unread.count, feed != nil)
            }
            guard text.count <= maximumLineBytes else {
                throw TelemetryError(
                    .limitExceeded, path: path, line: line + 1, found: "a line of more than \(maximumLineBytes) bytes",
                    expected: "lines up to that length (the limit can be set)")
            }
        }
        guard ended || !text.isEmpty else { return false }
        line += 1
        pending = try rewritten(text)
        if ended { pending.append(0x0A) }
        return true
    }

    private func rewritten(_ text: [UInt8]) throws -> [UInt8] {
        guard line > rules.skippedLines else { return [] }
        var text = text
        if text.last == 0x0D { text.removeLast() }
        guard text.contains(where: { $0 != 0x20 && $0 != 0x09 }) else { return [] }
        if let word = rules.dropsLinesWith, Self.contains(text, Array(word.utf8)) { return [] }
        if let prefix = rules.headerPrefix, text.starts(with: Array(prefix.utf8)), let header {
            guard text == header else {
                throw TelemetryError(
                    .badHeader, path: path, line: line, found: "a second table with other columns in the same file",
                    expected: "one table a file: export each kind of metric to a file of its own")
            }
            return []
        }
        if let header {
            if rules.dropsRepeatedHeader && text == header { return [] }
            if rules.dropsComments && text.first == 0x23 { return [] }
            if rowsToSkip > 0 {
                rowsToSkip -= 1
                return []
            }
            if let yearless = rules.yearless { return yearless.completed(text) }
            return rules.joinsBlanks ? Self.joined(text) : text
        }
        if rules.dropsComments && text.first == 0x23 && rules.header == nil { return [] }
        header = text
        if let replacement = rules.header { return Array(replacement.utf8) }
        return rules.joinsBlanks ? Self.joined(text) : text
    }

    private static func contains(_ text: [UInt8], _ word: [UInt8]) -> Bool {
        guard text.count >= word.count else { return false }
        return (0...(text.count - word.count)).contains { text[$0..<($0 + word.count)].elementsEqual(word) }
    }

    /// Runs of blanks as one tab; a date and the time behind it stay together.
    static func joined(_ text: [UInt8]) -> [UInt8] {
        let words = text.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
        var result: [UInt8] = []
        for (index, word) in words.enumerated() {
            if index > 0 {
                let isTime =
                    word.count >= 5 && word[word.startIndex + 2] == 0x3A && word.first.map { $0 &- 0x30 <= 9 } == true
                let before = words[index - 1]
                let isDate = before.count == 10 && before[before.startIndex + 4] == 0x2D
                result.append(isTime && isDate ? 0x20 : 0x09)
            }
            result.append(contentsOf: word)
        }
        return result
    }
}

/// Hands on what a stream has not been asked for yet.
final class StreamSource: ByteSource {
    private let stream: ByteStream

    init(_ stream: ByteStream) { self.stream = stream }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        if stream.count == 0 { try stream.fill() }
        let count = min(buffer.count, stream.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: stream.unread[..<count])))
        stream.consume(count)
        return count
    }
}
