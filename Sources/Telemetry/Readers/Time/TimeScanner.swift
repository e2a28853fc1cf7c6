/// Takes the bytes of one date and time apart: digits, words, punctuation.
struct TimeScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    var cursor: Int
    let end: Int

    /// The bytes of a field without the blanks and the pair of quotes around them.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        var (low, high) = (0, bytes.count)
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        func trim() {
            while low < high && isBlank(bytes[low]) { low += 1 }
            while high > low && isBlank(bytes[high - 1]) { high -= 1 }
        }
        trim()
        if high - low >= 2 && bytes[low] == 0x22 && bytes[high - 1] == 0x22 {
            low += 1
            high -= 1
            trim()
        }
        if high - low >= 2 && bytes[low] == 0x5B && bytes[high - 1] == 0x5D {
            low += 1
            high -= 1
        }
        self.bytes = bytes
        (cursor, end) = (low, high)
    }

    var isAtEnd: Bool { cursor >= end }
    var peek: UInt8? { cursor < end ? bytes[cursor] : nil }

    /// The number that `least` to `most` digits spell; the cursor stays where fewer digits stand.
    mutating func number(_ least: Int, _ most: Int) -> Int? {
        var (next, value) = (cursor, 0)
        while next < end && next - cursor < most {
            let digit = bytes[next] &- 0x30
            if digit > 9 { break }
            value = value * 10 + Int(digit)
            next += 1
        }
        guard next - cursor >= least else { return nil }
        cursor = next
        return value
    }

    /// How many digits stand at the cursor.
    var digits: Int {
        var next = cursor
        while next < end && bytes[next] &- 0x30 <= 9 { next += 1 }
        return next - cursor
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard cursor < end, bytes[cursor] == byte else { return false }
        cursor += 1
        return true
    }

    mutating func take(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard end - cursor >= count, text.withUTF8Buffer({ $0.elementsEqual(bytes[cursor..<(cursor + count)]) }) else {
            return false
        }
        cursor += count
        return true
    }

    /// Passes over blanks, also those that do not break, which JavaScript puts before AM and PM.
    mutating func skipBlanks() { while take(0x20) || take(0x09) || take("\u{A0}") || take("\u{202F}") {} }

    /// The letters at the cursor, in lower case.
    mutating func word() -> [UInt8] {
        var letters: [UInt8] = []
        while cursor < end, case let lower = bytes[cursor] | 0x20, lower >= 0x61 && lower <= 0x7A {
            letters.append(lower)
            cursor += 1
        }
        return letters
    }

    /// The letters at the cursor with those of other languages than English among them, in lower case; letters of Latin-1 as
    /// UTF-8 has them.
    mutating func foreignWord() -> String {
        let start = cursor
        while cursor < end, bytes[cursor] >= 0x80 || (0x61...0x7A).contains(bytes[cursor] | 0x20) { cursor += 1 }
        let letters = bytes[start..<cursor]
        let text =
            String(validating: letters, as: UTF8.self)
            ?? String(String.UnicodeScalarView(letters.map { Unicode.Scalar($0) }))
        return text.lowercased()
    }

    /// `hh:mm[:ss[.fraction]]`, perhaps with `AM` or `PM` behind it, in whole seconds and a fraction; `nil` when there is
    /// none.
    ///
    /// - Parameter followsDate: whether points may stand in place of colons: `hh.mm.ss`, as behind dates of drive tests
    ///   and Oracle.
    mutating func timeOfDay(followsDate: Bool = false) -> (seconds: Int, fraction: Double)? {
        guard var hour = number(1, 2), let mark = peek, mark == 0x3A || (followsDate && mark == 0x2E), take(mark) else {
            return nil
        }
        // `8:0:0`: one digit is enough where seconds follow.
        let isShort = digits == 1
        guard let minute = number(mark == 0x3A ? 1 : 2, 2), hour <= 24, minute < 60,
            peek == mark || (isAtEnd && !isShort)
                || (mark == 0x3A && !isShort)
        else { return nil }
        var (second, fraction) = (0, 0.0)
        if take(mark) {
            guard let found = number(mark == 0x3A ? 1 : 2, 2), found <= 60 else { return nil }
            second = found
            // Behind a last colon controllers write thousandths.
            if let point = peek, point == 0x2E || point == 0x2C || (point == 0x3A && hasThousandths) {
                cursor += 1
                var (value, scale, found) = (0.0, 1.0, false)
                while let digit = number(1, 1) {
                    if scale < 1e15 { (value, scale) = (value * 10 + Double(digit), scale * 10) }
                    found = true
                }
                guard found else { return nil }
                fraction = value / scale
            }
        }
        let behind = cursor
        skipBlanks()
        if let half = half() {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (half ? 12 : 0)
        } else {
            cursor = behind
        }
        guard hour < 24 || (minute == 0 && second == 0 && fraction == 0) else { return nil }
        return (hour * 3600 + minute * 60 + second, fraction)
    }

    /// Whether three digits stand behind the byte at the cursor.
    private var hasThousandths: Bool {
        var next = self
        next.cursor += 1
        return next.digits == 3
    }

    /// The hour alone, two digits and nothing behind them, as in BATADAL; `nil` when there is something else.
    mutating func hour() -> (seconds: Int, fraction: Double)? {
        guard end - cursor == 2, digits == 2, let hour = number(2, 2), hour < 24 else { return nil }
        return (hour * 3600, 0)
    }

    /// Whether `PM` (true) or `AM` (false) stands at the cursor, with or without points.
    private mutating func half() -> Bool? {
        guard let first = peek.map({ $0 | 0x20 }), first == 0x61 || first == 0x70 else { return nil }
        cursor += 1
        // `a. m.`, as in Spanish.
        if take(0x2E) { skipBlanks() }
        guard peek.map({ $0 | 0x20 }) == 0x6D else { return nil }
        cursor += 1
        _ = take(0x2E)
        return first == 0x70
    }

    /// The offset of the zone that the rest of the text names, in seconds east of UTC: `Z`, `+01:00`, `-0500`, `+01`,
    /// `UTC`, `CEST`, `+0000 UTC m=+0.1`, `+0100 (CET)`, `+01:00[Europe/Berlin]`; 0 for nothing, `nil` for anything
    /// else.
    ///
    /// No zone of this world is further than 14 hours away, or so many minutes beside the hour as `-08:10` says: that is where
    /// an interval ends.
    mutating func zone() -> Int? {
        var offset: Int?
        while true {
            skipBlanks()
            guard let byte = peek else { return offset ?? 0 }
            switch byte {
            case 0x2B, 0x2D:
                guard offset == nil || offset == 0 else { return nil }
                cursor += 1
                let count = digits
                guard count == 4 || count == 2 || count == 1, let hours = number(1, 2) else { return nil }
                _ = take(0x3A)
                let minutes = digits == 0 ? 0 : number(2, 2)
                guard let minutes, minutes % 15 == 0, minutes < 60, hours < 14 || (hours == 14 && minutes == 0) else {
                    return nil
                }
                offset = (byte == 0x2D ? -1 : 1) * (hours * 3600 + minutes * 60)
            case 0x28:
                // A comment, as mail has it: `+0100 (CET)`.
                guard offset != nil || cursor + 1 < end, let close = bytes[cursor..<end].lastIndex(of: 0x29) else {
                    return nil
                }
                if offset == nil {
                    cursor += 1
                    guard let named = ZoneName.offset(word()), cursor == close else { return nil }
                    offset = named
                }
                cursor = close + 1
            case 0x5B:
                guard offset != nil, let close = bytes[cursor..<end].lastIndex(of: 0x5D) else { return nil }
                cursor = close + 1
            default:
                // The reading of a monotonic clock, as Go prints it: `m=+0.113`.
                if byte == 0x6D, cursor + 2 < end, bytes[cursor + 1] == 0x3D {
                    guard offset != nil else { return nil }
                    cursor = end
                    continue
                }
                guard let named = ZoneName.offset(word()) else { return nil }
                if let known = offset {
                    // `+0000 UTC`, `+0200 CEST`: said twice.
                    guard known == named || named == 0 else { return nil }
                } else {
                    offset = named
                }
            }
        }
    }
}
