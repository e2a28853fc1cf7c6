extension TimeColumn {
    /// Names of columns that say which zone times beside them are in.
    private static let zoneNames: Set<String> = [
        "tz", "timezone", "time_zone", "time zone", "tzname", "utc_offset", "utcoffset", "zeitzone",
    ]

    /// The same with its zone: texts that name none are in the one that stands in brackets in the header, `Time (UTC+2)`;
    /// else in UTC, which is said where a column beside them names another.
    func withZone(_ names: [String], _ samples: ColumnSamples) -> TimeColumn {
        let columns = [index] + [timeOfDay].compactMap(\.self)
        guard case .text(var format) = reading, format.offset == 0, let last = columns.last,
            samples.columns[last].firstText.map({ !Self.namesZone($0) }) ?? (clock != .timeOfDay),
            ![.elapsed, .elapsedMinutes, .decimalComma].contains(format.shape)
        else { return self }
        var time = self
        func say(_ words: String) { time.note = time.note.map { $0 + "; " + words } ?? words }
        if let (zone, seconds) = columns.lazy.compactMap({ Self.zone(inHeader: names[$0]) }).first {
            format.offset = -Double(seconds)
            time.reading = .text(format)
            if seconds != 0 { say("times are in \(zone), as the header says") }
            return time
        }
        let beside = names.indices.first {
            Self.zoneNames.contains(ColumnNames.plain(names[$0])) && !columns.contains($0)
        }
        if let beside {
            let column = samples.columns[beside]
            let cell = column.firstText ?? column.numbers.first { $0 != 0 }.map { "\($0)" }
            if let cell, !["utc", "gmt", "z", "+00:00", "etc/utc"].contains(cell.lowercased()) {
                say("times are taken to be in UTC, though '\(names[beside])' says \(cell)")
            }
        }
        return time
    }

    /// Whether a text says which zone it is in: behind the hours stands more than a half of the day.
    static func namesZone(_ whole: String) -> Bool {
        var text = whole
        text = text.withUTF8 { bytes in
            var scanner = TimeScanner(bytes)
            // Behind the dash stands the end of an interval, or a zone.
            guard scanner.zonelessInterval() else { return whole }
            return String(decoding: scanner.bytes[scanner.cursor..<scanner.end], as: UTF8.self)
        }
        guard let colon = text.firstIndex(of: ":") else { return text.last == "Z" }
        let rest = text[colon...].lowercased()
        let letters = rest.filter(\.isLetter)
        return rest.contains { "+-[(".contains($0) } || !["", "am", "pm"].contains(letters)
    }

    /// The zone in the brackets of a column's name, and its seconds east of UTC.
    static func zone(inHeader name: String) -> (name: String, seconds: Int)? {
        guard var unit = ColumnChoice.headerUnit(name) ?? ColumnNames.zone(behind: name) else { return nil }
        let text = unit
        return unit.withUTF8 { bytes in
            var scanner = TimeScanner(bytes)
            return scanner.zone().map { (text, $0) }
        }
    }
}
