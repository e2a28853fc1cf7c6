import Foundation

/// How long something takes, as people and programs write it.
enum ElapsedTime {
    /// Seconds of `00:30:00`, `1:02:03.5`, `2 days 00:30:00`, `1 day, 2:03:04`, `PT1H30M`, `30min`, `1h 30m`, `90 s`, or of a
    /// number in `unit`; `nil` for anything else, for what is below 0, and for `00:30`, which may be minutes or hours.
    static func seconds(_ text: String, unit: TimeUnit = .seconds) -> Double? {
        let text = text.trimmingCharacters(in: .whitespaces).lowercased()
        if let number = Double(text) { return number.isFinite && number >= 0 ? number / unit.perSecond : nil }
        return text.contains(":") ? clock(text) : parts(text)
    }

    /// Seconds of hours, minutes and seconds, perhaps behind days; `nil` for anything else.
    ///
    /// - Parameter isLong: whether minutes may go on beyond the hour.
    static func clock(_ text: String, isLong: Bool = false) -> Double? {
        var rest = Substring(text)
        var days = 0.0
        if let blank = rest.lastIndex(of: " ") {
            let words = rest[..<blank].split(whereSeparator: { $0 == " " || $0 == "," })
            guard words.count == 2, ["day", "days"].contains(words[1]), let count = Int(words[0]), count >= 0 else {
                return nil
            }
            days = Double(count)
            rest = rest[rest.index(after: blank)...]
        }
        let numbers = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard numbers.count == 3, let hours = whole(numbers[0]), let minutes = whole(numbers[1]),
            minutes < 60 || isLong,
            numbers[2].first?.isNumber == true, let seconds = Double(numbers[2].replacing(",", with: ".")), seconds < 60
        else { return nil }
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    }

    private static func whole(_ text: Substring) -> Double? {
        guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Double(text)
    }

    /// Numbers with units behind them, the greater first; ISO 8601's among them.
    private static func parts(_ text: String) -> Double? {
        var rest = Substring(text)
        let isISO = rest.first == "p"
        if isISO { rest.removeFirst() }
        var (sum, last, isTime) = (0.0, Double.infinity, false)
        while !rest.isEmpty {
            if rest.first == " " || (isISO && rest.first == "t") {
                isTime = isTime || rest.first == "t"
                rest.removeFirst()
                continue
            }
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest[digits.endIndex...].drop { $0 == " " }
            let word = isISO ? rest.prefix(1) : rest.prefix { $0.isLetter }
            rest = rest[word.endIndex...]
            // A month has no length; before the `T` an `M` is one.
            guard let value = Double(digits), value.isFinite, let unit = units[String(word)], unit < last,
                !(isISO && word == "m" && !isTime)
            else { return nil }
            sum += value * unit
            last = unit
        }
        return last.isFinite ? sum : nil
    }

    private static let units: [String: Double] = [
        "w": 604_800, "week": 604_800, "weeks": 604_800, "d": 86_400, "day": 86_400, "days": 86_400, "h": 3600,
        "hr": 3600,
        "hrs": 3600, "hour": 3600, "hours": 3600, "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60, "s": 1,
        "sec": 1, "secs": 1, "second": 1, "seconds": 1, "ms": 1e-3, "msec": 1e-3,
    ]
}
