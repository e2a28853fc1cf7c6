/// How the numbers of columns are written.
extension ColumnChoice {
    /// Whether the file writes fractions behind a comma: some column proves it and none in its place proves a point.
    static func usesDecimalComma(_ samples: ColumnSamples, separator: UInt8) -> Bool {
        let written = samples.columns.filter { $0.times.best == 0 }.map(\.written)
        let (comma, point) = (written.reduce(0) { $0 + $1.provesComma }, written.reduce(0) { $0 + $1.provesPoint })
        if comma != point { return comma > point }
        return comma == 0 && separator == 0x3B && written.contains { $0.commas > 0 }
    }

    /// Columns that seem plain and have digits in groups, `1.004` for one thousand and four: none but them has a point in
    /// the whole file, and all their cells agree.
    static func columnsInGroups(
        _ columns: [Int], _ samples: ColumnSamples, _ whole: WholeColumns
    ) throws -> Set<Int> {
        guard !samples.columns.contains(where: { $0.written.provesPoint > 0 && $0.times.best == 0 }) else { return [] }
        let open = columns.filter { column in
            let guess = samples.columns[column].written
            guard samples.columns[column].texts == 0, guess.large == 0, guess.fields > 0 else { return false }
            // Small numbers of a table with semicolons may be followed by larger ones, in groups.
            return guess.pointGroups > 0 || (whole.separator == 0x3B && guess.small == guess.fields)
        }
        guard !open.isEmpty else { return [] }
        var guesses = Dictionary(uniqueKeysWithValues: open.map { ($0, NumberGuess()) })
        try whole.forEach(open) { column, field in
            if case .number = FieldText.content(field) { guesses[column]?.add(field, isPlain: true) }
        }
        return Set(open.filter { guesses[$0]?.groupsByPoints == true })
    }

    /// The format of a column whose texts are numbers; `nil` when they are not all of one format.
    static func written(
        _ guess: NumberGuess, _ fileUsesComma: Bool, _ name: String, _ path: String
    ) throws -> NumberFormat? {
        let comma = guess.provesComma == guess.provesPoint ? fileUsesComma : guess.provesComma > guess.provesPoint
        let reads = comma ? guess.withComma : guess.withPoint
        // Cells that a better half of numbers stands beside are errors of the file.
        guard 2 * reads >= guess.fields, guess.plain < guess.fields else { return nil }
        // A few texts among plain numbers are not the column's way of writing.
        if guess.plain > 0 && reads < guess.fields { return nil }
        return NumberFormat(decimalComma: comma, suffix: guess.unknownSuffix)
    }

    /// The unit in a column's name: `CpuUsage(m)`, `usage [%]`.
    static func headerUnit(_ name: String) -> String? {
        guard let last = name.last, last == ")" || last == "]",
            let open = name.lastIndex(of: last == ")" ? "(" : "["), open > name.startIndex
        else { return nil }
        let unit = name[name.index(after: open)...].dropLast()
        guard !unit.isEmpty, unit.utf8.count <= 16 else { return nil }
        return String(unit)
    }
}
