/// Which formats fit the texts of a column seen so far.
struct TimeFormatGuess: Hashable, Sendable {
    /// Texts that each shape can read, in the order of `TimeFormat.Shape.allCases`.
    private(set) var fits = [Int](repeating: 0, count: TimeFormat.Shape.allCases.count)
    /// Texts seen.
    private(set) var texts = 0
    /// The calendar days named, as both orders read them, and how far apart they lie.
    private var span: [TimeFormat.Shape: (low: Double, high: Double, steps: Double, last: Double)] = [:]

    /// Texts that day first and month first read as the same time: `07/07/2017`.
    private var alike = 0

    /// The times as each shape reads them, for their order; the first few hundred.
    private var sequences = [[Double]](repeating: [], count: TimeFormat.Shape.allCases.count)

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
        for (index, shape) in TimeFormat.Shape.allCases.enumerated() {
            guard let time = TimeFormat(shape).seconds(bytes) else { continue }
            fits[index] += 1
            if sequences[index].count < 256 { sequences[index].append(time) }
            guard shape == .dayFirst || shape == .monthFirst else { continue }
            if let known = span[shape] {
                span[shape] = (
                    min(known.low, time), max(known.high, time), max(known.steps, abs(time - known.last)), time
                )
            } else {
                span[shape] = (time, time, 0, time)
            }
        }
    }

    func count(_ shape: TimeFormat.Shape) -> Int {
        TimeFormat.Shape.allCases.firstIndex(of: shape).map { fits[$0] } ?? 0
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
    /// both read every text, the one whose days follow one another: `nil` where both do (one day, say).
    var shape: TimeFormat.Shape? {
        guard best > 0 else { return nil }
        if isAmbiguous {
            guard let day = span[.dayFirst], let month = span[.monthFirst] else { return nil }
            // Read in the wrong order, a step from one day to the next becomes a month.
            if day.steps < 7 * 86400 && month.steps > 20 * 86400 { return .dayFirst }
            if month.steps < 7 * 86400 && day.steps > 20 * 86400 { return .monthFirst }
            return nil
        }
        return TimeFormat.Shape.allCases.first { count($0) == best }
    }

    static func == (a: TimeFormatGuess, b: TimeFormatGuess) -> Bool { a.fits == b.fits && a.texts == b.texts }
    func hash(into hasher: inout Hasher) {
        hasher.combine(fits)
        hasher.combine(texts)
    }
}
