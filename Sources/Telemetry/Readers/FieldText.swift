import Platform

/// What a field of a separated text holds.
enum FieldContent: Equatable {
    case number(Double)
    case missing
    case text
}

/// Reading of single fields: numbers, words for missing values, quoted text.
enum FieldText {
    /// The content of a field's bytes, blanks around it and one pair of quotes left out.
    ///
    /// Missing: nothing, `n/a`, `na`, `nan`, `null`, `none`, `nil`, `-`, `?`, in any case. Numbers: decimals,
    /// `inf`, `infinity` with a sign, `true` (1) and `false` (0).
    static func content(_ bytes: UnsafeBufferPointer<UInt8>) -> FieldContent {
        var (low, high) = trimmed(bytes, 0, bytes.count)
        if high - low >= 2 && bytes[low] == 0x22 && bytes[high - 1] == 0x22 {
            (low, high) = trimmed(bytes, low + 1, high - 1)
        }
        if low == high { return .missing }
        let field = UnsafeBufferPointer(rebasing: bytes[low..<high])
        if let (value, count) = DecimalParser.parse(field), count == field.count { return .number(value) }
        return word(field)
    }

    private static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>, _ from: Int, _ to: Int) -> (Int, Int) {
        var (low, high) = (from, to)
        while low < high && (bytes[low] == 0x20 || bytes[low] == 0x09) { low += 1 }
        while high > low && (bytes[high - 1] == 0x20 || bytes[high - 1] == 0x09 || bytes[high - 1] == 0x0D) {
            high -= 1
        }
        return (low, high)
    }

    private static func word(_ field: UnsafeBufferPointer<UInt8>) -> FieldContent {
        guard field.count <= 9 else { return .text }
        // Nine bytes at most: the word in lower case fits two registers; a string would be allocated.
        var packed: (UInt64, UInt8) = (0, 0)
        for (index, byte) in field.enumerated() {
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            if index < 8 { packed.0 |= UInt64(lower) << UInt64(8 * index) } else { packed.1 = lower }
        }
        func isWord(_ text: StaticString) -> Bool {
            guard text.utf8CodeUnitCount == field.count else { return false }
            return text.withUTF8Buffer { expected in
                for (index, byte) in expected.enumerated() {
                    let own = index < 8 ? UInt8(truncatingIfNeeded: packed.0 >> UInt64(8 * index)) : packed.1
                    if own != byte { return false }
                }
                return true
            }
        }
        if isWord("n/a") || isWord("nan") || isWord("na") || isWord("null") || isWord("none") || isWord("nil")
            || isWord("-") || isWord("?") || isWord("-nan") || isWord("#n/a")
        {
            return .missing
        }
        if isWord("inf") || isWord("+inf") || isWord("infinity") || isWord("+infinity") { return .number(.infinity) }
        if isWord("-inf") || isWord("-infinity") { return .number(-.infinity) }
        if isWord("true") { return .number(1) }
        if isWord("false") { return .number(0) }
        return .text
    }

    /// The text of a field: quotes taken off, doubled quotes joined, malformed UTF-8 repaired.
    static func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let (low, high) = trimmed(bytes, 0, bytes.count)
        guard high - low >= 2 && bytes[low] == 0x22 && bytes[high - 1] == 0x22 else {
            return String(decoding: bytes[low..<high], as: UTF8.self)
        }
        var plain: [UInt8] = []
        var index = low + 1
        while index < high - 1 {
            plain.append(bytes[index])
            if bytes[index] == 0x22 && index + 1 < high - 1 && bytes[index + 1] == 0x22 { index += 1 }
            index += 1
        }
        return String(decoding: plain, as: UTF8.self)
    }

    /// Seconds since 1970 of a date and time: `2025-11-14 11:00:00.207999945`, `2025-11-14T11:00:00+01:00`,
    /// `2025/11/14 11:00`, `2025-11-14`. Without a zone it is taken as UTC. `nil` when it is none.
    static func timestamp(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var (cursor, end) = trimmed(bytes, 0, bytes.count)
        if end - cursor >= 2 && bytes[cursor] == 0x22 && bytes[end - 1] == 0x22 {
            cursor += 1
            end -= 1
        }
        func number(_ count: Int) -> Int? {
            guard end - cursor >= count else { return nil }
            var value = 0
            for _ in 0..<count {
                let digit = bytes[cursor] &- 0x30
                guard digit <= 9 else { return nil }
                value = value * 10 + Int(digit)
                cursor += 1
            }
            return value
        }
        func take(_ allowed: UInt8...) -> Bool {
            guard cursor < end, allowed.contains(bytes[cursor]) else { return false }
            cursor += 1
            return true
        }
        guard let year = number(4), take(0x2D, 0x2F), let month = number(2), take(0x2D, 0x2F), let day = number(2),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var seconds = daysSince1970(year: year, month: month, day: day) * 86400
        guard cursor < end else { return Double(seconds) }
        guard take(0x20, 0x54, 0x74), let hour = number(2), take(0x3A), let minute = number(2), hour < 24, minute < 60
        else { return nil }
        seconds += hour * 3600 + minute * 60
        var fraction = 0.0
        if take(0x3A) {
            guard let second = number(2), second <= 60 else { return nil }
            seconds += second
            if take(0x2E, 0x2C) {
                var (digits, scale) = (0.0, 1.0)
                let first = cursor
                while let digit = number(1) {
                    if scale < 1e15 { (digits, scale) = (digits * 10 + Double(digit), scale * 10) }
                }
                guard cursor > first else { return nil }
                fraction = digits / scale
            }
        }
        while take(0x20) {}
        if cursor < end {
            if take(0x5A, 0x7A) {
            } else {
                let west = bytes[cursor] == 0x2D
                guard take(0x2B, 0x2D), let hours = number(2) else { return nil }
                _ = take(0x3A)
                let minutes = cursor < end ? number(2) : 0
                guard let minutes, hours < 24, minutes < 60 else { return nil }
                seconds -= (west ? -1 : 1) * (hours * 3600 + minutes * 60)
            }
        }
        return cursor == end ? Double(seconds) + fraction : nil
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar. Source: Hinnant, "chrono-compatible low-level date
    /// algorithms", `days_from_civil`.
    static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
