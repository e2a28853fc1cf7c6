/// How the moments in some columns of a table of windows are written, told by all of its rows.
struct WindowMoments {
    /// Which of two numbers is the day, of dates written with numbers and the year last.
    private var shape: TimeFormat.Shape?
    /// Whether that is open.
    private(set) var isAmbiguous = false
    /// Columns whose numbers spell dates: 20250303114000.
    private var compact: Set<Int> = []
    /// Columns with dates alone.
    private(set) var days: Set<Int> = []
    /// Columns with the time of day, and where its date stands.
    private(set) var clocks: [Int: Int] = [:]
    /// Seconds east of UTC of the zone in brackets behind a column's name.
    private var zones: [Int: Double] = [:]

    /// - Parameters:
    ///   - columns: those with moments, the beginning first.
    ///   - order: that of day and month, where dates leave it open.
    init(_ names: [String], columns: [Int], rows: [[String]], order: DateOrder?) {
        func cells(_ column: Int) -> [String] {
            rows.map { $0[column] }.filter { !$0.isEmpty && !WindowTable.open.contains($0.lowercased()) }
        }
        var ofDay: [Int] = []
        for column in columns {
            let texts = cells(column)
            zones[column] = TimeColumn.zone(inHeader: names[column]).map { Double($0.seconds) }
            guard !texts.isEmpty else { continue }
            if texts.allSatisfy({ TimeFormat(.timeOfDay).seconds($0) != nil }) {
                ofDay.append(column)
                continue
            }
            if texts.allSatisfy(Self.isCompact) { compact.insert(column) }
            if texts.allSatisfy(Self.isDay) { days.insert(column) }
        }
        let dates = names.indices.filter { column in
            let texts = cells(column)
            return !ofDay.isEmpty && !texts.isEmpty && texts.allSatisfy(Self.isDay) && Self.isDate(names[column])
        }
        for column in ofDay {
            let own = WindowColumns.core(names[column])
            let date =
                dates.first { WindowColumns.core(names[$0]) == own }
                ?? dates.first { WindowColumns.core(names[$0]) == "date" }
            if let date = date ?? clocks[columns[0]] ?? dates.first { clocks[column] = date }
        }
        for column in dates where cells(column).allSatisfy(Self.isCompact) { compact.insert(column) }
        var texts: [String] = []
        for column in Set(columns + dates) where !ofDay.contains(column) && !compact.contains(column) {
            texts += cells(column).filter { LabelWindows.time($0) == nil }
        }
        let guess = TimeFormatGuess(texts)
        shape = guess.best == guess.texts ? guess.shape : nil
        if shape == nil, guess.isTheSameEitherWay { shape = .dayFirst }
        isAmbiguous = guess.isAmbiguous && shape == nil
        if guess.isAmbiguous, let order { shape = order == .dayMonth ? .dayFirst : .monthFirst }
        if shape == .timeOfDay { shape = nil }
    }

    /// Seconds since 1970 of a column's cell in a row; `nil` where it is no moment.
    func seconds(_ column: Int, _ row: [String]) -> Double? {
        guard let date = clocks[column] else { return moment(row[column], column) }
        guard let day = moment(row[date], date), let clock = TimeFormat(.timeOfDay).seconds(row[column]) else {
            return nil
        }
        return day + clock - (zones[column] ?? 0)
    }

    private func moment(_ text: String, _ column: Int) -> Double? {
        if compact.contains(column) { return TimeFormat(.compact).seconds(text).map { $0 - zone(column, text) } }
        if let time = LabelWindows.time(text) { return time - zone(column, text) }
        return shape.flatMap { TimeFormat($0).seconds(text) }.map { $0 - zone(column, text) }
    }

    /// The zone that a column's name says, of a text that names none.
    private func zone(_ column: Int, _ text: String) -> Double {
        guard let zone = zones[column], Double(text) == nil, !TimeColumn.namesZone(text) else { return 0 }
        return zone
    }

    private static func isCompact(_ text: String) -> Bool {
        [8, 12, 14].contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && TimeFormat(.compact).seconds(text) != nil
    }

    /// Whether a text is a date without a time.
    private static func isDay(_ text: String) -> Bool {
        if isCompact(text) { return text.utf8.count == 8 }
        guard Double(text) == nil, !text.contains(":") else { return false }
        return TimeFormat.Shape.told.contains { shape in
            guard shape != .timeOfDay, let time = TimeFormat(shape).seconds(text) else { return false }
            return time.truncatingRemainder(dividingBy: 86_400) == 0
        }
    }

    private static func isDate(_ name: String) -> Bool {
        ColumnNames.dates.contains(ColumnNames.plain(name))
            || WordRules.words(of: name).contains {
                ["date", "day", "datum"].contains(String(decoding: $0, as: UTF8.self))
            }
    }
}
