extension DelimitedHeader {
    /// The names with empty ones at the end or the beginning where every row has more fields than the header: separators
    /// behind the last value, or row names without a heading, as R writes them.
    static func padded(
        _ names: [String], _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, atEnd: Bool, splitter: RowSplitter
    ) -> [String] {
        var cursor = start
        var firsts: Set<String> = []
        var (rows, emptyEnds, width) = (0, 0, names.count + 1)
        while rows < 20, cursor < bytes.count, let row = splitter.split(bytes, from: cursor, atEnd: atEnd) {
            cursor = row.next
            if row.fields.count == 1 && row.fields[0].isEmpty { continue }
            if rows == 0 {
                // A separator behind the last name alone.
                if row.fields.count == names.count - 1, names.last == "" { return Array(names.dropLast()) }
                width = max(width, row.fields.count)
            }
            guard row.fields.count == width else { return names }
            rows += 1
            firsts.insert(FieldText.text(UnsafeBufferPointer(rebasing: bytes[row.fields[0]])))
            if row.fields[names.count...].allSatisfy(\.isEmpty) { emptyEnds += 1 }
        }
        guard rows > 1 else { return names }
        if emptyEnds == rows { return names + [String](repeating: "", count: width - names.count) }
        guard width == names.count + 1 else { return names }
        return firsts.count == rows && !firsts.contains("") ? [""] + names : names
    }

    /// Refuses a first line that holds no names.
    static func check(
        _ names: [String], fields: [Range<Int>], bytes: UnsafeBufferPointer<UInt8>, path: String
    ) throws {
        if names.contains(where: { $0.unicodeScalars.contains { $0 == "\0" } }) {
            throw TelemetryError(
                .malformed, path: path, line: 1, found: "NUL bytes in the header", expected: "text with column names")
        }
        if let name = names.first(where: { $0.contains("\r") }) {
            throw TelemetryError(
                .malformed, path: path, line: 1, field: name, found: "a carriage return without a line feed",
                expected: "lines that end in LF or CR LF")
        }
        let cells = fields.map { FirstLineCell(UnsafeBufferPointer(rebasing: bytes[$0])) }
        func refuse(_ found: String, _ expected: String) -> TelemetryError {
            TelemetryError(.badHeader, path: path, line: 1, found: found, expected: expected)
        }
        if names.count > 1, names.dropLast().allSatisfy({ $0.hasPrefix("\"") && $0.hasSuffix("\",") }) {
            throw refuse(
                "blanks between separators and quotes", "quotes right behind the separator: sed 's/, *\"/,\"/g' FILE")
        }
        let numbers = cells.count { if case .number = $0 { true } else { false } }
        let advice = "column names: put a line with them above the rows, as in time,cpu,memory"
        if names.count == 1, let name = names.first, [",", ";", "\t"].contains(where: name.contains) {
            throw refuse(
                "lines that are quoted as a whole", "quotes around single fields, or none: sed 's/^\"//; s/\"$//' FILE")
        }
        if numbers == cells.count { throw refuse("numbers in the first line", advice) }
        let times = cells.count { $0.isMoment }
        if times > 1, times * 2 > cells.count, cells.first?.isMoment == false {
            throw refuse(
                "times in the first line: metrics lie in rows",
                "times down a column and a column for each metric: turn it, as by pandas.read_csv(FILE, index_col=0).T")
        }
        let isNamed =
            names.contains { ColumnNames.times.contains(ColumnNames.plain($0)) }
            || (names.first == "" && !names.dropFirst().contains(""))
        let filled = cells.count { $0 != .empty }
        let isCounted = cells.compactMap { cell -> Double? in
            if case .number(let number) = cell { number } else { nil }
        }
        let isRow =
            !isNamed && 2 * numbers >= filled && numbers > 0
            && !zip(isCounted, isCounted.dropFirst()).allSatisfy { $1 == $0 + 1 }
        let first = zip(cells, names).first { $0.0 != .text && $0.0 != .empty }?.1 ?? ""
        if isRow || cells.contains(.time) {
            throw refuse("values in the first line, such as '\(first)'", advice)
        }
    }

    /// Refuses a first line of texts and numbers whose texts stand in the rows below it as well: it is a row.
    static func checkFirstRow(_ names: [String], samples: ColumnSamples, path: String) throws {
        guard samples.wholeRows > 1, let number = names.first(where: { Double($0) != nil }) else { return }
        let comesAgain = zip(names, samples.columns).contains { name, column in
            guard !name.isEmpty, Double(name) == nil, column.texts > 0 else { return false }
            return column.distinct.contains { $0.withUnsafeBufferPointer(FieldText.text) == name }
        }
        let isNamed = names.contains {
            let plain = ColumnNames.plain($0)
            return ColumnNames.times.contains(plain) || ColumnNames.isElapsed(plain)
                || ColumnNames.isHost(plain)
        }
        // Numbers of counters are names, too: below those of a row stand numbers like it.
        let hasMoment = zip(names, samples.columns).contains { name, column in
            guard let value = Double(name), value >= 1e8, value < 1e20, !column.numbers.isEmpty else { return false }
            return column.numbers.allSatisfy { abs($0 - value) < 0.1 * value }
        }
        guard comesAgain || (!isNamed && hasMoment) else { return }
        throw TelemetryError(
            .badHeader, path: path, line: 1, found: "values in the first line, such as '\(number)'",
            expected: "column names: put a line with them above the rows, as in time,cpu,memory")
    }

    /// Refuses columns without a name.
    static func check(names: [String], samples: ColumnSamples, path: String) throws {
        for (index, name) in names.enumerated() where name.isEmpty {
            // A table written with its row numbers has a first column without a name; separators at the end of
            // every line make columns without name and cells.
            let column = samples.columns[index]
            let isEmpty = column.numbers.isEmpty && column.texts == 0
            guard index > 0, !isEmpty || samples.rows == 0 else { continue }
            throw TelemetryError(
                .badHeader, path: path, line: 1, found: "no name for column \(index + 1) of \(names.count)",
                expected: "a name for each column")
        }
    }
}

/// What a cell of a first line is: that of a header is a text.
enum FirstLineCell: Equatable {
    case empty, text
    /// A date, or a date and time.
    case time
    case number(Double)

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        switch FieldText.content(bytes) {
        case .number(let number): self = .number(number)
        // A line of dashes below the names.
        case .missing: self = bytes.count > 2 && bytes.allSatisfy { $0 == 0x2D } ? .text : .empty
        case .text:
            var guess = TimeFormatGuess()
            guess.add(bytes)
            self = guess.best > 0 && guess.shape != .timeOfDay ? .time : .text
        }
    }

    /// Whether it may be the time of a row: a date, or seconds since 1970 in some unit.
    var isMoment: Bool {
        switch self {
        case .time: true
        case .number(let number): number >= 1e8 && number < 1e20
        case .empty, .text: false
        }
    }
}
