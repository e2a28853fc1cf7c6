extension TimeColumn {
    /// What speaks against numbers being moments of a unit that nobody stated; `nil` where nothing does.
    ///
    /// Nanoseconds of before 2001 are counts of 100 ns since another year, as Windows and .NET write them. Seconds since some
    /// start that go on evenly by thousands, and not by hours or days, are thousandths.
    static func doubt(_ values: [Double], unit: TimeUnit, isStated: Bool) -> (found: String, expected: String)? {
        guard let first = values.first, !isStated else { return nil }
        if unit == .nanoseconds, values.allSatisfy({ (1e17..<1e18).contains($0) }) {
            return (
                "numbers such as \(whole(first)), which as nanoseconds are of before 2001",
                "seconds to nanoseconds since 1970: of Windows' FILETIME, x / 1e7 - 11644473600 are seconds, of .NET's ticks "
                    + "x / 1e7 - 62135596800; or --time-unit nanoseconds"
            )
        }
        if let doubt = doubtOfEra(values, first, unit) { return doubt }
        guard unit == .seconds, first.magnitude < 9e8, values.allSatisfy({ $0 == $0.rounded() }) else { return nil }
        let steps = zip(values.dropFirst(), values).map { $0 - $1 }.filter { $0 > 0 }.sorted()
        guard steps.count > 2 else { return nil }
        let step = steps[steps.count / 2]
        let areEven = 2 * steps.count { abs($0 - step) <= 0.1 * step } >= steps.count
        guard areEven, step >= 1000, !isUsual(seconds: step) else { return nil }
        return (
            "numbers \(whole(step)) apart, which as seconds are \(step / 3600 > 48 ? "\(whole(step / 86400)) days" : "\(whole(step / 60)) minutes")",
            "a unit: --time-unit milliseconds (or microseconds, seconds, …), or a name that says it, such as time_ms"
        )
    }

    /// What speaks against moments of another time than ours: those that are counted from another year, or in another unit.
    private static func doubtOfEra(
        _ values: [Double], _ first: Double, _ unit: TimeUnit
    ) -> (found: String, expected: String)? {
        if unit == .excelDays, values.allSatisfy({ $0 >= 55_000 }) {
            return (
                "numbers such as \(first), which as Excel's days are of after 2050",
                "days since 1900: of modified Julian days, (x - 40587) * 86400 are seconds since 1970; or --time-unit excel-days"
            )
        }
        if unit == .seconds, TimeUnit.areDays(values, in: 715_000..<770_000) {
            return (
                "numbers such as \(first), which may be days since year 0, as MATLAB counts them",
                "seconds to nanoseconds since 1970: of MATLAB's days, (x - 719529) * 86400 are seconds; or --time-unit seconds"
            )
        }
        if unit == .seconds, TimeUnit.areDays(values, in: 2_430_000..<2_500_000) {
            return (
                "numbers such as \(first), which may be Julian days",
                "seconds to nanoseconds since 1970: of Julian days, (x - 2440587.5) * 86400 are seconds; or --time-unit seconds"
            )
        }
        if unit == .seconds, values.allSatisfy({ (2.84e9..<4.3e9).contains($0) }) {
            return (
                "numbers such as \(whole(first)), which as seconds since 1970 are of after 2059",
                "seconds since 1970: of NTP's since 1900, x - 2208988800; or --time-unit seconds"
            )
        }
        guard [.seconds, .milliseconds, .microseconds, .nanoseconds].contains(unit),
            values.allSatisfy({ $0 / unit.perSecond > 7.26e9 && $0 < 1e20 })
        else { return nil }
        return (
            "numbers such as \(whole(first)), which as \(unit.rawValue) since 1970 are of after 2200",
            "seconds to nanoseconds since 1970, a date with marks, as in 2025-11-14 11:00, or --time-unit \(unit.rawValue)"
        )
    }

    /// What speaks against numbers under a name for moments being seconds since some start: they would be minutes since 1970.
    static func doubt(
        _ values: [Double], calledMoment plain: String, isStated: Bool
    ) -> (found: String, expected: String)? {
        guard let first = values.first, !isStated, ColumnNames.mustBeTime(plain), values.count > 2,
            values.allSatisfy({ $0 == $0.rounded() && (1.2e7..<6.9e7).contains($0) })
        else { return nil }
        let steps = zip(values.dropFirst(), values).map { abs($0 - $1) }.filter { $0 > 0 }.sorted()
        guard let step = steps.isEmpty ? nil : steps[steps.count / 2], step <= 1440,
            1440.truncatingRemainder(dividingBy: step) == 0
        else { return nil }
        return (
            "numbers such as \(whole(first)), which may be minutes since 1970",
            "a unit: --time-unit minutes (or seconds, where they count from some start)"
        )
    }

    private static func whole(_ number: Double) -> String { number < 1e15 ? "\(Int(number))" : "\(number)" }

    /// Whether somebody takes samples so many seconds apart: whole minutes but for thousands, whole hours up to a week, whole
    /// days.
    private static func isUsual(seconds step: Double) -> Bool {
        func isMultiple(_ of: Double) -> Bool { step.truncatingRemainder(dividingBy: of) == 0 }
        if isMultiple(3600) { return step <= 604_800 || isMultiple(86_400) }
        return isMultiple(60) && !isMultiple(1000)
    }

    /// A text column that goes on like a time and is none that is read: `2025-03-03 08:00 - 08:01`, `2024-W07`, `00:01:02`.
    ///
    /// Where nothing else is the time, rows would be taken to be a second apart in silence.
    static func unreadTime(_ samples: ColumnSamples) -> Int? {
        samples.columns.indices.first { index in
            let column = samples.columns[index]
            guard samples.wholeRows > 2, column.texts > 2, column.numbers.isEmpty,
                2 * column.distinct.count > samples.wholeRows
            else { return false }
            return column.distinct.allSatisfy { cell in
                cell.withUnsafeBufferPointer { FieldText.content($0) == .missing || looksLikeTime($0) }
            }
        }
    }

    /// Whether a text begins with a year and a part of it, or is written as hours, minutes and seconds.
    private static func looksLikeTime(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var scanner = TimeScanner(bytes)
        while let byte = scanner.peek, byte == 0x28 || byte == 0x5B { scanner.cursor += 1 }
        let start = scanner.cursor
        if scanner.digits == 4, let year = scanner.number(4, 4), (1900...2199).contains(year), let mark = scanner.peek {
            if mark == 0x51 || mark == 0x71 || mark == 0x57 || mark == 0x77 { return true }
            if mark == 0x2D || mark == 0x2F || mark == 0x20 {
                scanner.cursor += 1
                let letter = scanner.peek.map { $0 | 0x20 }
                return (1...3).contains(scanner.digits) || letter == 0x71 || letter == 0x77
            }
            return false
        }
        scanner.cursor = start
        return ElapsedTime.clock(String(decoding: scanner.bytes[start..<scanner.end], as: UTF8.self)) != nil
    }

    /// The first column whose name says that it counts from some start, and whose texts do: `00:01:02`, or `75:30`.
    ///
    /// - Throws: ``TelemetryError`` for two numbers that may be hours and minutes, or minutes and seconds.
    static func elapsedText(
        _ names: [String], _ plain: [String], _ samples: ColumnSamples, _ path: String
    ) throws -> (index: Int, shape: TimeFormat.Shape)? {
        for index in plain.indices {
            let column = samples.columns[index]
            guard column.texts > 1, column.numbers.isEmpty, column.missing == 0,
                ColumnNames.isElapsed(plain[index])
                    || WordRules.words(of: plain[index]).contains(where: {
                        ["elapsed", "uptime", "runtime"].contains(String(decoding: $0, as: UTF8.self))
                    })
            else { continue }
            func reads(_ shape: TimeFormat.Shape) -> Bool {
                column.distinct.allSatisfy { cell in
                    cell.withUnsafeBufferPointer { TimeFormat(shape).seconds($0) } != nil
                }
            }
            if reads(.elapsed) { return (index, .elapsed) }
            guard reads(.elapsedMinutes) else { continue }
            // Hours are not counted so far.
            let isLong = column.distinct.contains { cell in
                cell.withUnsafeBufferPointer { TimeFormat(.elapsedMinutes).seconds($0) ?? 0 } >= 3600
            }
            let hasFraction = column.distinct.contains { $0.contains(0x2E) || $0.contains(0x2C) }
            guard isLong || hasFraction else {
                throw TelemetryError(
                    .badTime, path: path, field: names[index],
                    found: "'\(column.firstText ?? "")': hours and minutes, or minutes and seconds",
                    expected: "hours, minutes and seconds, as in 00:01:02, or --row-seconds")
            }
            return (index, .elapsedMinutes)
        }
        return nil
    }
}
