extension TimeColumn {
    /// What becomes of its columns' cells: the first of them sets a row's time, the others add to it.
    var kinds: [Int: RowParser.Kind] {
        if case .number = reading { return [index: .numericTime] }
        let fields = indices.sorted()
        var kinds = Dictionary(uniqueKeysWithValues: fields.map { ($0, RowParser.Kind.addedTime) })
        if let first = fields.first { kinds[first] = .textTime }
        if reading == .calendar, let last = fields.last { kinds[last] = .spreadTime }
        return kinds
    }

    /// How the texts in its columns are written, by field.
    var formats: [Int: TimeFormat] {
        var formats: [Int: TimeFormat] = [:]
        if case .text(let format) = reading { formats[index] = format }
        if let timeOfDay { formats[timeOfDay] = TimeFormat(clock) }
        return formats
    }

    /// The seconds that a row's cells say: since 1970 where they can; `nil` where one is no time.
    func seconds(_ cell: (Int) -> UnsafeBufferPointer<UInt8>) -> Double? {
        func number(_ column: Int) -> Double? {
            guard case .number(let value) = FieldText.content(cell(column)), value.isFinite else { return nil }
            return value
        }
        var seconds: Double
        switch reading {
        case .number(let unit): return number(index).map(unit.seconds)
        case .calendar: seconds = 0
        case .text(let format):
            guard let date = format.seconds(cell(index)) else { return nil }
            seconds = date
        }
        if let timeOfDay {
            guard let rest = TimeFormat(clock).seconds(cell(timeOfDay)) else { return nil }
            seconds += rest
        }
        for part in parts {
            guard let value = number(part.index), part.range.contains(value) else { return nil }
            seconds += value * part.seconds
        }
        return reading == .calendar ? SpreadDate.seconds(seconds) : seconds
    }
}
