/// Which columns of a table hold the time, and how it is written there.
struct TimeColumn {
    /// How the cells are turned into seconds.
    enum Reading: Hashable {
        case number(TimeUnit)
        case text(TimeFormat)
        /// Every part of the date is one of ``TimeColumn/parts``, added up as a ``SpreadDate``.
        case calendar
    }

    var index: Int
    var reading: Reading
    /// The column with the time of day, where ``index`` holds the date alone.
    var timeOfDay: Int?
    /// How the time of day is written.
    var clock = TimeFormat.Shape.timeOfDay
    /// Columns with the hour of that day as a number, its minute and second.
    var parts: [Part] = []
    /// What showed how the dates are written, where it is not the column itself, in words.
    var note: String?

    /// A column of numbers that are part of the time: how many seconds one is, and what they may be.
    struct Part: Hashable {
        var index: Int
        let seconds: Double
        let range: ClosedRange<Double>
    }

    /// All columns that the time stands in.
    var indices: [Int] {
        (reading == .calendar ? [] : [index]) + (timeOfDay.map { [$0] } ?? []) + parts.map(\.index)
    }

    /// Finds the time.
    ///
    /// - Parameter dates: looks further, for dates that the first rows leave open.
    /// - Throws: ``TelemetryError`` for a column named like a time that cannot be read.
    static func find(
        names: [String], samples: ColumnSamples, options: ReaderOptions, path: String,
        dates: DateEvidence
    ) throws -> TimeColumn? {
        let plain = names.map(ColumnNames.plain)
        if let name = options.timeColumn {
            guard let index = names.firstIndex(of: name) else {
                throw TelemetryError(
                    .missingColumn, path: path, line: 1, field: name, found: "no such column",
                    expected: "one of " + CleaningPipeline.listed(names))
            }
            return try column(index, names, plain, samples, options, path, dates)
        }
        guard options.rowSeconds == nil else { return nil }
        var readable: [(index: Int, rank: Int)] = []
        var unreadable: Int?
        for (rank, name) in ColumnNames.times.enumerated() {
            for index in plain.indices where plain[index] == name {
                let column = samples.columns[index]
                let must = ColumnNames.mustBeTime(name)
                if isReadable(column, must: must) {
                    readable.append((index, rank))
                } else if must, column.texts > 0 || (column.numbers.isEmpty && samples.wholeRows > 0) {
                    unreadable = unreadable ?? index
                }
            }
        }
        if let first = names.first, first.hasPrefix("(PDH-CSV") || first.hasPrefix("(PDH-TSV") {
            return TimeColumn(index: 0, reading: .text(Self.performanceFormat(first)))
        }
        if let chosen = choose(readable, samples) {
            let best = epoch(beside: chosen, readable.map(\.index), samples) ?? chosen
            // A date alone does not say when in the day; a column that should and cannot be read is no small matter.
            if let unreadable, samples.columns[unreadable].texts > 0, isDate(samples.columns[best]) {
                throw Self.unreadable(names[unreadable], samples.columns[unreadable], path: path)
            }
            if let time = try clockInDigits(best, names, plain, samples, options, path, dates) { return time }
            try refuseNumbersBesideDates(best, names, samples, path)
            return try column(best, names, plain, samples, options, path, dates)
        }
        if let unreadable {
            throw Self.unreadable(names[unreadable], samples.columns[unreadable], path: path)
        }
        // A few cells that are no time are errors of the file, which its reading will name.
        let shaped = samples.columns.firstIndex {
            $0.texts > 0 && 20 * ($0.texts - $0.times.best + $0.numbers.count) <= $0.texts
                && $0.times.shape != .timeOfDay
        }
        if shaped == nil, let time = try calendar(names, plain, samples, path) { return time }
        if shaped == nil, let (index, shape) = try elapsedText(names, plain, samples, path) {
            return TimeColumn(index: index, reading: .text(TimeFormat(shape)))
        }
        let counted =
            shaped ?? isEpochIndex(names, samples) ?? namedMoment(names, samples)
            ?? plain.indices.first { ColumnNames.isElapsed(plain[$0]) && isGrowing(samples.columns[$0]) }
        if counted == nil, let index = unreadTime(samples) {
            let text = samples.columns[index].firstText ?? ""
            throw TelemetryError(
                .badTime, path: path, field: names[index],
                found: "'\(text)', written like a time, and no other column that is one",
                expected: TimeFormat.accepted + ", or --row-seconds")
        }
        return try counted.flatMap { try column($0, names, plain, samples, options, path, dates) }
    }

    /// The first column where it has no name of its own and holds seconds since 1970: the index of a data frame.
    private static func isEpochIndex(_ names: [String], _ samples: ColumnSamples) -> Int? {
        guard let first = names.first, ["", "index", "unnamed: 0"].contains(first.lowercased()) else { return nil }
        let column = samples.columns[0]
        return column.numbers.allSatisfy { $0 >= 1e8 && $0 < 1e20 } && isGrowing(column) ? 0 : nil
    }

    /// The first column whose name has a word for the time in it (`eventTimestamp`, `Time_Of_Day_Seconds`) and whose numbers
    /// are moments since 1970 that go on.
    private static func namedMoment(_ names: [String], _ samples: ColumnSamples) -> Int? {
        names.indices.first { index in
            let column = samples.columns[index]
            guard !column.numbers.isEmpty, 20 * (column.texts + column.missing) <= column.numbers.count,
                column.distinct.count > 1, speaksOfTime(names[index])
            else { return false }
            return column.numbers.allSatisfy { (1e9..<1e20).contains($0) } && RowOrder(column.numbers) != .shuffled
        }
    }

    /// Whether a name has a word for the time in it.
    static func speaksOfTime(_ name: String) -> Bool {
        let words: Set<String> = ["time", "timestamp", "ts", "epoch", "date", "datetime", "clock"]
        return WordRules.words(of: name).contains { words.contains(String(decoding: $0, as: UTF8.self)) }
    }

    /// Whether numbers grow from row to row; a few cells may hold none.
    static func isGrowing(_ column: ColumnSamples.Column) -> Bool {
        20 * (column.texts + column.missing) <= column.numbers.count && column.numbers.count > 1
            && zip(column.numbers, column.numbers.dropFirst()).allSatisfy { $0 < $1 }
    }

    /// The time of day as a number (`1430`, a share of the day) beside a column of dates would be taken for seconds.
    private static func refuseNumbersBesideDates(
        _ index: Int, _ names: [String], _ samples: ColumnSamples, _ path: String
    ) throws {
        let column = samples.columns[index]
        guard column.texts == 0, let first = column.numbers.first, column.numbers.allSatisfy({ $0 < 1e6 }),
            let date = dateBeside(index, names, samples)
        else { return }
        throw TelemetryError(
            .badTime, path: path, field: names[index], found: "numbers (\(first)) beside the dates of '\(names[date])'",
            expected: "the time of day as hh:mm:ss, or --time-column with the column that is the time")
    }

    /// A column of dates under a name for dates, beside another one.
    static func dateBeside(_ index: Int, _ names: [String], _ samples: ColumnSamples) -> Int? {
        names.indices.first {
            $0 != index && ColumnNames.dates.contains(ColumnNames.plain(names[$0])) && isDate(samples.columns[$0])
        }
    }

    /// A column named like a time that holds something else.
    static func unreadable(_ name: String, _ column: ColumnSamples.Column, path: String) -> TelemetryError {
        TelemetryError(
            .badTime, path: path, field: name, found: column.firstText.map { "'\($0)'" } ?? "no time in the first rows",
            expected: TimeFormat.accepted)
    }

    /// A few cells that are no time are errors of the file, not a reason to do without its clock.
    private static func isReadable(_ column: ColumnSamples.Column, must: Bool) -> Bool {
        if column.hasDecimalCommas { return must }
        if column.texts > column.numbers.count { return 2 * column.times.best >= column.texts }
        guard !column.numbers.isEmpty else { return false }
        // A name that may mean other things needs numbers that can be nothing else.
        return must || column.distinct.count > 1 && column.numbers.allSatisfy { $0 >= 1e8 && $0 < 1e20 }
    }

    /// The finest of the readable columns; of equals, a text (which says its zone and cannot be in a wrong unit), and
    /// then the one named most surely.
    private static func choose(_ readable: [(index: Int, rank: Int)], _ samples: ColumnSamples) -> Int? {
        readable.min { a, b in
            let (x, y) = (samples.columns[a.index], samples.columns[b.index])
            if x.distinct.count != y.distinct.count { return x.distinct.count > y.distinct.count }
            let (first, second) = (x.texts > x.numbers.count, y.texts > y.numbers.count)
            if first != second { return first }
            // What counts from some start says less than a moment since 1970 beside it.
            let moments = (x.numbers.allSatisfy { $0 >= 1e8 }, y.numbers.allSatisfy { $0 >= 1e8 })
            if moments.0 != moments.1 { return moments.0 }
            return a.rank < b.rank
        }?.index
    }

    private static func column(
        _ index: Int, _ names: [String], _ plain: [String], _ samples: ColumnSamples, _ options: ReaderOptions,
        _ path: String, _ evidence: DateEvidence
    ) throws -> TimeColumn? {
        let column = samples.columns[index]
        guard column.texts > column.numbers.count, !column.hasDecimalCommas else {
            return try numbers(index, names, plain, samples, options, path)
        }
        let (shape, note) = try shape(column.times, index, names, options, path, evidence)
        guard 2 * column.times.best >= column.texts || options.dateOrder != nil else {
            throw unreadable(names[index], column, path: path)
        }
        // The date in one column, the time of day in another.
        let other: Int?
        if shape == .timeOfDay {
            other = names.indices.first {
                let dates = samples.columns[$0]
                return $0 != index && isDate(dates) && (dates.texts > 0 || ColumnNames.dates.contains(plain[$0]))
            }
        } else {
            other = nil
        }
        guard shape == .timeOfDay else {
            var format = TimeFormat(shape)
            format.isInterval = isInterval(column, shape)
            var time = TimeColumn(index: index, reading: .text(format))
            time.note = note
            return isDate(column) ? try time.withTimeOfDay(names, plain, samples, path) : time
        }
        guard let other else {
            if let time = try calendar(names, plain, samples, timeOfDay: index, path) { return time }
            throw TelemetryError(
                .badTime, path: path, field: names[index],
                found: "the time of day without the date (\(column.firstText.map { "'\($0)'" } ?? ""))",
                expected: "a column with date and time, or --row-seconds with the time from row to row")
        }
        return try dated(other, timeOfDay: index, .timeOfDay, names, samples, options, path, evidence)
    }

    /// The time whose date stands in one column, and the time of day in another.
    static func dated(
        _ date: Int, timeOfDay: Int, _ clock: TimeFormat.Shape, _ names: [String], _ samples: ColumnSamples,
        _ options: ReaderOptions, _ path: String, _ evidence: DateEvidence
    ) throws -> TimeColumn {
        let dates = samples.columns[date]
        let (shape, note) =
            dates.texts == 0 ? (.compact, nil) : try shape(dates.times, date, names, options, path, evidence)
        var time = TimeColumn(index: date, reading: .text(TimeFormat(shape)), timeOfDay: timeOfDay, note: note)
        time.clock = clock
        return time
    }

    /// Whether a column holds dates without a time: no colon in what reads as a date.
    static func isDate(_ column: ColumnSamples.Column) -> Bool {
        if isCompact(column, "date", digits: 8) { return true }
        guard column.texts > 0, 2 * column.times.best >= column.texts, column.times.shape != .timeOfDay,
            let text = column.firstText
        else { return false }
        // `2025.03.03_08.00.00`, `03-MAR-25 08.00.00.000000 AM`.
        let hasPoints = text.split { $0 == "_" || $0 == " " }.dropFirst().contains { word in
            let numbers = word.split(separator: ".", omittingEmptySubsequences: false)
            return numbers.count > 2 && numbers.prefix(3).allSatisfy { $0.utf8.count == 2 && $0.allSatisfy(\.isNumber) }
        }
        return !text.contains(":") && !hasPoints && column.times.best > 0
    }

    private static func shape(
        _ guess: TimeFormatGuess, _ index: Int, _ names: [String], _ options: ReaderOptions, _ path: String,
        _ evidence: DateEvidence
    ) throws -> (shape: TimeFormat.Shape, note: String?) {
        var guess = guess
        if guess.isYearOpen {
            if let order = options.dateOrder { return (order == .dayMonth ? .dayFirst : .monthFirst, nil) }
            guess = try evidence.wholeColumn(index)
            if guess.isYearOpen {
                guard let told = evidence.siblings(index) else {
                    throw TelemetryError(
                        .badTime, path: path, field: names[index],
                        found: "dates that begin or end with the year throughout",
                        expected: "years of four digits, rows of several days, or --date-order day-month or month-day")
                }
                return (told.shape, "dates are read as \(told.shape.order), as in \(told.file) beside it")
            }
        }
        if guess.isAmbiguous {
            if let order = options.dateOrder { return (order == .dayMonth ? .dayFirst : .monthFirst, nil) }
            if guess.shown == nil { guess = try evidence.wholeColumn(index) }
        }
        if let shape = guess.shown { return (shape, nil) }
        if guess.isAmbiguous, let told = evidence.siblings(index) {
            return (told.shape, "dates are read as \(told.shape.order), as in \(told.file) beside it")
        }
        if let shape = guess.shape { return (shape, nil) }
        if guess.isTheSameEitherWay { return (.dayFirst, "dates are the same read as day/month and as month/day") }
        throw TelemetryError(
            .badTime, path: path, field: names[index],
            found: "dates that read as day/month and as month/day throughout",
            expected: "one day after the 12th, or --date-order day-month or month-day")
    }

    /// Numbers such as 20251114110000 that spell a date; eight digits only under a name that means a date.
    static func isCompact(_ column: ColumnSamples.Column, _ plain: String, digits wanted: Int? = nil) -> Bool {
        guard column.texts == 0, !column.distinct.isEmpty else { return false }
        return column.distinct.allSatisfy { bytes in
            bytes.withUnsafeBufferPointer { field in
                let digits = TimeScanner(field).digits
                guard wanted.map({ $0 == digits }) ?? true,
                    digits == 14 || digits == 12 || (digits == 8 && ColumnNames.dates.contains(plain))
                else { return false }
                return TimeFormat(.compact).seconds(field) != nil
            }
        }
    }

    /// Windows' performance counters: `(PDH-CSV 4.0) (Central European Standard Time)(-60)`; month first, and local
    /// time plus the minutes in the last brackets is UTC.
    private static func performanceFormat(_ header: String) -> TimeFormat {
        var format = TimeFormat(.monthFirst)
        if let open = header.lastIndex(of: "("), let minutes = Double(header[header.index(after: open)...].dropLast()) {
            format.offset = minutes * 60
        }
        return format
    }
}
