extension TimeUnit {
    /// The unit of an epoch by its magnitude: seconds have 10 digits between 2001 and 2286; each further unit adds
    /// three.
    static func ofEpoch(_ value: Double) -> TimeUnit {
        switch value.magnitude {
        case 1e17...: .nanoseconds
        case 1e14...: .microseconds
        case 1e11...: .milliseconds
        default: .seconds
        }
    }

    /// The unit that a column's name (`time_ms`, `Time [min]`) and its numbers tell. A number too large for the unit that
    /// the name says is an epoch of another one.
    static func detected(name: String, values: [Double]) -> TimeUnit {
        let first = values.first ?? 0
        if let unit = stated(in: name), first.magnitude * unit.secondsEach < 1e11 {
            // What is called milliseconds and begins with the seconds of our days is in seconds, as in Bitbrains' traces.
            return unit == .milliseconds && (1e9..<4e9).contains(first) ? .seconds : unit
        }
        if isExcel(values) { return .excelDays }
        return ofEpoch(first)
    }

    private var secondsEach: Double { 1 / perSecond }

    /// The unit in a name: behind its last `_`, or in brackets at its end.
    static func stated(in name: String) -> TimeUnit? {
        let lower = name.lowercased()
        if let unit = ColumnChoice.headerUnit(lower) { return words[unit] }
        let plain = ColumnNames.plain(lower)
        if plain.count > 2 || plain == "ms", let unit = words[plain] { return unit }
        guard let mark = plain.lastIndex(where: { $0 == "_" || $0 == "/" || $0 == " " }), mark > plain.startIndex else {
            return nil
        }
        let unit = String(plain[plain.index(after: mark)...])
        // `Zeit in s`, and no `plan D`.
        if plain[mark] == " ", !plain[..<mark].hasSuffix(" in"), !plain[..<mark].hasSuffix(",") { return nil }
        return words[unit]
    }

    /// Whether a word is a unit of time.
    static func isUnit(_ word: String) -> Bool { words[word] != nil }

    private static let words: [String: TimeUnit] = [
        "ns": .nanoseconds, "nanoseconds": .nanoseconds, "us": .microseconds, "µs": .microseconds, "μs": .microseconds,
        "microseconds": .microseconds, "ms": .milliseconds, "msec": .milliseconds, "millis": .milliseconds,
        "milliseconds": .milliseconds, "s": .seconds, "sec": .seconds, "secs": .seconds, "seconds": .seconds,
        "min": .minutes, "mins": .minutes, "minutes": .minutes, "h": .hours, "hr": .hours, "hrs": .hours,
        "hours": .hours,
        "d": .days, "days": .days,
    ]

    /// Whether numbers are days as spreadsheets count them: between 1954 and 2119, with fractions finer than a ten
    /// thousandth of a day, and steps below an hour and a half. Seconds since some start are not written like that.
    private static func isExcel(_ values: [Double]) -> Bool { areDays(values, in: 20_000..<80_000) }

    /// Whether numbers are days of a range with fractions as fine as ``isExcel(_:)`` says.
    static func areDays(_ values: [Double], in range: Range<Double>) -> Bool {
        guard values.count > 1, values.allSatisfy({ range.contains($0) }) else { return false }
        let fine = values.filter { abs($0 * 1e4 - ($0 * 1e4).rounded()) > 1e-5 }
        let steps = zip(values, values.dropFirst()).map { abs($1 - $0) }.sorted()
        let isFine = 2 * fine.count >= values.count || values.allSatisfy { abs($0 * 48 - ($0 * 48).rounded()) < 1e-6 }
        return isFine && steps[steps.count / 2] < 0.0625 && steps[steps.count / 2] > 0
    }

    /// The numbers that can be of this unit in a column of absolute times; a number outside is of another one.
    var epochRange: ClosedRange<Double> {
        switch self {
        case .seconds: -1e11...1e11.nextDown
        case .milliseconds: 1e11...1e14.nextDown
        case .microseconds: 1e14...1e17.nextDown
        case .nanoseconds: 1e17...1e20
        case .minutes, .hours, .days: -1e11...1e11
        case .excelDays: 0...2_958_466
        }
    }

    /// Seconds of a number of this unit: since 1970, or since whatever the source counts from.
    func seconds(_ value: Double) -> Double {
        guard self == .excelDays else { return value / perSecond }
        // Eight decimals of a day are a millisecond; what is finer is rounding.
        return ((value - 25_569) * 86_400_000).rounded() / 1000
    }
}
