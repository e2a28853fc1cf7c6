import Platform

/// Times without a year, `29-11 20:15:03` and `Nov-29 20:15:03`, in one field of each row: as dstat and dool write them, whose
/// first lines say when the recording began.
struct YearlessDate: Hashable, Sendable {
    /// Which field.
    let field: Int
    /// The day on which the recording began; a row of an earlier day of the year is of the next one.
    let year: Int
    let month: Int
    let day: Int

    /// The line with the year in front; the line as it is where the field holds something else.
    func completed(_ line: [UInt8]) -> [UInt8] {
        var start = 0
        for _ in 0..<field {
            guard let comma = line[start...].firstIndex(of: 0x2C) else { return line }
            start = comma + 1
        }
        let end = line[start...].firstIndex(of: 0x2C) ?? line.count
        let text = line[start..<end].filter { $0 != 0x22 }
        guard let (month, day, rest) = Self.parts(text) else { return line }
        let year = (month, day) < (self.month, self.day) ? self.year + 1 : self.year
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(year)-\(two(month))-\(two(day)) "
        return Array(line[..<start]) + Array(date.utf8) + rest + Array(line[end...])
    }

    /// Whether a cell is such a time.
    static func isOne(_ text: String) -> Bool { parts(Array(text.utf8)) != nil }

    private static func parts(_ text: [UInt8]) -> (month: Int, day: Int, rest: ArraySlice<UInt8>)? {
        guard let blank = text.firstIndex(of: 0x20) else { return nil }
        let date = text[..<blank].split(separator: 0x2D).map { String(decoding: $0, as: UTF8.self) }
        guard date.count == 2, let day = Int(date[0]) ?? Int(date[1]),
            let month = Int(date[0]) == nil ? CivilTime.month(named: Array(date[0].lowercased().utf8)) : Int(date[1]),
            CivilTime.isDay(year: 2000, month: month, day: day), text[blank...].contains(0x3A)
        else { return nil }
        return (month, day, text[(blank + 1)...])
    }
}
