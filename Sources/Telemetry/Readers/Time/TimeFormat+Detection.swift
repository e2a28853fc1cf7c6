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
    /// Steps of less than a day: rows of one date.
    private var withinDays = 0

    /// The times as each shape reads them, for their order; the first few hundred.
    private var sequences = [[Double]](repeating: [], count: TimeFormat.Shape.told.count)

    init() {}

    /// In which order the times stand, read in the shape that fits best.
    var order: RowOrder {
        guard let place = fits.firstIndex(of: best), best > 0 else { return .ascending }
        return RowOrder(sequences[place])
    }

    mutating func add(_ bytes: UnsafeBufferPointer<UInt8>) {
        texts += 1
        let either = (TimeFormat(.dayFirst).seconds(bytes), TimeFormat(.monthFirst).seconds(bytes))
        if either.0 != nil, either.0 == either.1 { alike += 1 }
        if either.0 != nil, either.1 != nil, bytes.prefix(5).contains(0x2E) { pointed += 1 }
        for (index, shape) in TimeFormat.Shape.told.enumerated() {
            guard let time = TimeFormat(shape).seconds(bytes) else { continue }
            fits[index] += 1
            if sequences[index].count < 256 { sequences[index].append(time) }
            guard shape == .dayFirst || shape == .monthFirst else { continue }
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

    /// The shape that reads most; of two that read the same, the first of the list. Of day first and month first that
    /// both read every text, the one that ``shown`` says; else day first where points stand between them, as almost everywhere,
    /// and `nil` where it is open.
    var shape: TimeFormat.Shape? {
        guard best > 0 else { return nil }
        if isAmbiguous { return shown ?? (pointed == texts ? .dayFirst : nil) }
        return TimeFormat.Shape.told.first { count($0) == best }
    }

    /// The shape that the dates themselves show: of day first and month first that both read every text, the one whose days
    /// follow one another; `nil` where both do (one day, say).
    var shown: TimeFormat.Shape? {
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
