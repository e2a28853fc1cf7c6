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
        guard ColumnNames.isDate(plain), values.count > 1,
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
            let times = column.numbers.compactMap { number in
                TimeFormat(shape).seconds(String(Int(number)))
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
