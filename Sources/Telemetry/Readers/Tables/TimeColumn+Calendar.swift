extension TimeColumn {
    private static let years: Set<String> = [
        "year", "yyyy", "yr", "jahr", "annee", "année", "ano", "año", "anno", "jaar",
    ]
    private static let months: Set<String> = ["month", "mon", "mo", "mm", "monat", "mois", "mes", "mese", "maand"]
    private static let days: Set<String> = [
        "day", "dd", "dy", "day_of_month", "dayofmonth", "day of month", "mday", "tag", "jour", "dia", "día", "giorno",
        "dag",
    ]

    /// The time where a date is spread over columns for the year, the month and the day, with what beside them tells when in
    /// the day; `nil` where there are no such columns.
    ///
    /// - Parameter timeOfDay: a column with the time of day as a text.
    /// - Throws: ``TelemetryError`` where columns are named so and do not hold dates that go on.
    static func calendar(
        _ names: [String], _ plain: [String], _ samples: ColumnSamples, timeOfDay: Int? = nil, _ path: String
    ) throws -> TimeColumn? {
        func named(_ words: Set<String>) -> Int? { plain.firstIndex(where: words.contains) }
        guard let year = named(years), let month = named(months), let day = named(days) else { return nil }
        let date = [
            Part(index: year, seconds: SpreadDate.year, range: SpreadDate.years),
            Part(index: month, seconds: SpreadDate.month, range: 1...12),
            Part(index: day, seconds: SpreadDate.day, range: 1...31),
        ]
        var time = TimeColumn(index: year, reading: .calendar, timeOfDay: timeOfDay, parts: date)
        if timeOfDay == nil { time.parts += partsOfDay(plain, samples, except: [month, day]) }
        guard date.allSatisfy({ isPart(samples.columns[$0.index], $0.range) }),
            timeOfDay.map({ samples.columns[$0].times.best == samples.wholeRows }) ?? true,
            let moments = time.moments(samples), RowOrder(moments) != .shuffled
        else {
            throw TelemetryError(
                .badTime, path: path,
                found: "a date spread over the columns \(names[year]), \(names[month]), \(names[day])",
                expected: "numbers of days that follow one another, one column with date and time, as in "
                    + "2025-11-14 11:00:00, or --row-seconds")
        }
        return time
    }

    /// The moments of the first rows, without a time of day that is a text; `nil` where one is none.
    func moments(_ samples: ColumnSamples) -> [Double]? {
        let columns = parts.map { (samples.columns[$0.index].numbers, $0.seconds) }
        var result: [Double] = []
        for row in 0..<(columns.map(\.0.count).min() ?? 0) {
            guard let seconds = SpreadDate.seconds(columns.reduce(0) { $0 + $1.0[row] * $1.1 }) else { return nil }
            result.append(seconds)
        }
        return result
    }
}
