extension TimeColumn {
    /// Names of columns with the hour of the day, and of those with its minutes and their seconds.
    private static let hours: Set<String> = [
        "hour", "hours", "hr", "hrs", "h", "hh", "he", "hour_of_day", "hour of day", "hourofday", "hour ending",
        "hour_ending", "hour_id", "hourid", "time_of_day", "time of day", "timeofday", "stunde", "heure", "hora", "ora",
        "uur",
    ]
    private static let minutes: Set<String> = [
        "minute", "minutes", "min", "mins", "mm", "min_id", "minute_id", "minute_of_day",
    ]
    private static let seconds: Set<String> = ["second", "seconds", "sec", "secs", "ss"]

    /// The column of dates with what beside it tells when in the day: a text such as 11:00, or the hour as a number (and
    /// its minutes and seconds).
    ///
    /// Numbers are hours only where a date stands in several rows: else they may be measured once a day.
    ///
    /// - Throws: ``TelemetryError`` where a column is named like the hour and holds other numbers.
    func withTimeOfDay(
        _ names: [String], _ plain: [String], _ samples: ColumnSamples, _ path: String
    ) throws -> TimeColumn {
        var time = self
        let repeats = 2 * samples.columns[index].repeats >= samples.wholeRows
        let clocks = plain.indices.filter {
            $0 != index && samples.columns[$0].texts > 0 && samples.columns[$0].times.shape == .timeOfDay
        }
        time.timeOfDay = clocks.first { ColumnNames.times.contains(plain[$0]) || Self.hours.contains(plain[$0]) }
        if time.timeOfDay == nil, repeats, clocks.count == 1, let only = clocks.first {
            let column = samples.columns[only]
            if column.times.best == column.texts, column.numbers.isEmpty { time.timeOfDay = only }
        }
        // Where an interval begins and ends, the row is of its beginning.
        if time.timeOfDay == nil, repeats, clocks.count > 1 {
            time.timeOfDay = Self.earliest(clocks, samples)
            guard time.timeOfDay != nil else {
                throw TelemetryError(
                    .badTime, path: path, field: names[clocks[0]],
                    found:
                        "times of day in \(clocks.count) columns beside the dates of '\(names[index])', none before the others",
                    expected: "one column with the time of day, or --time-column with the column that is the time")
            }
        }
        guard time.timeOfDay == nil, repeats else { return time }
        time.parts = Self.partsOfDay(plain, samples)
        if time.parts.isEmpty {
            if let other = plain.indices.first(where: { Self.hours.contains(plain[$0]) }),
                let number = samples.columns[other].numbers.last, Self.isPart(samples.columns[other], 0...2400),
                samples.columns[other].numbers.allSatisfy({ $0.truncatingRemainder(dividingBy: 100) < 60 }),
                samples.columns[other].numbers.contains(where: { $0 > 24 }), Self.goesOn(samples.columns[other].numbers)
            {
                throw TelemetryError(
                    .badTime, path: path, field: names[other],
                    found: "numbers (\(number)) beside the dates of '\(names[index])'",
                    expected:
                        "the hour from 0 to 24, the time of day as hh:mm:ss, or --time-column with the column that "
                        + "is the time")
            }
        }
        return time
    }

    /// Of columns with times of day the one that is before all others in most rows; `nil` where there is none.
    private static func earliest(_ columns: [Int], _ samples: ColumnSamples) -> Int? {
        columns.first { column in
            let times = samples.columns[column].times.times(.timeOfDay)
            return columns.allSatisfy { other in
                guard other != column else { return true }
                let others = samples.columns[other].times.times(.timeOfDay)
                guard times.count == others.count else { return false }
                return zip(times, others).count { $0 < $1 } > zip(times, others).count { $0 > $1 }
            }
        }
    }

    /// The hour of the day as a number, with its minute and second where there are columns for them; empty where there is
    /// none.
    ///
    /// - Parameter taken: columns that are something else.
    static func partsOfDay(_ plain: [String], _ samples: ColumnSamples, except taken: [Int] = []) -> [Part] {
        func part(_ names: Set<String>, _ range: ClosedRange<Double>, _ seconds: Double) -> Part? {
            plain.indices.first {
                names.contains(plain[$0]) && !taken.contains($0) && isPart(samples.columns[$0], range)
            }.map { Part(index: $0, seconds: seconds, range: range) }
        }
        guard let hour = part(hours, 0...24, 3600) else {
            // The minute of the day alone.
            guard let minute = part(minutes, 0...1439, 60), goesOn(samples.columns[minute.index].numbers),
                samples.columns[minute.index].numbers.contains(where: { $0 >= 60 })
            else { return [] }
            return [minute]
        }
        guard goesOn(samples.columns[hour.index].numbers) else { return [] }
        guard let minute = part(minutes, 0...59, 60) else { return [hour] }
        return [hour, minute] + [part(seconds, 0...60, 1)].compactMap(\.self)
    }

    /// Whether numbers mostly go one way, as hours do from row to row until the next day.
    private static func goesOn(_ numbers: [Double]) -> Bool {
        let steps = zip(numbers, numbers.dropFirst())
        return 4 * min(steps.count { $0 < $1 }, steps.count { $0 > $1 }) <= max(4, numbers.count)
    }

    /// Whether a column holds whole numbers of a range and nothing else.
    static func isPart(_ column: ColumnSamples.Column, _ range: ClosedRange<Double>) -> Bool {
        column.texts == 0 && column.missing == 0 && column.isWhole && column.numbers.allSatisfy(range.contains)
    }
}
