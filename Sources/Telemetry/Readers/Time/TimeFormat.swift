import Platform

/// How the dates and times of one column are written. Without a zone they are taken as UTC.
struct TimeFormat: Hashable, Sendable {
    /// Which part of the text comes first.
    enum Shape: String, Hashable, Sendable, CaseIterable {
        /// `2025-11-14 11:00:00.25`, `2025-11-14T11:00:00+01:00`, `2025/11/14 11:00 UTC`, `2025-11-14`.
        case yearFirst = "year-month-day"
        /// `20251114T110000Z`, `20251114110000`, `20251114`.
        case compact = "yyyymmdd"
        /// `14.11.2025 11:00`, `14/11/2025 11:00:00`, `14-11-2025`.
        case dayFirst = "day-month-year"
        /// `11/14/2025 11:00:00 AM`, `11.14.2025 11:00:00`.
        case monthFirst = "month-day-year"
        /// Months by name: `Fri, 14 Nov 2025 11:00:00 GMT` (RFC 2822), `Fri Nov 14 11:00:00 2025` (ctime),
        /// `14/Nov/2025:11:00:00 +0000` (Apache), `Nov 14, 2025, 11:00:00 AM`.
        case monthNamed = "month by name"
        /// `11:00:00`, for a column beside one with the date.
        case timeOfDay = "time of day"
        /// `25/11/14 11:00`: where the last number moves from day to day.
        case shortYearFirst = "year-month-day, the year of two digits"
        /// `26:00:00`, `1 days 02:00:00`: since some start, in a column whose name says so.
        case elapsed = "hours, minutes, seconds since the start"
        /// `75:30`: since some start, in a column whose name says so.
        case elapsedMinutes = "minutes and seconds since the start"
        /// `2025111411`, `20251114110000000`: digits that might be a number of seconds as well.
        case digits = "yyyymmddhh, perhaps with minutes, seconds and their fraction"
        /// `251114`, `2511141100`, `251114110000`.
        case shortDigits = "yymmdd, perhaps with hours, minutes and seconds"
        /// `110000`, `80000`: for a column beside one with the date.
        case clockDigits = "hhmmss"
        /// `1100`.
        case shortClockDigits = "hhmm"
        /// `45736,3333`: a number of ``TimeFormat/unit`` with a decimal comma.
        case decimalComma = "a number with a decimal comma"

        /// Which number of a date comes first, for notes.
        var order: String {
            switch self {
            case .dayFirst: "day/month"
            case .monthFirst: "month/day"
            default: "year/month/day"
            }
        }

        /// Those that texts alone may show; the others take what stands beside them to be told.
        static let told: [Shape] = [
            .yearFirst, .compact, .dayFirst, .monthFirst, .monthNamed, .timeOfDay, .shortYearFirst,
        ]
    }

    let shape: Shape
    /// Seconds added to what the text says: of a zone that the header names.
    var offset: Double = 0
    /// Whether a dash behind the hours comes before the end of an interval, though it could be before a zone.
    var isInterval = false
    /// What a number with a decimal comma counts.
    var unit = TimeUnit.seconds

    init(_ shape: Shape) { self.shape = shape }

    /// What is read, for messages.
    static let accepted =
        "a time such as 2025-11-14 11:00:00.25, 2025-11-14T11:00:00+01:00, 14.11.2025 11:00, 11/14/2025 11:00 AM, "
        + "14/Nov/2025:11:00:00 +0000, Fri, 14 Nov 2025 11:00:00 GMT, Fri Nov 14 11:00:00 2025, 20251114T110000Z, "
        + "epoch s, ms, us or ns, Excel days"

    /// Seconds since 1970 (since midnight for a time of day); `nil` when the text is not of this format.
    func seconds(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var scanner = TimeScanner(bytes)
        if isInterval { _ = scanner.cutInterval() }
        guard let time = Self.seconds(&scanner, shape) else {
            // `08:00-08:15`: what begins then.
            guard !isInterval else { return nil }
            scanner = TimeScanner(bytes)
            guard scanner.cutInterval(), let start = Self.seconds(&scanner, shape) else { return nil }
            return start + offset
        }
        return shape == .decimalComma ? unit.seconds(time) : time + offset
    }

    /// The same of a text that is at hand as such.
    func seconds(_ text: String) -> Double? {
        var text = text
        return text.withUTF8 { seconds($0) }
    }

    /// The date that a text is in a shape, and nothing but one.
    static func date(_ bytes: UnsafeBufferPointer<UInt8>, _ shape: Shape) -> Double? {
        var scanner = TimeScanner(bytes)
        return seconds(&scanner, shape)
    }

    private static func seconds(_ scanner: inout TimeScanner, _ shape: Shape) -> Double? {
        switch shape {
        case .yearFirst: yearFirst(&scanner)
        case .compact: compact(&scanner)
        case .dayFirst: numeric(&scanner, dayFirst: true)
        case .monthFirst: numeric(&scanner, dayFirst: false)
        case .monthNamed: monthNamed(&scanner)
        case .timeOfDay:
            // Points stand between three numbers of two digits: `18.00.00`.
            scanner.timeOfDay(followsDate: scanner.digits == 2 && scanner.end - scanner.cursor == 8).flatMap {
                scanner.isAtEnd ? Double($0.seconds) + $0.fraction : nil
            }
        case .shortYearFirst: shortYearFirst(&scanner)
        case .elapsed:
            ElapsedTime.clock(String(decoding: scanner.bytes[scanner.cursor..<scanner.end], as: UTF8.self))
        case .elapsedMinutes:
            ElapsedTime.clock(
                "0:" + String(decoding: scanner.bytes[scanner.cursor..<scanner.end], as: UTF8.self), isLong: true)
        case .digits: spelled(&scanner, yearDigits: 4)
        case .shortDigits: spelled(&scanner, yearDigits: 2)
        case .clockDigits: clock(&scanner, hasSeconds: true)
        case .shortClockDigits: clock(&scanner, hasSeconds: false)
        case .decimalComma: commaNumber(scanner)
        }
    }

    /// Whole seconds and fraction are kept apart to the end, so that a double loses as little as it must.
    private static func joined(
        year: Int, month: Int, day: Int, time: (seconds: Int, fraction: Double) = (0, 0), zone: Int = 0
    ) -> Double? {
        guard CivilTime.isDay(year: year, month: month, day: day) else { return nil }
        let days = CivilTime.daysSince1970(year: year, month: month, day: day)
        return Double(days * 86400 + time.seconds - zone) + time.fraction
    }

    /// The rest of a text whose date has been read: nothing, or a time and perhaps a zone.
    private static func finish(_ scanner: inout TimeScanner, year: Int, month: Int, day: Int) -> Double? {
        if scanner.isAtEnd { return joined(year: year, month: month, day: day) }
        let mark = scanner.cursor
        switch scanner.peek {
        case 0x54, 0x74, 0x5F, 0x3A: scanner.cursor += 1
        case 0x2C:
            scanner.cursor += 1
            scanner.skipBlanks()
        case 0x20, 0x09, 0xC2, 0xE2:
            scanner.skipBlanks()
            // `Nov 14, 2025 @ 11:00:00.000`, as Kibana writes it.
            if scanner.take(0x40) { scanner.skipBlanks() }
        default: break
        }
        guard scanner.cursor > mark, let time = scanner.hour() ?? scanner.timeOfDay(followsDate: true),
            let zone = scanner.zone()
        else {
            return nil
        }
        return joined(year: year, month: month, day: day, time: time, zone: zone)
    }

    private static func yearFirst(_ scanner: inout TimeScanner) -> Double? {
        guard let year = scanner.number(4, 4) else { return nil }
        if scanner.take("年") {
            guard let month = scanner.number(1, 2), scanner.take("月"), let day = scanner.number(1, 2), scanner.take("日")
            else { return nil }
            return finish(&scanner, year: year, month: month, day: day)
        }
        guard let mark = scanner.peek, mark == 0x2D || mark == 0x2F || mark == 0x2E else { return nil }
        scanner.cursor += 1
        guard let month = scanner.number(1, 2), scanner.take(mark), let day = scanner.number(1, 2) else { return nil }
        return finish(&scanner, year: year, month: month, day: day)
    }

    private static func compact(_ scanner: inout TimeScanner) -> Double? {
        let count = scanner.digits
        guard count == 8 || count == 12 || count == 14, let year = scanner.number(4, 4), (1900...2199).contains(year),
            let month = scanner.number(2, 2), let day = scanner.number(2, 2)
        else { return nil }
        var time = (seconds: 0, fraction: 0.0)
        if !scanner.isAtEnd {
            if count == 8 {
                guard [0x54, 0x74, 0x20, 0x5F, 0x2D].contains(where: { scanner.take($0) }) else { return nil }
                // `20251114-11:00:00`, as log4j and FIX have it.
                if scanner.digits < 4 {
                    guard let time = scanner.timeOfDay(), let zone = scanner.zone() else { return nil }
                    return joined(year: year, month: month, day: day, time: time, zone: zone)
                }
            }
            guard let hour = scanner.number(2, 2), let minute = scanner.number(2, 2), hour < 24, minute < 60 else {
                return nil
            }
            let second = scanner.digits > 0 ? scanner.number(2, 2) : 0
            guard let second, second <= 60 else { return nil }
            time.seconds = hour * 3600 + minute * 60 + second
            if scanner.take(0x2E) {
                var (value, scale) = (0.0, 1.0)
                while let digit = scanner.number(1, 1) {
                    if scale < 1e15 { (value, scale) = (value * 10 + Double(digit), scale * 10) }
                }
                time.fraction = value / scale
            }
        }
        guard let zone = scanner.zone() else { return nil }
        return joined(year: year, month: month, day: day, time: time, zone: zone)
    }

    /// The year of two digits, month and day between slashes or points.
    private static func shortYearFirst(_ scanner: inout TimeScanner) -> Double? {
        guard scanner.digits == 2, let year = scanner.number(2, 2), let mark = scanner.peek,
            mark == 0x2F || mark == 0x2E
        else { return nil }
        scanner.cursor += 1
        guard let month = scanner.number(1, 2), scanner.take(mark), scanner.digits <= 2, let day = scanner.number(1, 2)
        else { return nil }
        return finish(&scanner, year: year + (year < 70 ? 2000 : 1900), month: month, day: day)
    }

    /// Day and month in numbers, the year last.
    private static func numeric(_ scanner: inout TimeScanner, dayFirst: Bool) -> Double? {
        guard let first = scanner.number(1, 2), let mark = scanner.peek, mark == 0x2F || mark == 0x2E || mark == 0x2D
        else { return nil }
        scanner.cursor += 1
        guard let second = scanner.number(1, 2), scanner.take(mark) else { return nil }
        let count = scanner.digits
        guard count == 4 || count == 2, var year = scanner.number(2, 4) else { return nil }
        // `25-03-01` begins with the year as often as with the day.
        if count == 2, mark == 0x2D, year <= 31 { return nil }
        if count == 2 { year += year < 70 ? 2000 : 1900 }
        return finish(&scanner, year: year, month: dayFirst ? second : first, day: dayFirst ? first : second)
    }

    private static func monthNamed(_ scanner: inout TimeScanner) -> Double? {
        func skipMarks(_ scanner: inout TimeScanner) {
            while let byte = scanner.peek, byte == 0x20 || byte == 0x2C || byte == 0x2D || byte == 0x2F || byte == 0x2E
            { scanner.cursor += 1 }
        }
        var word = scanner.word()
        if CivilTime.isWeekday(word) {
            skipMarks(&scanner)
            word = scanner.word()
        }
        if let month = CivilTime.month(named: word) {
            // `Nov 14 11:00:00 2025`, `Nov 14, 2025, 11:00:00 AM`.
            skipMarks(&scanner)
            guard let day = scanner.number(1, 2) else { return nil }
            skipMarks(&scanner)
            if scanner.digits == 4, let year = scanner.number(4, 4) {
                return finish(&scanner, year: year, month: month, day: day)
            }
            guard let time = scanner.timeOfDay() else { return nil }
            // `date` puts the zone before the year.
            scanner.skipBlanks()
            var zone = 0
            if scanner.digits == 0 {
                guard let named = ZoneName.offset(scanner.word()) else { return nil }
                zone = named
                scanner.skipBlanks()
            }
            guard let year = scanner.number(4, 4), let late = scanner.zone() else { return nil }
            return joined(year: year, month: month, day: day, time: time, zone: zone + late)
        }
        guard word.isEmpty, let day = scanner.number(1, 2) else { return nil }
        skipMarks(&scanner)
        var name = scanner.foreignWord()
        // `3 de marzo de 2025`.
        let isOf = name == "de"
        if isOf {
            skipMarks(&scanner)
            name = scanner.foreignWord()
        }
        guard let month = CivilTime.month(inAnyLanguage: name) else { return nil }
        skipMarks(&scanner)
        if isOf, scanner.digits == 0, scanner.foreignWord() == "de" { skipMarks(&scanner) }
        let count = scanner.digits
        guard count == 4 || count == 2, var year = scanner.number(2, 4) else { return nil }
        if count == 2 { year += year < 70 ? 2000 : 1900 }
        return finish(&scanner, year: year, month: month, day: day)
    }
}
