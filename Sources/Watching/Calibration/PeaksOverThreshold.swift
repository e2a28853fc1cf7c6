import Numerics

/// The tail of held-out normal scores, from which thresholds follow for any budget of false alarms.
///
/// What counts is alarms, not samples: scores above the initial threshold t with at most `gap` samples between them
/// are one peak, as they would be one alarm; the excesses of the peaks get a generalised Pareto distribution. With
/// N_t peaks in n days and a budget of q alarms a day, z_q = t + σ/γ·((q·n/N_t)^−γ − 1), for γ → 0
/// t − σ·ln(q·n/N_t).
///
/// Source: Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017, equation 1; declustering
/// by runs: Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001, section 5.3.
package struct PeaksOverThreshold: Sendable, Equatable {
    /// t: the initial threshold, the 98 % quantile of the scores.
    package let initial: Double
    /// The excesses' distribution; `nil` when nothing exceeds t.
    package let tail: GeneralizedPareto?
    /// The peaks' excesses over t, in time order, one entity after the other.
    package let excesses: [Double]
    /// Samples from the beginning of the peak before to that of each; the first counts from the start.
    package let waits: [Int]
    /// Samples from the beginning of the last peak to the end.
    package let rest: Int
    /// n: days of held-out scores.
    package let days: Double

    /// The share of scores below the initial threshold.
    package static let initialQuantile = 0.98

    /// The tail of scores in time order.
    ///
    /// - Parameters:
    ///   - scores: held-out scores, one array for each entity.
    ///   - stepSeconds: time from one sample to the next.
    ///   - gap: exceedances with at most so many samples between them are one peak.
    /// - Throws: ``DetectionError`` (`insufficientData`) without a score.
    package init(scores: [[Double]], stepSeconds: Double, gap: Int) throws(DetectionError) {
        precondition(stepSeconds > 0 && gap >= 0, "time passes, and gaps are not negative")
        let sorted = scores.flatMap(\.self).sorted()
        guard !sorted.isEmpty else {
            throw DetectionError(.insufficientData, "calibrating a threshold", "no held-out score")
        }
        days = Double(sorted.count) * stepSeconds / 86_400
        let initial = sorted.quantile(Self.initialQuantile)
        var excesses: [Double] = []
        var waits: [Int] = []
        var before = 0
        var first = 0
        for scores in scores {
            for peak in Self.peaks(scores, above: initial, gap: gap) {
                excesses.append(peak.height - initial)
                waits.append(first + peak.start - before)
                before = first + peak.start
            }
            first += scores.count
        }
        self.initial = initial
        self.excesses = excesses
        self.waits = waits
        rest = first - before
        tail = GeneralizedPareto(fittedTo: excesses)
    }

    /// Where each cluster of scores above a threshold begins, and its largest score.
    private static func peaks(
        _ scores: [Double], above threshold: Double, gap: Int
    ) -> [(start: Int, height: Double)] {
        var peaks: [(start: Int, height: Double)] = []
        var last = Int.min / 2
        for (index, score) in scores.enumerated() where score > threshold {
            if index - last > gap + 1 {
                peaks.append((index, score))
            } else {
                peaks[peaks.count - 1].height = max(peaks[peaks.count - 1].height, score)
            }
            last = index
        }
        return peaks
    }

    /// What the shape is shrunk to, and as if by how many more peaks: a handful of peaks does not know its tail.
    static let usualShape = (value: 0.1, count: 20.0)
    /// The rate of peaks is taken to be so many of its standard errors (√N_t) higher than it was: held-out blocks are
    /// of another hour than what comes. Where the budget allows less than one alarm in the held-out part, it cannot be
    /// kept anyway, and caution counts by as much as the part covers of the time for one.
    static let caution = 3.0
    /// Peaks that may exceed the limit in a held-out part that is nothing beside the time for one alarm. No tail is known
    /// that far out, and a limit that pretends to know it finds nothing; one peak may be of something that happened.
    static let fewest = 2.0
    /// With fewer peaks than this fewer may, by the square: a few are no tail.
    static let enough = 8.0

    /// Peaks of the held-out part that may exceed the limit.
    ///
    /// - Parameters:
    ///   - allowed: as the budget has it.
    ///   - count: of so many peaks.
    ///   - fewest: peaks that may exceed the limit whatever the budget; ``fewest`` but for one of several limits that share.
    static func expected(_ allowed: Double, of count: Double, fewest: Double = Self.fewest) -> Double {
        guard allowed < 1 else { return allowed }
        let known = min(1, count / enough)
        return min(
            fewest + (1 - fewest) * allowed, (Self.fewest + (1 - Self.fewest) * allowed) * known * known)
    }

    /// The threshold of one of several scores that share what may exceed them where the held-out part is shorter than the
    /// time for one alarm, the less of it the more of that time is covered.
    ///
    /// - Returns: `nil` where all of it is.
    package func sharedThreshold(alarmsPerDay: Double, among count: Int) -> Double? {
        let share = max(0, 1 - alarmsPerDay * days) / Double(count)
        return share > 0 ? threshold(alarmsPerDay: share * alarmsPerDay, fewest: share * Self.fewest) : nil
    }

    /// The threshold that normal samples exceed so many times a day: that of a tail with a shrunk shape and the mean of
    /// the excesses, and of a cautious rate of peaks, so that what is observed is rather less than more.
    ///
    /// A budget that even t keeps gets t: what lies below it is not a tail.
    ///
    /// - Parameter fewest: see ``expected(_:of:fewest:)``.
    /// - Precondition: `alarmsPerDay` is positive.
    package func threshold(alarmsPerDay: Double, fewest: Double = Self.fewest) -> Double {
        precondition(alarmsPerDay > 0, "a budget is positive")
        let positive = excesses.filter { $0 > 0 && $0.isFinite }
        guard let tail, !positive.isEmpty else { return initial }
        let count = Double(positive.count)
        let shape =
            (tail.shape * count + Self.usualShape.value * Self.usualShape.count) / (count + Self.usualShape.count)
        let cautious = GeneralizedPareto(
            shape: shape, scale: positive.reduce(0, +) / count * (1 - shape))
        let allowed = alarmsPerDay * days
        let caution = Self.caution * min(1, allowed)
        let probability = Self.expected(allowed, of: count, fewest: fewest) / (count + caution * count.squareRoot())
        return probability >= 1 ? initial : initial + cautious.excess(exceededWith: probability)
    }
}
