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
        /// `26:00:00`, `1 days 02:00:00`: since some start, in a column whose name says so.
        case elapsed = "hours, minutes, seconds since the start"

        /// Those that texts alone may show; what has elapsed is written like a time of day.
        static let told = allCases.filter { $0 != .elapsed }
    }

    let shape: Shape
    /// Seconds added to what the text says: of a zone that the header names.
    var offset: Double = 0

    init(_ shape: Shape) { self.shape = shape }

    /// What is read, for messages.
    static let accepted =
        "a time such as 2025-11-14 11:00:00.25, 2025-11-14T11:00:00+01:00, 14.11.2025 11:00, 11/14/2025 11:00 AM, "
        + "14/Nov/2025:11:00:00 +0000, Fri, 14 Nov 2025 11:00:00 GMT, Fri Nov 14 11:00:00 2025, 20251114T110000Z, "
        + "epoch s, ms, us or ns, Excel days"

    /// Seconds since 1970 (since midnight for a time of day); `nil` when the text is not of this format.
    func seconds(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var scanner = TimeScanner(bytes)
        guard let time = Self.seconds(&scanner, shape) else { return nil }
        return time + offset
    }

    private static func seconds(_ scanner: inout TimeScanner, _ shape: Shape) -> Double? {
        switch shape {
        case .yearFirst: yearFirst(&scanner)
        case .compact: compact(&scanner)
        case .dayFirst: numeric(&scanner, dayFirst: true)
        case .monthFirst: numeric(&scanner, dayFirst: false)
        case .monthNamed: monthNamed(&scanner)
        case .timeOfDay: scanner.timeOfDay().flatMap { scanner.isAtEnd ? Double($0.seconds) + $0.fraction : nil }
        case .elapsed:
            ElapsedTime.clock(String(decoding: scanner.bytes[scanner.cursor..<scanner.end], as: UTF8.self))
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
        case 0x20, 0x09:
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
            if count == 8 { guard scanner.take(0x54) || scanner.take(0x74) || scanner.take(0x20) else { return nil } }
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
        guard let month = CivilTime.month(named: scanner.word()) else { return nil }
        skipMarks(&scanner)
        let count = scanner.digits
        guard count == 4 || count == 2, var year = scanner.number(2, 4) else { return nil }
        if count == 2 { year += year < 70 ? 2000 : 1900 }
        return finish(&scanner, year: year, month: month, day: day)
    }
}
