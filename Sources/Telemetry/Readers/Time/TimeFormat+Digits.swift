import Platform

/// Times that are written as nothing but digits, or as a number.
extension TimeFormat {
    /// Years that such digits may begin with: what spells another one is taken for a number.
    private static let years = 1990...2099

    /// `yyyymmddhh`, `yyyymmddhhmmssfff` and what is longer; `yymmddhhmm` and `yymmddhhmmss` where the year has two digits.
    static func spelled(_ scanner: inout TimeScanner, yearDigits: Int) -> Double? {
        let count = scanner.digits
        guard yearDigits == 4 ? count == 10 || (15...23).contains(count) : [6, 10, 12].contains(count),
            var year = scanner.number(yearDigits, yearDigits)
        else { return nil }
        if yearDigits == 2 { year += year < 70 ? 2000 : 1900 }
        guard years.contains(year), let month = scanner.number(2, 2), let day = scanner.number(2, 2),
            CivilTime.isDay(year: year, month: month, day: day), let hour = count == 6 ? 0 : scanner.number(2, 2),
            hour < 24
        else { return nil }
        var seconds = hour * 3600
        if scanner.digits > 0 {
            guard let minute = scanner.number(2, 2), minute < 60 else { return nil }
            seconds += minute * 60
        }
        if scanner.digits > 0 {
            guard let second = scanner.number(2, 2), second < 60 else { return nil }
            seconds += second
        }
        var (fraction, scale) = (0.0, 1.0)
        while let digit = scanner.number(1, 1) { (fraction, scale) = (fraction * 10 + Double(digit), scale * 10) }
        guard scanner.isAtEnd else { return nil }
        let days = CivilTime.daysSince1970(year: year, month: month, day: day)
        return Double(days * 86_400 + seconds) + fraction / scale
    }

    /// Seconds of the day of `hhmmss`, or of `hhmm`; zeros in front may be lacking.
    static func clock(_ scanner: inout TimeScanner, hasSeconds: Bool) -> Double? {
        guard let number = scanner.number(1, hasSeconds ? 6 : 4) else { return nil }
        // Spreadsheets write whole numbers with a fraction of nothing.
        if scanner.take(0x2E) { while scanner.take(0x30) {} }
        let (second, rest) = hasSeconds ? (number % 100, number / 100) : (0, number)
        guard scanner.isAtEnd, rest / 100 < 24, rest % 100 < 60, second < 60 else { return nil }
        return Double(rest / 100 * 3600 + rest % 100 * 60 + second)
    }

    /// A number with a decimal comma, or without a fraction.
    static func commaNumber(_ scanner: TimeScanner) -> Double? {
        var text = Array(scanner.bytes[scanner.cursor..<scanner.end])
        guard !text.contains(0x2E) else { return nil }
        if let comma = text.firstIndex(of: 0x2C) { text[comma] = 0x2E }
        return text.withUnsafeBufferPointer { bytes in
            guard case .number(let number) = FieldText.content(bytes), number.isFinite else { return nil }
            return number
        }
    }
}
