/// Which columns of a table hold the time, and how it is written there.
struct TimeColumn {
    /// How the cells are turned into seconds.
    enum Reading: Hashable {
        case number(TimeUnit)
        case text(TimeFormat)
    }

    let index: Int
    let reading: Reading
    /// The column with the time of day, where ``index`` holds the date alone.
    var timeOfDay: Int?

    /// Finds the time.
    ///
    /// - Parameter wholeColumn: looks at every cell of a column, for dates that the first rows leave open.
    /// - Throws: ``TelemetryError`` for a column named like a time that cannot be read.
    static func find(
        names: [String], samples: ColumnSamples, options: ReaderOptions, path: String,
        wholeColumn: (Int) throws -> TimeFormatGuess
    ) throws -> TimeColumn? {
        let plain = names.map(ColumnNames.plain)
        if let name = options.timeColumn {
            guard let index = names.firstIndex(of: name) else {
                throw TelemetryError(
                    .missingColumn, path: path, line: 1, field: name, found: "no such column",
                    expected: "one of " + CleaningPipeline.listed(names))
            }
            return try column(index, names, plain, samples, options, path, wholeColumn)
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
        if let first = names.first, first.hasPrefix("(PDH-CSV") {
            return TimeColumn(index: 0, reading: .text(Self.performanceFormat(first)))
        }
        if let best = choose(readable, samples) {
            return try column(best, names, plain, samples, options, path, wholeColumn)
        }
        if let unreadable {
            throw Self.unreadable(names[unreadable], samples.columns[unreadable], path: path)
        }
        let shaped = samples.columns.firstIndex {
            $0.texts > 0 && $0.times.best == $0.texts && $0.numbers.isEmpty && $0.times.shape != .timeOfDay
        }
        return try shaped.flatMap { try column($0, names, plain, samples, options, path, wholeColumn) }
    }

    /// A column named like a time that holds something else.
    static func unreadable(_ name: String, _ column: ColumnSamples.Column, path: String) -> TelemetryError {
        TelemetryError(
            .badTime, path: path, field: name, found: column.firstText.map { "'\($0)'" } ?? "no time in the first rows",
            expected: TimeFormat.accepted)
    }

    /// A few cells that are no time are errors of the file, not a reason to do without its clock.
    private static func isReadable(_ column: ColumnSamples.Column, must: Bool) -> Bool {
        if column.texts > column.numbers.count { return 2 * column.times.best >= column.texts }
        guard !column.numbers.isEmpty else { return false }
        // A name that may mean other things needs numbers that can be nothing else.
        return must || column.numbers.allSatisfy { $0 >= 1e8 && $0 < 1e20 }
    }

    /// The finest of the readable columns; of equals, a text (which says its zone and cannot be in a wrong unit), and
    /// then the one named most surely.
    private static func choose(_ readable: [(index: Int, rank: Int)], _ samples: ColumnSamples) -> Int? {
        readable.min { a, b in
            let (x, y) = (samples.columns[a.index], samples.columns[b.index])
            if x.distinct.count != y.distinct.count { return x.distinct.count > y.distinct.count }
            let (first, second) = (x.texts > x.numbers.count, y.texts > y.numbers.count)
            if first != second { return first }
            return a.rank < b.rank
        }?.index
    }

    private static func column(
        _ index: Int, _ names: [String], _ plain: [String], _ samples: ColumnSamples, _ options: ReaderOptions,
        _ path: String, _ wholeColumn: (Int) throws -> TimeFormatGuess
    ) throws -> TimeColumn? {
        let column = samples.columns[index]
        guard column.texts > column.numbers.count else {
            if options.timeUnit == nil, isCompact(column, plain[index]) {
                return TimeColumn(index: index, reading: .text(TimeFormat(.compact)))
            }
            let unit = options.timeUnit ?? TimeUnit.detected(name: plain[index], values: column.numbers)
            return TimeColumn(index: index, reading: .number(unit))
        }
        var shape = try shape(column.times, index, names, options, path, wholeColumn)
        guard 2 * column.times.best >= column.texts || options.dateOrder != nil else {
            throw unreadable(names[index], column, path: path)
        }
        // The date in one column, the time of day in another.
        let other: Int?
        if shape == .timeOfDay {
            other = names.indices.first { $0 != index && isDate(samples.columns[$0]) }
        } else if isDate(column) {
            other = names.indices.first {
                $0 != index && samples.columns[$0].texts > 0 && samples.columns[$0].times.shape == .timeOfDay
                    && ColumnNames.times.contains(plain[$0])
            }
        } else {
            other = nil
        }
        guard shape == .timeOfDay else {
            return TimeColumn(index: index, reading: .text(TimeFormat(shape)), timeOfDay: other)
        }
        guard let other else {
            throw TelemetryError(
                .badTime, path: path, field: names[index],
                found: "the time of day without the date (\(column.firstText.map { "'\($0)'" } ?? ""))",
                expected: "a column with date and time, or --row-seconds with the time from row to row")
        }
        shape = try Self.shape(samples.columns[other].times, other, names, options, path, wholeColumn)
        return TimeColumn(index: other, reading: .text(TimeFormat(shape)), timeOfDay: index)
    }

    /// Whether a column holds dates without a time: no colon in what reads as a date.
    private static func isDate(_ column: ColumnSamples.Column) -> Bool {
        guard column.texts > 0, 2 * column.times.best >= column.texts, column.times.shape != .timeOfDay,
            let text = column.firstText
        else { return false }
        return !text.contains(":") && (column.times.best > 0)
    }

    private static func shape(
        _ guess: TimeFormatGuess, _ index: Int, _ names: [String], _ options: ReaderOptions, _ path: String,
        _ wholeColumn: (Int) throws -> TimeFormatGuess
    ) throws -> TimeFormat.Shape {
        var guess = guess
        if guess.isAmbiguous {
            if let order = options.dateOrder { return order == .dayMonth ? .dayFirst : .monthFirst }
            if guess.shape == nil { guess = try wholeColumn(index) }
        }
        guard let shape = guess.shape else {
            throw TelemetryError(
                .badTime, path: path, field: names[index],
                found: "dates that read as day/month and as month/day throughout",
                expected: "one day after the 12th, or --date-order day-month or month-day")
        }
        return shape
    }

    /// Numbers such as 20251114110000 that spell a date; eight digits only under a name that means a date.
    private static func isCompact(_ column: ColumnSamples.Column, _ plain: String) -> Bool {
        guard column.texts == 0, !column.distinct.isEmpty else { return false }
        return column.distinct.allSatisfy { bytes in
            bytes.withUnsafeBufferPointer { field in
                let digits = TimeScanner(field).digits
                guard digits == 14 || digits == 12 || (digits == 8 && ColumnNames.dates.contains(plain)) else {
                    return false
                }
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

extension TimeUnit {
    /// The unit of an epoch by its magnitude: seconds have 10 digits between 2001 and 2286; each further unit adds
    /// three.
    static func ofEpoch(_ value: Double) -> TimeUnit {
        switch value.magnitude {
        case 1e17...: .nanoseconds
        case 1e14...: .microseconds
        case 1e11...: .milliseconds
        default: .seconds
        }
    }

    /// The unit that a column's name and its numbers tell.
    static func detected(name: String, values: [Double]) -> TimeUnit {
        if name.hasSuffix("_ms") { return .milliseconds }
        if name.hasSuffix("_us") { return .microseconds }
        if name.hasSuffix("_ns") { return .nanoseconds }
        if isExcel(values) { return .excelDays }
        return ofEpoch(values.first ?? 0)
    }

    /// Whether numbers are days as spreadsheets count them: between 1954 and 2119, with fractions finer than a ten
    /// thousandth of a day, and steps below an hour and a half. Seconds since some start are not written like that.
    private static func isExcel(_ values: [Double]) -> Bool {
        guard values.count > 1, values.allSatisfy({ (20_000..<80_000).contains($0) }) else { return false }
        let fine = values.filter { abs($0 * 1e4 - ($0 * 1e4).rounded()) > 1e-5 }
        let steps = zip(values, values.dropFirst()).map { abs($1 - $0) }.sorted()
        let isFine = 2 * fine.count >= values.count || values.allSatisfy { abs($0 * 48 - ($0 * 48).rounded()) < 1e-6 }
        return isFine && steps[steps.count / 2] < 0.0625 && steps[steps.count / 2] > 0
    }

    /// The numbers that can be of this unit in a column of absolute times; a number outside is of another one.
    var epochRange: ClosedRange<Double> {
        switch self {
        case .seconds: -1e11...1e11.nextDown
        case .milliseconds: 1e11...1e14.nextDown
        case .microseconds: 1e14...1e17.nextDown
        case .nanoseconds: 1e17...1e20
        case .excelDays: 0...2_958_466
        }
    }

    /// Seconds of a number of this unit: since 1970, or since whatever the source counts from.
    func seconds(_ value: Double) -> Double {
        guard self == .excelDays else { return value / perSecond }
        // Eight decimals of a day are a millisecond; what is finer is rounding.
        return ((value - 25_569) * 86_400_000).rounded() / 1000
    }
}
