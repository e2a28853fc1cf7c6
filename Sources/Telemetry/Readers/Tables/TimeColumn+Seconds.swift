extension TimeColumn {
    /// The seconds that a row's cells say: since 1970 where they can; `nil` where one is no time.
    func seconds(_ cell: (Int) -> UnsafeBufferPointer<UInt8>) -> Double? {
        func number(_ column: Int) -> Double? {
            guard case .number(let value) = FieldText.content(cell(column)), value.isFinite else { return nil }
            return value
        }
        guard case .text(let format) = reading else {
            guard case .number(let unit) = reading else { return nil }
            return number(index).map(unit.seconds)
        }
        guard var seconds = format.seconds(cell(index)) else { return nil }
        if let timeOfDay {
            guard let rest = TimeFormat(.timeOfDay).seconds(cell(timeOfDay)) else { return nil }
            seconds += rest
        }
        for part in parts {
            guard let value = number(part.index) else { return nil }
            seconds += value * part.seconds
        }
        return seconds
    }
}
