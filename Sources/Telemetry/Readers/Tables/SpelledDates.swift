/// Whether digits spell dates where they could be seconds as well.
enum SpelledDates: Equatable {
    case dates(TimeFormat.Shape)
    /// They may be dates or seconds of years to come.
    case open
    case none

    /// Whether numbers under a name for dates are such as 251114: read as dates they go on more evenly.
    static func areShort(_ column: ColumnSamples.Column, _ plain: String) -> Bool {
        guard ColumnNames.isDate(plain), column.isWhole, column.texts == 0,
            column.numbers.allSatisfy({ (1e5..<1e6).contains($0) })
        else { return false }
        let dates = column.numbers.compactMap { TimeFormat(.shortDigits).seconds(String(Int($0))) }
        return dates.count == column.numbers.count && Steps(dates).share > Steps(column.numbers).share
    }

    /// The rule: every cell is a date of the calendar, and read as dates they go on more evenly than as numbers, as
    /// …23 and then …00 of the next day. Numbers that could not be seconds of our time need no more than the first.
    init(_ column: ColumnSamples.Column, isUnitStated: Bool) {
        self = .none
        guard column.texts == 0, let first = column.numbers.first, first >= 1e9 else { return }
        for shape in [TimeFormat.Shape.digits, .shortDigits] {
            let isSpelled = column.distinct.allSatisfy { cell in
                cell.withUnsafeBufferPointer {
                    FieldText.content($0) == .missing || TimeFormat(shape).seconds($0) != nil
                }
            }
            guard isSpelled else { continue }
            // Longer ones could be no seconds of our time in any unit.
            let isShort = first < 1e11
            if !isShort && !isUnitStated {
                self = .dates(shape)
                return
            }
            let dates = column.numbers.compactMap { number in
                number < 1e15 ? TimeFormat(shape).seconds(String(Int(number))) : nil
            }
            if dates.count == column.numbers.count, Steps(dates).share > Steps(column.numbers).share {
                self = .dates(shape)
            } else if isShort, first >= 2e9 || shape == .digits, !isUnitStated {
                self = .open
            }
            return
        }
    }
}
