package import Platform

/// What a ``StreamingTail`` begins with: the peaks of the held-out scores, and what a limit is made of.
package struct TailCalibration: Codable, Sendable, Hashable {
    /// t: what a score must exceed to be part of a peak.
    package let initial: Double
    /// The latest peaks' excesses over t, oldest first; at most ``StreamingTail/largestCapacity``.
    package let excesses: [Double]
    /// Samples before each of them since the one before, and since the last one.
    package let waits: [Int]
    package let rest: Int
    /// The excesses' distribution; `nil` when nothing exceeded t.
    package let tail: GeneralizedPareto?
    /// q: false alarms that the limit may cause, a sample.
    package let alarmsPerSample: Double
    /// Exceedances with at most so many samples between them are one peak.
    package let gap: Int

    /// The start that held-out peaks give.
    init(_ peaks: PeaksOverThreshold, alarmsPerSample: Double, gap: Int) {
        let capacity = StreamingTail.largestCapacity
        initial = peaks.initial
        excesses = peaks.excesses.suffix(capacity)
        waits = peaks.waits.suffix(capacity)
        rest = peaks.rest
        tail = peaks.tail
        self.alarmsPerSample = alarmsPerSample
        self.gap = gap
    }

    /// Whether the numbers are usable, also those of a damaged file.
    var isConsistent: Bool {
        initial.isFinite && excesses.count == waits.count && excesses.count <= StreamingTail.largestCapacity
            && excesses.allSatisfy { $0.isFinite && $0 >= 0 }
            && (waits + [rest]).allSatisfy { (0...1 << 40).contains($0) }
            && tail.map { $0.scale > 0 && $0.scale.isFinite && abs($0.shape) <= 0.5 } ?? true
            && alarmsPerSample > 0 && alarmsPerSample.isFinite && (0...1 << 40).contains(gap)
    }
}

/// Peaks over threshold that go on while scores stream: the limit that normal peaks exceed as often as a budget allows,
/// fitted again whenever a peak has passed.
///
/// A peak below the limit joins the pool, and the oldest leaves once the pool is full; so the tail follows drift about
/// as fast as the training part's peaks took to occur. A peak with an alarm in it does not, nor does anything until
/// long after: a fault must not become normal, and views look back at it. But some alarms are false, as many as the
/// budget says, and a pool that never sees what exceeds the limit has a tail that is too light: the limit would fall,
/// more would be left out, and so on (on stationary scores the published form ends at several times its budget). So
/// alarms that come out of a quiet time are *counted*: as many of the latest as twice the budget allows stand for
/// normal peaks of unknown size, which get the size that the present tail expects beyond the limit of their time. What
/// an alarm measured never matters, and however many there are, they do not count for more.
///
/// The limit rises and comes back between the calibrated one and its double: a quiet week is no reason to alarm at
/// less, and a fault that alarms day after day must not raise it without end. What has drifted further needs a new
/// model.
///
/// Sizes are those of scores above their drift offset. Memory is bounded, a sample costs O(1), the end of a peak
/// O(pool · log pool), and nothing depends on how a stream is cut into pieces.
///
/// Source: Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017, algorithms 2 (SPOT) and 3
/// (DSPOT); deviations: peaks instead of samples (declustering), a sliding pool, moments instead of maximum likelihood,
/// counted alarms, quiet times, the bounds.
package struct StreamingTail: Sendable, Hashable {
    /// z: a score above is an alarm.
    package private(set) var limit: Double
    /// The present distribution of excesses.
    package private(set) var tail: GeneralizedPareto?

    /// The pool is as large as that of the training part, within these.
    static let leastCapacity = 50
    static let largestCapacity = 512
    /// Alarms that may stand for normal peaks, in budgets.
    static let countedAlarms = 2.0
    /// Samples after an alarm until something is learned again: as far as the longest view looks back, but at most a
    /// quarter of the time in which the budget allows an alarm.
    static let longestQuarantine = 480.0

    private let start: TailCalibration
    private let floor: Double
    private let ceiling: Double
    private let capacity: Int
    private let quarantine: Int
    private var excesses: [Double]
    private var waits: [Int]
    /// Samples learned from since the last peak.
    private var wait: Int
    /// Samples learned from.
    private var clock = 0
    /// Samples until something is learned again.
    private var remaining = 0
    /// The latest counted alarms: when, and the limit's excess over t.
    private var alarms: [Alarm] = []
    private var peak: Peak?

    private struct Alarm: Sendable, Hashable {
        var clock: Int
        var limit: Double
    }

    private struct Peak: Sendable, Hashable {
        var height: Double
        /// The limit's excess when it began.
        let limit: Double
        var isAlarm = false
        /// Whether nothing is learned from it.
        var isPassedOver: Bool
        /// Samples since it last exceeded t.
        var quiet = 0
    }

    /// A tail before the first sample.
    ///
    /// - Parameter limit: the calibrated threshold.
    package init(_ start: TailCalibration, limit: Double) {
        self.start = start
        self.limit = limit
        floor = limit
        ceiling = limit + abs(limit)
        tail = start.tail
        capacity = min(max(start.excesses.count, Self.leastCapacity), Self.largestCapacity)
        quarantine = Int(min(Self.longestQuarantine, 0.25 / start.alarmsPerSample))
        excesses = start.excesses
        waits = start.waits
        wait = start.rest
    }

    /// Takes in a sample's score above its offset.
    ///
    /// - Parameters:
    ///   - isAlarm: whether the score alarms.
    ///   - isDisturbed: whether something else does.
    package mutating func update(_ score: Double, isAlarm: Bool, isDisturbed: Bool = false) {
        guard score.isFinite else { return }
        let isAlarm = isAlarm || score > limit
        let isLearning = remaining <= 0
        if score > start.initial {
            var now = peak ?? Peak(height: score, limit: limit - start.initial, isPassedOver: !isLearning)
            now.height = max(now.height, score)
            now.quiet = 0
            peak = now
        } else {
            peak?.quiet += 1
            if let passed = peak, passed.quiet > start.gap { end(passed) }
        }
        if isAlarm { peak?.isAlarm = true }
        if isDisturbed { peak?.isPassedOver = true }
        if isAlarm || isDisturbed {
            remaining = quarantine
        } else {
            remaining = max(0, remaining - 1)
            guard isLearning, peak.map({ !$0.isAlarm && !$0.isPassedOver }) ?? true else { return }
            wait += 1
            clock += 1
        }
    }

    private mutating func end(_ peak: Peak) {
        self.peak = nil
        guard !peak.isPassedOver else { return }
        if peak.isAlarm {
            alarms.append(Alarm(clock: clock, limit: peak.limit))
            if alarms.count > capacity { alarms.removeFirst() }
        } else {
            excesses.append(peak.height - start.initial)
            waits.append(wait)
            wait = 0
            if excesses.count > capacity {
                excesses.removeFirst()
                waits.removeFirst()
            }
        }
        fit()
    }

    private mutating func fit() {
        let samples = waits.reduce(wait, +)
        alarms.removeAll { $0.clock <= clock - samples }
        let budget = start.alarmsPerSample * Double(samples)
        let counted = Int(min(Double(alarms.count), Self.countedAlarms * budget) + 0.5)
        let beyond = alarms.suffix(counted).map { alarm in
            alarm.limit + (tail.map { max(0, $0.scale + $0.shape * alarm.limit) / (1 - $0.shape) } ?? 0)
        }
        guard let fitted = GeneralizedPareto(fittedTo: excesses + beyond) else { return }
        // As in calibration, what is rarer than what the pool has seen is not extrapolated to.
        let count = Double(excesses.count + counted)
        let probability = PeaksOverThreshold.expected(budget, of: count) / count
        let excess = probability >= 1 ? 0 : fitted.excess(exceededWith: max(probability, .leastNonzeroMagnitude))
        let raised = start.initial + excess
        guard raised.isFinite else { return }
        tail = fitted
        limit = min(max(raised, floor), ceiling)
    }
}

extension StreamingTail: StreamState {
    /// Writes the pool, the counted alarms and the peak that is under way; the limit follows from them.
    package func save(to state: inout StateWriter) {
        state.append(limit)
        state.append(tail != nil)
        state.append(tail?.scale ?? 0)
        state.append(tail?.shape ?? 0)
        state.append(excesses)
        state.append(waits)
        state.append(wait)
        state.append(clock)
        state.append(remaining)
        state.append(alarms.map(\.clock))
        state.append(alarms.map(\.limit))
        state.append(peak != nil)
        state.append(peak?.height ?? 0)
        state.append(peak?.limit ?? 0)
        state.append(peak?.isAlarm ?? false)
        state.append(peak?.isPassedOver ?? false)
        state.append(peak?.quiet ?? 0)
    }

    /// Takes them up.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        limit = try state.double()
        let hasTail = try state.bool()
        let (scale, shape) = (try state.double(), try state.double())
        guard !hasTail || (scale > 0 && scale.isFinite && shape.isFinite) else {
            throw StateError("a tail of scale \(scale)")
        }
        tail = hasTail ? GeneralizedPareto(shape: shape, scale: scale) : nil
        excesses = try state.doubles()
        waits = try state.ints(count: excesses.count)
        guard excesses.count <= Self.largestCapacity, waits.allSatisfy({ (0...1 << 40).contains($0) }) else {
            throw StateError("a pool of \(excesses.count) peaks")
        }
        wait = try state.int(in: 0...(1 << 40))
        clock = try state.int(in: 0...(1 << 60))
        remaining = try state.int(in: 0...(1 << 40))
        let clocks = try state.ints()
        let limits = try state.doubles(count: clocks.count)
        alarms = zip(clocks, limits).map { Alarm(clock: $0, limit: $1) }
        let hasPeak = try state.bool()
        let (height, begin) = (try state.double(), try state.double())
        let (isAlarm, isPassedOver) = (try state.bool(), try state.bool())
        let quiet = try state.int(in: 0...(1 << 40))
        peak =
            hasPeak
            ? Peak(height: height, limit: begin, isAlarm: isAlarm, isPassedOver: isPassedOver, quiet: quiet) : nil
    }
}
