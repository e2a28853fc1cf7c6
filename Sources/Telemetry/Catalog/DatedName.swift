import Platform

/// Names of files that end in a date, as those are called of which there is one a day or an hour.
enum DatedName {
    /// The name without the date (and the time behind it) at its end: `web1_2025-03-01` is `web1`. Empty where it is nothing
    /// but a date; the name itself where it does not end in one.
    static func entity(_ name: String) -> String {
        let bytes = Array(name.utf8)
        // The last digits and the marks between them.
        let tail = bytes.reversed().prefix { $0 &- 0x30 <= 9 || isMark($0) || $0 == 0x54 || $0 == 0x5A }.count
        for start in (bytes.count - tail)..<bytes.count where bytes[start] &- 0x30 <= 9 {
            guard start == 0 || bytes[start - 1] &- 0x30 > 9, isDate(bytes[start...]) else { continue }
            var end = start
            while end > 0, isMark(bytes[end - 1]) { end -= 1 }
            // `disk1-2025…` keeps its number: a mark stands between it and the date.
            guard start == 0 || end < start else { return name }
            // From one date to another: `cpu_2021-07-01_2021-07-15`.
            return entity(String(decoding: bytes[..<end], as: UTF8.self))
        }
        return name
    }

    private static func isMark(_ byte: UInt8) -> Bool { byte == 0x2D || byte == 0x5F || byte == 0x2E || byte == 0x20 }

    /// Whether year, month and day stand here, with marks between them or without, and at most the time of day behind
    /// them.
    private static func isDate(_ text: ArraySlice<UInt8>) -> Bool {
        var digits: [UInt8] = []
        var cursor = text.startIndex
        func take(_ count: Int) -> Int? {
            guard text.endIndex - cursor >= count, text[cursor..<(cursor + count)].allSatisfy({ $0 &- 0x30 <= 9 })
            else {
                return nil
            }
            defer { cursor += count }
            return text[cursor..<(cursor + count)].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        func skipMark() -> Bool {
            guard cursor < text.endIndex, isMark(text[cursor]) else { return false }
            cursor += 1
            return true
        }
        guard let year = take(4), (1970...2199).contains(year) else { return false }
        let isMarked = skipMark()
        guard let month = take(2), !isMarked || skipMark(), let day = take(2),
            CivilTime.isDay(year: year, month: month, day: day)
        else { return false }
        digits = text[cursor...].filter { $0 &- 0x30 <= 9 }
        return digits.count <= 6 && digits.count % 2 == 0
    }
}
