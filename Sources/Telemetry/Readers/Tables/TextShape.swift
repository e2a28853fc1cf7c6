import Platform

/// What kind of text a file holds, decided from its first lines.
struct TextShape {
    /// The kinds that are read by readers of their own.
    enum Kind {
        case table, json, series(SeriesSyntax)
    }

    /// Lines of points, each with the name of its series.
    enum SeriesSyntax: String {
        /// `name{label="value"} 1.5 1763118000000`: OpenMetrics and Prometheus text with times.
        case exposition = "Prometheus text"
        /// `cpu,host=a usage=1.5 1763118000000000000`.
        case lineProtocol = "InfluxDB line protocol"
        /// `servers.web1.load 1.5 1763118000`.
        case graphite = "Graphite lines"
        /// `put sys.cpu 1763118000 1.5 host=web1`, and the same without `put`.
        case telnet = "OpenTSDB lines"
    }

    private(set) var kind = Kind.table
    /// How lines are changed before a table is read; `nil`: not at all.
    private(set) var rules: LineRewriter.Rules?
    /// The separator that the file states itself.
    private(set) var separator: UInt8?
    /// What was recognised, in words.
    var notes: [String] = []

    /// Looks at the unread bytes of a stream; a byte order mark is consumed.
    ///
    /// - Throws: ``TelemetryError`` for a kind of file that is known and cannot be read.
    init(_ stream: ByteStream, options: ReaderOptions) throws {
        if stream.unread.starts(with: [0xEF, 0xBB, 0xBF]) { stream.consume(3) }
        // The decision depends on a fixed number of bytes, not on how many happen to lie in the buffer.
        let unread = UnsafeBufferPointer(stream.unread)
        let bytes = UnsafeBufferPointer(rebasing: unread.prefix(DelimitedHeader.sampleBytes))
        if let start = bytes.first(where: { $0 > 0x20 }), start == 0x7B {
            if bytes.drop(while: { $0 <= 0x20 }).starts(with: Array("{__name__=".utf8)) {
                throw Self.databaseDump(stream)
            }
            kind = .json
            return
        }
        let lines = Self.lines(bytes, whole: stream.isAtEnd && bytes.count == unread.count)
        guard let first = lines.first(where: { !$0.isEmpty }) else {
            // An array of everything on one line, which is longer than any line that says something else.
            if bytes.first(where: { $0 > 0x20 }) == 0x5B { kind = .json }
            return
        }
        if let start = first.first(where: { $0 != 0x20 && $0 != 0x09 }), start == 0x7B || start == 0x5B {
            // A section of an INI file begins like an array.
            if first.starts(with: Array("[SERVICEPERF".utf8)) || first.starts(with: Array("[HOSTPERF".utf8)) {
                throw Self.performanceData(stream)
            }
            if start == 0x5B && Self.isSection(first) { throw Self.refusal("an INI file", "a table or JSON", stream) }
            kind = .json
            return
        }
        try Self.refuse(first, lines, stream)
        if recogniseSeparatorLine(first, lines) { return }
        if try recogniseSeries(lines, stream) { return }
        guard options.separator == nil || first.first == 0x23 else { return }
        recogniseTable(first, lines, given: options.separator?.asciiValue)
    }

    /// The first lines, at most 64, without their ends.
    private static func lines(_ bytes: UnsafeBufferPointer<UInt8>, whole: Bool) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = 0
        while lines.count < 64, start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A)
            // A line that is cut short by the end of the sample says too little.
            guard end != nil || whole else { break }
            guard (end ?? bytes.count) - start <= 1 << 16 else { break }
            var line = Array(bytes[start..<(end ?? bytes.count)])
            if line.last == 0x0D { line.removeLast() }
            lines.append(line)
            start = (end ?? bytes.count) + 1
        }
        return lines
    }

    private static func isSection(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasSuffix("]"), let name = text.dropFirst().dropLast().first else { return false }
        return name.isLetter && !text.contains("\"") && !text.contains(",") && text != "[null]" && text != "[true]"
            && text != "[false]"
    }

    /// `sep=;`, which Excel writes and reads in front of the header.
    private mutating func recogniseSeparatorLine(_ first: [UInt8], _ lines: [[UInt8]]) -> Bool {
        var text = String(decoding: first.prefix(12), as: UTF8.self).lowercased()
        text.removeAll { $0 == "\"" }
        guard text.hasPrefix("sep="), let character = text.dropFirst(4).first, let byte = character.asciiValue else {
            return false
        }
        separator = byte
        var rules = LineRewriter.Rules()
        rules.skippedLines = (lines.firstIndex(of: first) ?? 0) + 1
        self.rules = rules
        notes.append("the separator is stated in the first line")
        return true
    }

    private mutating func recogniseSeries(_ lines: [[UInt8]], _ stream: ByteStream) throws -> Bool {
        let texts = lines.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
        let points = texts.filter { !$0.hasPrefix("#") }
        let described = texts.contains { $0.hasPrefix("# HELP ") || $0.hasPrefix("# TYPE ") || $0 == "# EOF" }
        guard let first = points.first else {
            if described { throw Self.refusal("Prometheus text without a sample", "metrics with times", stream) }
            return false
        }
        if described || points.contains(where: { $0.contains("{") }), Self.are(points, SeriesLine.exposition) {
            guard points.contains(where: { SeriesLine.exposition($0)?.time != nil }) else {
                throw Self.refusal(
                    "Prometheus text without times: one look at an endpoint, no history",
                    "a recording with times; a worker watches the endpoint itself with --scrape URL", stream)
            }
            kind = .series(.exposition)
        } else if Self.are(points, SeriesLine.lineProtocol) {
            kind = .series(.lineProtocol)
        } else if SeriesLine.graphite(first) != nil, Self.are(points, SeriesLine.graphite) {
            kind = .series(.graphite)
        } else if SeriesLine.telnet(first) != nil, Self.are(points, SeriesLine.telnet) {
            kind = .series(.telnet)
        } else {
            return false
        }
        return true
    }

    /// Whether lines are of a kind, a damaged one among many not counted: it is for whoever reads them to complain about.
    private static func are(_ lines: [String], _ parse: (String) -> SeriesLine?) -> Bool {
        let bad = lines.count { parse($0) == nil }
        return bad == 0 || lines.count > 2 && bad <= max(1, lines.count / 8)
    }

    private mutating func recogniseTable(_ first: [UInt8], _ lines: [[UInt8]], given: UInt8?) {
        let texts = lines.map { String(decoding: $0, as: UTF8.self) }
        var rules = LineRewriter.Rules()
        if let header = texts.first(where: { $0.hasPrefix("# hostname;interval;timestamp") }) {
            // The header is a comment, and comes again after every restart.
            rules.header = nil
            rules.dropsLinesWith = "LINUX-RESTART"
            rules.headerPrefix = "# hostname;"
            self.rules = rules
            separator = 0x3B
            _ = header
            notes.append("sadf -d")
            return
        }
        if texts.prefix(8).contains(where: { $0.hasPrefix("#datatype") || $0.hasPrefix("#group") }) {
            rules.dropsComments = true
            rules.dropsRepeatedHeader = true
            rules.headerPrefix = ",result,table"
            self.rules = rules
            separator = 0x2C
            notes.append("annotated CSV")
            return
        }
        if texts[0].hasPrefix("procs ---") || texts[0].hasPrefix("procs  ") {
            rules.skippedLines = 1
            rules.joinsBlanks = true
            rules.dropsRepeatedHeader = true
            rules.dropsLinesWith = "procs "
            self.rules = rules
            separator = 0x09
            notes.append("vmstat")
            return
        }
        let isDstat = ["dstat", "dool"].contains { texts[0].lowercased().contains($0) }
        if isDstat && texts[0].lowercased().contains("csv output") {
            recogniseDstat(texts)
            return
        }
        recogniseComments(lines, &rules)
        recogniseBlanks(lines, &rules)
        if rules == LineRewriter.Rules(), let found = HeaderLines(lines, separator: given) {
            rules.skippedLines = found.skipped
            rules.header = found.header
            rules.skippedRows = found.linesBelow
            notes += found.notes
        }
        if rules != LineRewriter.Rules() { self.rules = rules }
    }

    /// Two header lines below a preamble: groups of columns, then columns.
    private mutating func recogniseDstat(_ texts: [String]) {
        func fields(_ line: String) -> [String] {
            line.split(separator: ",", omittingEmptySubsequences: false).map { field in
                String(field.drop { $0 == "\"" }.reversed().drop { $0 == "\"" }.reversed())
            }
        }
        guard
            let place = texts.firstIndex(where: { line in
                let names = fields(line)
                return names.count > 2 && (names.contains("usr") || names.contains("used") || names.contains("recv"))
            }), place > 0
        else { return }
        var group = ""
        let groups = fields(texts[place - 1])
        let names = fields(texts[place]).enumerated().map { index, name in
            if index < groups.count, !groups[index].isEmpty { group = groups[index] }
            return ["time", "epoch", "date/time"].contains(name) ? name : "\(group) \(name)"
        }
        var rules = LineRewriter.Rules()
        rules.skippedLines = place
        rules.header = names.map { "\"\($0)\"" }.joined(separator: ",")
        // `"Date:","29 Nov 2025 20:15:02 CET"` stands somewhere above.
        let preamble = texts[..<place].flatMap(fields)
        if let field = names.firstIndex(of: "time"), let row = texts.dropFirst(place + 1).first(where: { !$0.isEmpty }),
            fields(row).count > field, YearlessDate.isOne(fields(row)[field]),
            let mark = preamble.firstIndex(of: "Date:"), mark + 1 < preamble.count
        {
            let words = preamble[mark + 1].split(separator: " ").map(String.init)
            if words.count > 2, let day = Int(words[0]), let year = Int(words[2]), (1970...2199).contains(year),
                let month = CivilTime.month(named: Array(words[1].lowercased().utf8))
            {
                rules.yearless = YearlessDate(field: field, year: year, month: month, day: day)
                notes.append("times have no year: that of the recording's first line, \(year)")
            }
        }
        self.rules = rules
        separator = 0x2C
        notes.append("dstat")
    }

    /// Lines that begin with `#` before the header or among the rows; the header itself may be one of them.
    private mutating func recogniseComments(_ lines: [[UInt8]], _ rules: inout LineRewriter.Rules) {
        let comments = lines.indices.filter { lines[$0].first == 0x23 }
        guard
            let last = comments.first(where: { index in
                lines.dropFirst(index + 1).first { !$0.isEmpty }.map { $0.first != 0x23 } ?? false
            })
        else { return }
        rules.dropsComments = true
        guard let row = lines.dropFirst(last + 1).first(where: { !$0.isEmpty }),
            comments.first == 0 || last == comments.last
        else { return }
        // The last comment above the rows is the header when it has as many fields as they, and they are no names.
        let candidates: [UInt8] = [0x2C, 0x3B, 0x09, 0x7C]
        let heading = lines[last].drop { $0 == 0x23 || $0 == 0x20 }
        for separator in candidates where row.contains(separator) {
            let count = row.split(separator: separator, omittingEmptySubsequences: false).count
            let names = heading.split(separator: separator, omittingEmptySubsequences: false)
            guard count > 1, names.count == count, lines[..<last].allSatisfy({ $0.isEmpty || $0.first == 0x23 }) else {
                continue
            }
            let isRow = row.split(separator: separator, omittingEmptySubsequences: false).contains { field in
                field.withUnsafeBufferPointer { FieldText.content($0) != .text }
            }
            guard isRow else { continue }
            rules.skippedLines = last
            rules.header = String(decoding: heading, as: UTF8.self)
            return
        }
        if row.contains(0x20), !candidates.contains(where: { row.contains($0) }),
            heading.split(separator: 0x20).count == row.split(separator: 0x20).count
        {
            // Above a line of units, in which the same ones come again, stands the line of names.
            func words(_ line: Int) -> [[UInt8]] {
                lines[line].drop { $0 == 0x23 || $0 == 0x20 }.split(separator: 0x20).map(Array.init)
            }
            let count = words(last).count
            let place =
                Set(words(last)).count == count
                ? last
                : comments.last { $0 < last && words($0).count == count && Set(words($0)).count == count } ?? last
            rules.skippedLines = place
            let heading = Array(lines[place].drop { $0 == 0x23 || $0 == 0x20 })
            rules.header = String(decoding: LineRewriter.joined(heading), as: UTF8.self)
            rules.joinsBlanks = true
            separator = 0x09
        }
    }

    /// Columns that runs of blanks keep apart.
    private mutating func recogniseBlanks(_ lines: [[UInt8]], _ rules: inout LineRewriter.Rules) {
        let rows = lines.filter { !$0.isEmpty && $0.first != 0x23 }.prefix(20)
        guard rows.count > 1, rows.allSatisfy({ row in !row.contains { [0x2C, 0x3B, 0x09, 0x7C].contains($0) } }),
            rows.contains(where: { row in
                row.first == 0x20 || zip(row, row.dropFirst()).contains { $0 == 0x20 && $1 == 0x20 }
            })
        else { return }
        let counts = Set(rows.map { LineRewriter.joined($0).split(separator: 0x09).count })
        // A column of numbers that each stand behind blanks is one column, not many empty ones.
        guard counts.count == 1, let count = counts.first, count > 1 || rows.allSatisfy({ $0.first == 0x20 }) else {
            return
        }
        rules.joinsBlanks = true
        rules.dropsRepeatedHeader = true
        separator = 0x09
    }
}
