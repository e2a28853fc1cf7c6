/// Times that are numbers: moments, what counts from some start, and digits that spell a date.
extension TimeColumn {
    /// The time that a column of numbers is.
    ///
    /// - Throws: ``TelemetryError`` where it may be several things.
    static func numbers(
        _ index: Int, _ names: [String], _ plain: [String], _ samples: ColumnSamples, _ options: ReaderOptions,
        _ path: String
    ) throws -> TimeColumn {
        let column = samples.columns[index]
        func refusal(_ doubt: (found: String, expected: String)) -> TelemetryError {
            TelemetryError(.badTime, path: path, field: names[index], found: doubt.found, expected: doubt.expected)
        }
        if options.timeUnit == nil {
            if isCompact(column, plain[index]) {
                let time = TimeColumn(index: index, reading: .text(TimeFormat(.compact)))
                return isDate(column) ? try time.withTimeOfDay(names, plain, samples, path) : time
            }
            if SpelledDates.areShort(column, plain[index]) {
                let time = TimeColumn(index: index, reading: .text(TimeFormat(.shortDigits)))
                return try time.withTimeOfDay(names, plain, samples, path)
            }
            switch SpelledDates(column, isUnitStated: TimeUnit.stated(in: names[index]) != nil) {
            case .dates(let shape): return TimeColumn(index: index, reading: .text(TimeFormat(shape)))
            case .open:
                throw refusal(
                    (
                        "numbers such as \(Int(column.numbers[0])), which may spell a date or count seconds",
                        "rows of more than a day (an hour, where minutes are written), a date with marks, as in "
                            + "2025-11-14 11:00, or --time-unit seconds"
                    ))
            case .none: break
            }
        }
        let values = column.hasDecimalCommas ? column.commaNumbers : column.numbers
        let days = options.timeUnit == nil ? dayUnit(values, plain[index]) : nil
        let unit = options.timeUnit ?? days ?? TimeUnit.detected(name: names[index], values: values)
        let isStated = options.timeUnit != nil || days != nil || TimeUnit.stated(in: names[index]) == unit
        if let doubt = doubt(values, unit: unit, isStated: isStated)
            ?? doubt(values, calledMoment: plain[index], isStated: isStated)
        {
            throw refusal(doubt)
        }
        guard column.hasDecimalCommas else { return TimeColumn(index: index, reading: .number(unit)) }
        var format = TimeFormat(.decimalComma)
        format.unit = unit
        return TimeColumn(index: index, reading: .text(format))
    }

    /// The unit of whole days under a name for dates: those that spreadsheets count, or those since 1970, whichever are of
    /// our time; `nil` for other numbers.
    private static func dayUnit(_ values: [Double], _ plain: String) -> TimeUnit? {
        guard ["date", "datum", "fecha", "дата", "日期"].contains(plain), values.count > 1,
            values.allSatisfy({ $0 == $0.rounded() })
        else { return nil }
        if values.allSatisfy({ (32_874..<55_000).contains($0) }) { return .excelDays }
        return values.allSatisfy { (7305..<29_220).contains($0) } ? .days : nil
    }

    /// The time where a column of digits holds the time of day beside dates: `20250303,80000`; `nil` where it does not.
    ///
    /// - Throws: ``TelemetryError`` where the dates beside it cannot be read.
    static func clockInDigits(
        _ index: Int, _ names: [String], _ plain: [String], _ samples: ColumnSamples, _ options: ReaderOptions,
        _ path: String, _ evidence: DateEvidence
    ) throws -> TimeColumn? {
        let column = samples.columns[index]
        guard column.texts == 0, column.missing == 0, column.isWhole, let most = column.numbers.max(), most < 240_000,
            let date = dateBeside(index, names, samples)
        else { return nil }
        let widths = Set(
            column.distinct.map { cell in cell.withUnsafeBufferPointer { TimeScanner($0).digits } })
        func times(_ shape: TimeFormat.Shape) -> [Double]? {
            let times = column.numbers.compactMap { number -> Double? in
                let text = Array(String(Int(number)).utf8)
                return text.withUnsafeBufferPointer { TimeFormat(shape).seconds($0) }
            }
            return times.count == column.numbers.count ? times : nil
        }
        if let times = times(.clockDigits), widths == [6] || (widths != [4] && most >= 2400),
            widths == [6] || Steps(times).share > Steps(column.numbers).share
        {
            return try dated(date, timeOfDay: index, .clockDigits, names, samples, options, path, evidence)
        }
        if let times = times(.shortClockDigits), widths == [4] || Steps(times).share > Steps(column.numbers).share {
            return try dated(date, timeOfDay: index, .shortClockDigits, names, samples, options, path, evidence)
        }
        return nil
    }

    /// Seconds since 1970 that stand beside a text of the local time, which names no zone: by these the times are in UTC.
    static func epoch(beside chosen: Int, _ readable: [Int], _ samples: ColumnSamples) -> Int? {
        let texts = samples.columns[chosen]
        guard let text = texts.firstText, texts.numbers.isEmpty, let shape = texts.times.shape, shape != .timeOfDay,
            !namesZone(text)
        else { return nil }
        let local = texts.times.times(shape)
        return readable.first { index in
            let column = samples.columns[index]
            guard index != chosen, column.texts == 0, column.numbers.count == local.count, column.numbers.count > 1,
                column.numbers.allSatisfy({ $0 >= 1e8 && $0 < 1e20 }), let first = column.numbers.first
            else { return false }
            let unit = TimeUnit.ofEpoch(first)
            let apart = zip(local, column.numbers).map { $0 - unit.seconds($1) }
            guard let shift = apart.first.map({ ($0 / 900).rounded() * 900 }), shift != 0, abs(shift) <= 14 * 3600
            else {
                return false
            }
            return apart.allSatisfy { abs($0 - shift) <= 1 }
        }
    }

    /// Whether dashes behind the hours come before the end of an interval, and not before a zone: all are as long, and more
    /// ends than zones, or some that can be no zone.
    static func isInterval(_ column: ColumnSamples.Column, _ shape: TimeFormat.Shape) -> Bool {
        guard shape != .timeOfDay else { return false }
        var (ends, lengths, noZones, count) = (Set<Double>(), [Double: Int](), 0, 0)
        for cell in column.distinct {
            cell.withUnsafeBufferPointer { bytes in
                guard let interval = TimeScanner(bytes).clockInterval() else { return }
                count += 1
                ends.insert(interval.end)
                lengths[interval.length, default: 0] += 1
                if TimeFormat.date(bytes, shape) == nil { noZones += 1 }
            }
        }
        guard count > 0, 2 * count >= column.distinct.count else { return false }
        return 10 * (lengths.values.max() ?? 0) >= 9 * count && (ends.count > 2 || noZones > 0)
    }
}

/// The distances from number to number.
struct Steps {
    /// What part of the steps other than 0 are as long as the one in the middle.
    let share: Double

    init(_ values: [Double]) {
        let steps = zip(values.dropFirst(), values).map { $0 - $1 }.filter { $0 != 0 }.sorted()
        guard !steps.isEmpty else {
            share = 0
            return
        }
        let middle = steps[steps.count / 2]
        share = Double(steps.count { abs($0 - middle) <= 1e-6 * abs(middle) }) / Double(steps.count)
    }
}

/// Whether digits spell dates where they could be seconds as well.
enum SpelledDates: Equatable {
    case dates(TimeFormat.Shape)
    /// They may be dates or seconds of years to come.
    case open
    case none

    /// Whether numbers under a name for dates are such as 251114: read as dates they go on more evenly.
    static func areShort(_ column: ColumnSamples.Column, _ plain: String) -> Bool {
        guard ["date", "datum", "fecha", "дата", "日期"].contains(plain), column.isWhole, column.texts == 0,
            column.numbers.allSatisfy({ (1e5..<1e6).contains($0) })
        else { return false }
        let dates = column.numbers.compactMap { number -> Double? in
            Array(String(Int(number)).utf8).withUnsafeBufferPointer { TimeFormat(.shortDigits).seconds($0) }
        }
        return dates.count == column.numbers.count && Steps(dates).share > Steps(column.numbers).share
    }

    /// The rule: every cell is a date of the calendar, and read as dates they go on more evenly than as numbers, as
    /// …23 and then …00 of the next day. Numbers that could not be seconds of our time need no more than the first.
    init(_ column: ColumnSamples.Column, isUnitStated: Bool) {
        self = .none
        guard column.texts == 0, let first = column.numbers.first, first >= 1e9 else { return }
        for shape in [TimeFormat.Shape.digits, .shortDigits] {
            let isSpelled = column.distinct.allSatisfy { cell in
                cell.withUnsafeBufferPointer {
                    FieldText.content($0) == .missing || TimeFormat(shape).seconds($0) != nil
                }
            }
            guard isSpelled else { continue }
            // Longer ones could be no seconds of our time in any unit.
            let isShort = first < 1e11
            if !isShort && !isUnitStated {
                self = .dates(shape)
                return
            }
            let dates = column.numbers.compactMap { number -> Double? in
                guard number < 1e15 else { return nil }
                return Array(String(Int(number)).utf8).withUnsafeBufferPointer { TimeFormat(shape).seconds($0) }
            }
            if dates.count == column.numbers.count, Steps(dates).share > Steps(column.numbers).share {
                self = .dates(shape)
            } else if isShort, first >= 2e9 || shape == .digits, !isUnitStated {
                self = .open
            }
            return
        }
    }
}

extension TimeScanner {
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
