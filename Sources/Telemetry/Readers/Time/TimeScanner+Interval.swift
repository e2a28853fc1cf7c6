/// Intervals, `08:00-08:15`, whose beginning is what counts.
extension TimeScanner {
    /// Leaves out the end of an interval that blanks stand before, or that can be no zone; whether there is one.
    mutating func zonelessInterval() -> Bool {
        let whole = self
        guard cutInterval() else { return false }
        var behind = whole
        behind.cursor += end - cursor
        return behind.peek == 0x20 || behind.zone() == nil
    }

    /// Leaves out the end of an interval, `08:00-08:15`, `08:00 - 08:15`, `08:00:00 – 2025-03-20 08:15:00`; whether there is
    /// one.
    mutating func cutInterval() -> Bool {
        guard let colon = bytes[cursor..<end].firstIndex(of: 0x3A) else { return false }
        for place in colon..<end where bytes[place] == 0x2D || bytes[place] == 0xE2 {
            var other = self
            other.cursor = place
            guard other.take(0x2D) || other.take("–") else { continue }
            other.skipBlanks()
            let start = other.cursor
            var isEnd = other.timeOfDay() != nil && other.isAtEnd
            if !isEnd {
                let rest = UnsafeBufferPointer(rebasing: bytes[start..<end])
                isEnd = [TimeFormat.Shape.yearFirst, .dayFirst, .monthFirst].contains { shape in
                    TimeFormat.date(rest, shape) != nil
                }
            }
            guard isEnd else { continue }
            var last = place
            while last > cursor, bytes[last - 1] == 0x20 || bytes[last - 1] == 0x09 { last -= 1 }
            self = TimeScanner(UnsafeBufferPointer(rebasing: bytes[cursor..<last]))
            return true
        }
        return false
    }

    /// The time of day at which an interval ends, and how long it is; `nil` where the text is none.
    func clockInterval() -> (end: Double, length: Double)? {
        var start = self
        guard start.cutInterval() else { return nil }
        var behind = self
        behind.cursor += start.end - start.cursor
        behind.skipBlanks()
        guard behind.take(0x2D) || behind.take("–") else { return nil }
        behind.skipBlanks()
        guard let end = behind.timeOfDay(), behind.isAtEnd else { return nil }
        // The time of day stands behind the last mark of the date.
        guard let colon = start.bytes[start.cursor..<start.end].firstIndex(of: 0x3A) else { return nil }
        start.cursor = colon
        while start.cursor > 0, start.bytes[start.cursor - 1] &- 0x30 <= 9, colon - start.cursor < 2 {
            start.cursor -= 1
        }
        guard let begin = start.timeOfDay() else { return nil }
        let length = Double(end.seconds - begin.seconds)
        return (Double(end.seconds), length < 0 ? length + 86_400 : length)
    }
}
