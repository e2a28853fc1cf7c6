/// Which formats fit the texts of a column seen so far.
struct TimeFormatGuess: Hashable, Sendable {
    /// Texts that each shape can read, in the order of `TimeFormat.Shape.told`.
    private(set) var fits = [Int](repeating: 0, count: TimeFormat.Shape.told.count)
    /// Texts seen.
    private(set) var texts = 0
    /// The calendar days named, as both orders read them, and how far apart they lie.
    private var span: [TimeFormat.Shape: (low: Double, high: Double, steps: Double, last: Double)] = [:]

    /// Texts that day first and month first read as the same time: `07/07/2017`.
    private var alike = 0
    /// Texts with points between day and month, which mean day first unless the dates show something else.
    private var pointed = 0
    /// Texts with points between their first numbers.
    private var dotted = 0
    /// Steps of less than a day: rows of one date.
    private var withinDays = 0

    /// The times as each shape reads them, for their order; the first few hundred.
    private var sequences = [[Double]](repeating: [], count: TimeFormat.Shape.told.count)

    init() {}

    /// What texts tell that are at hand as such.
    init(_ texts: some Sequence<String>) {
        for var text in texts { text.withUTF8 { add($0) } }
    }

    /// In which order the times stand, read in the shape that fits best.
    var order: RowOrder {
        guard let place = fits.firstIndex(of: best), best > 0 else { return .ascending }
        return RowOrder(sequences[place])
    }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        texts += 1
        let either = (TimeFormat(.dayFirst).seconds(bytes), TimeFormat(.monthFirst).seconds(bytes))
        if either.0 != nil, either.0 == either.1 { alike += 1 }
        let hasPoint = bytes.prefix(5).contains(0x2E)
        if hasPoint { dotted += 1 }
        if either.0 != nil, either.1 != nil, hasPoint { pointed += 1 }
        for (index, shape) in TimeFormat.Shape.told.enumerated() {
            guard let time = TimeFormat(shape).seconds(bytes) else { continue }
            fits[index] += 1
            if sequences[index].count < 256 { sequences[index].append(time) }
            guard shape == .dayFirst || shape == .monthFirst || shape == .shortYearFirst else { continue }
            if let known = span[shape] {
                if shape == .monthFirst, time != known.last, abs(time - known.last) < 86_400 { withinDays += 1 }
                span[shape] = (
                    min(known.low, time), max(known.high, time), max(known.steps, abs(time - known.last)), time
                )
            } else {
                span[shape] = (time, time, 0, time)
            }
        }
    }

    func count(_ shape: TimeFormat.Shape) -> Int {
        TimeFormat.Shape.told.firstIndex(of: shape).map { fits[$0] } ?? 0
    }

    /// Most texts that one shape reads.
    var best: Int { fits.max() ?? 0 }

    /// Whether day and month cannot be told apart yet.
    var isAmbiguous: Bool {
        let (day, month) = (count(.dayFirst), count(.monthFirst))
        return day > 0 && day == month && best == day
    }

    /// Whether every text is the same time in whichever order day and month are read.
    var isTheSameEitherWay: Bool { isAmbiguous && alike == texts }

    /// The times of the first few hundred texts, as a shape reads them.
    func times(_ shape: TimeFormat.Shape) -> [Double] {
        TimeFormat.Shape.told.firstIndex(of: shape).map { sequences[$0] } ?? []
    }

    /// Whether every text is a date of which the year, in two digits, may be the first number or the last.
    private var hasShortYears: Bool {
        best > 0 && count(.shortYearFirst) == best && max(count(.dayFirst), count(.monthFirst)) == best
    }

    /// Whether the year may stand at either end, and nothing shows where. With points between them it stands last, as almost
    /// everywhere.
    var isYearOpen: Bool { hasShortYears && dotted < texts && shownYear == nil }

    /// Of all orders that read every text the one by which days follow one another, where the year may stand at either end: in
    /// the wrong order a day becomes a year or a month.
    private var shownYear: TimeFormat.Shape? {
        let orders = [TimeFormat.Shape.dayFirst, .monthFirst, .shortYearFirst].filter { count($0) == best }
        let steps = orders.compactMap { span[$0]?.steps }
        guard steps.count == orders.count, let least = steps.min(), least > 0,
            steps.count(where: { $0 <= 4 * least }) == 1, least < 32 * 86_400, let place = steps.firstIndex(of: least)
        else { return nil }
        return steps.allSatisfy { $0 == least || $0 > 20 * 86_400 } ? orders[place] : nil
    }

    /// The shape that reads most; of two that read the same, the first of the list. Of day first and month first that
    /// both read every text, the one that ``shown`` says; else day first where points stand between them, as almost everywhere,
    /// and `nil` where it is open.
    var shape: TimeFormat.Shape? {
        guard best > 0 else { return nil }
        if hasShortYears, let shownYear { return shownYear }
        if isAmbiguous { return shown ?? (pointed == texts ? .dayFirst : nil) }
        return TimeFormat.Shape.told.first { count($0) == best }
    }

    /// The shape that the dates themselves show: of day first and month first that both read every text, the one whose days
    /// follow one another; `nil` where both do (one day, say).
    var shown: TimeFormat.Shape? {
        if hasShortYears {
            if let shownYear { return shownYear }
            if isYearOpen { return nil }
        }
        guard isAmbiguous else { return shape }
        guard let day = span[.dayFirst], let month = span[.monthFirst] else { return nil }
        if pointed == texts {
            // The first of each month is one row; whoever writes hours does not jump from month to month.
            return withinDays > 1 && day.steps > 20 * 86400 && 2 * month.steps < day.steps
                ? .monthFirst : month.steps > 20 * 86400 && 2 * day.steps < month.steps ? .dayFirst : nil
        }
        // Read in the wrong order, a step from one day to the next becomes a month.
        if day.steps < 7 * 86400 && month.steps > 20 * 86400 { return .dayFirst }
        if month.steps < 7 * 86400 && day.steps > 20 * 86400 { return .monthFirst }
        return nil
    }

    static func == (a: TimeFormatGuess, b: TimeFormatGuess) -> Bool { a.fits == b.fits && a.texts == b.texts }
    func hash(into hasher: inout Hasher) {
        hasher.combine(fits)
        hasher.combine(texts)
    }
}
