/// Where the header of a table stands that is not simply its first line: lines of prose or of separators above it, several
/// lines of names, a line of units below it.
///
/// Nothing is taken for more than one line unless the rows below have a time, by which they are known as rows.
struct HeaderLines: Equatable {
    /// Lines above the header.
    var skipped = 0
    /// The names that several lines make; `nil`: those of the first line behind the skipped ones.
    var header: String?
    /// Lines between the header and the first row.
    var linesBelow = 0
    /// What was done, in words.
    var notes: [String] = []

    /// Header lines at most.
    private static let mostLines = 4
    /// Lines of the table that must agree.
    private static let fewestRows = 3

    /// What the first lines of a text show; `nil` where its first line is its header, or nothing can be said.
    init?(_ lines: [[UInt8]], separator stated: UInt8?) {
        let filled = lines.indices.filter { !lines[$0].isEmpty }
        let candidates: [UInt8] = stated.map { [$0] } ?? [0x2C, 0x3B, 0x09, 0x7C]
        for separator in candidates where lines.contains(where: { $0.contains(separator) }) {
            guard let found = HeaderLines(lines, filled, separator) else { continue }
            if found == HeaderLines() { return nil }
            self = found
            return
        }
        return nil
    }

    private init() {}

    /// Nothing special: all zero. `nil` where this is no separator of the lines.
    private init?(_ lines: [[UInt8]], _ filled: [Int], _ separator: UInt8) {
        let splitter = RowSplitter(separator: separator)
        var rows: [[[UInt8]]] = []
        for index in filled {
            let row = lines[index].withUnsafeBufferPointer { bytes in
                splitter.split(bytes, from: 0, atEnd: true)?.fields.map { Array(bytes[$0]) }
            }
            // A quoted line break: the lines at hand are no rows.
            guard let row else { return nil }
            rows.append(row)
        }
        // Lines of a key and its value, and a blank line below them: what stands above the table is none of its rows.
        if let blank = lines.dropLast(Self.fewestRows + 1).lastIndex(where: \.isEmpty),
            let head = rows.first?.first, head.contains(0x3A),
            rows.enumerated().allSatisfy({ filled[$0.offset] > blank || $0.element.count < 3 })
        {
            let kept = filled.indices.filter { filled[$0] > blank }
            guard let first = kept.first, kept.count > Self.fewestRows else { return nil }
            let names = rows[first].map { cell in cell.withUnsafeBufferPointer { FirstLineCell($0) } }
            if names.allSatisfy({ $0 == .text }) {
                skipped = filled[first]
                notes.append("passed over \(first) lines above the header")
                return
            }
        }
        // What stands below the rows of a short file says nothing of the header.
        while !rows.isEmpty, TableFooter.isOne(lines[filled[rows.count - 1]]) { rows.removeLast() }
        guard let width = rows.last?.count, width > 1, rows.count > Self.fewestRows else { return nil }
        // The table begins where all lines below have as many fields, and something stands in them.
        let ragged = rows.lastIndex { $0.count != width }.map { $0 + 1 } ?? 0
        guard let first = rows[ragged...].firstIndex(where: { !Self.isBlank($0) }), rows.count - first > Self.fewestRows
        else { return nil }
        // Another table above is nothing to pass over: its rows would be lost.
        guard !Self.holdsTable(rows[..<first]) else { return }
        let cells = rows[first...].prefix(Self.mostLines + 2).map { row in
            row.map { cell in cell.withUnsafeBufferPointer { FirstLineCell($0) } }
        }
        var names = cells.prefix { $0.allSatisfy { $0 == .text || $0 == .empty } }
        // Numbers of counters are names, too, where a line of units stands below.
        if names.isEmpty, cells.first?.first == .text {
            let below = cells.dropFirst().prefix { $0.allSatisfy { $0 == .text || $0 == .empty } }
            if !below.isEmpty, !(cells.first?.contains(.time) ?? true) { names = cells.prefix(1) + below }
        }
        guard !names.isEmpty, names.count <= Self.mostLines, names.count < cells.count else { return nil }
        if first > 0 {
            skipped = filled[first]
            notes.append(
                first == 1 ? "passed over a line above the header" : "passed over \(first) lines above the header")
        }
        guard names.count > 1, cells[names.count].contains(where: \.isMoment) || Self.areUnits(rows[first + 1]),
            !names.dropFirst().contains(where: { $0.contains(.empty) && !$0.contains(.text) })
        else { return }
        let texts = rows[first..<(first + names.count)].map { row in
            row.map { cell in cell.withUnsafeBufferPointer(FieldText.text) }
        }
        func isWhole(_ names: [String]) -> Bool { Set(names).count == names.count && !names.contains("") }
        func hasTime(_ names: [String]) -> Bool { names.contains { ColumnNames.mustBeTime(ColumnNames.plain($0)) } }
        // `Device,router1` above `Time,In Octets`.
        if !hasTime(texts[0]), let lower = texts.lastIndex(where: { hasTime($0) && isWhole($0) }),
            !texts[..<lower].contains(where: { $0.contains("") })
        {
            skipped = filled[first + lower]
            linesBelow = names.count - 1 - lower
            notes.append("passed over what stands above the header (\(texts[0].prefix(4).joined(separator: ", ")))")
        } else if isWhole(texts[0]) {
            linesBelow = names.count - 1
            let units = texts[1].filter { !$0.isEmpty }.prefix(4).joined(separator: ", ")
            notes.append("passed over what stands below the header (\(units))")
        } else if isWhole(texts[names.count - 1]) {
            skipped = filled[first + names.count - 1]
            notes.append("the header is the last of \(names.count) lines of names")
        } else {
            skipped = filled[first]
            linesBelow = names.count - 1
            header = Self.joined(texts).map(Self.quoted).joined(separator: String(Character(Unicode.Scalar(separator))))
            notes.append("\(names.count) lines of names make the header")
        }
    }

    /// Whether every cell is a unit, in brackets or not: what stands below the names of a table whose times have no date.
    private static func areUnits(_ row: [[UInt8]]) -> Bool {
        let texts = row.map { $0.withUnsafeBufferPointer(FieldText.text) }.filter { !$0.isEmpty }
        return !texts.isEmpty
            && texts.allSatisfy { text in
                let isBracketed = (text.first == "[" && text.last == "]") || (text.first == "(" && text.last == ")")
                return isBracketed || UnitSuffix.unit(text) != nil
            }
    }

    /// Whether lines have a header and rows below it: names, then numbers or times.
    private static func holdsTable(_ lines: ArraySlice<[[UInt8]]>) -> Bool {
        let cells = lines.map { row in row.map { cell in cell.withUnsafeBufferPointer { FirstLineCell($0) } } }
        func isRow(_ row: [FirstLineCell]) -> Bool {
            guard let first = row.first, row.count > 1 else { return false }
            switch first {
            case .time, .number: return row.contains { if case .number = $0 { true } else { false } }
            case .text, .empty: return false
            }
        }
        return cells.indices.contains { index in
            let names = cells[index]
            let rows = cells[(index + 1)...].prefix(fewestRows)
            return names.count > 1 && names.allSatisfy { $0 == .text } && rows.count == fewestRows
                && rows.allSatisfy { $0.count == names.count && isRow($0) }
        }
    }

    private static func isBlank(_ row: [[UInt8]]) -> Bool {
        row.allSatisfy { $0.allSatisfy { $0 == 0x20 || $0 == 0x09 } }
    }

    /// The names of each column from top to bottom; an empty one repeats what stands left of it, as merged cells are
    /// written. The first column is called what stands lowest in it.
    private static func joined(_ lines: [[String]]) -> [String] {
        // A line with a name for the first column only names the index.
        let levels = lines.filter { $0.dropFirst().contains { !$0.isEmpty } }
        return lines[0].indices.map { column in
            if column == 0 { return lines.last { !$0[0].isEmpty }?[0] ?? "" }
            // A separator behind every line makes no column of the group before it.
            guard column + 1 < lines[0].count || lines.contains(where: { !$0[column].isEmpty }) else { return "" }
            var parts: [String] = []
            for (level, names) in levels.enumerated() {
                let isLast = level == levels.count - 1
                let name =
                    names[column].isEmpty && !isLast ? names[1...column].last { !$0.isEmpty } ?? "" : names[column]
                if !name.isEmpty { parts.append(name) }
            }
            return parts.joined(separator: " ")
        }
    }

    private static func quoted(_ name: String) -> String { "\"" + name.replacing("\"", with: "\"\"") + "\"" }
}
