import Platform

/// The thresholds of one scored group, from held-out samples.
package struct GroupCalibration: Codable, Sendable, Hashable {
    /// For the fast part of the score, above its drift offset.
    package let level: Double
    /// For the most surprising single metric, above its drift offset; `nil` when the detector does not tell.
    package let single: Double?
    /// What the tail of the level begins with in a stream; `nil`: its threshold stays.
    package let levelTail: TailCalibration?
    /// The same for the single metric.
    package let singleTail: TailCalibration?
    /// Time constant of the drift offset in samples; `nil`: the detector's own.
    package let adaptationTime: Double?

    /// Thresholds with every value given.
    package init(
        level: Double, single: Double?, levelTail: TailCalibration? = nil, singleTail: TailCalibration? = nil,
        adaptationTime: Double? = nil
    ) {
        self.level = level
        self.single = single
        self.levelTail = levelTail
        self.singleTail = singleTail
        self.adaptationTime = adaptationTime
    }
}

/// One group's score, threshold and alarm in one entity's stream.
///
/// The score is the average of trailing means of the group's deviation s over the method's horizons. An alarm is
/// decided by the fast horizons f alone, against the threshold th plus its drift offset o, so that it comes early and
/// goes soon: f > th + o. The threshold itself follows the peaks of the stream (``StreamingTail``). Added to what the
/// slow horizons contribute to the score, that is a threshold for the score itself: score > threshold says the same.
/// What in f only shows metrics on their way back from an earlier deviation, or comes of a stream's having just begun,
/// is added to the threshold: it scores, but does not alarm.
///
/// Beside it a *single* alarm: one metric so far off that it matters although the mean hardly moves. It is announced
/// once, when it begins: a metric that stays off is no news. While it is announced the threshold is lowered to as far
/// below the score as the metric's own limit is below its surprise, so that score > threshold is an alarm again.
struct GroupScore: Sendable {
    private(set) var score = 0.0
    private(set) var threshold = Double.infinity
    private(set) var isAlarm = false
    /// Whether the alarm stands for a single metric's sake alone.
    private(set) var isSingle = false
    private let calibration: GroupCalibration
    private let fastCount: Int
    private var means: [TrailingMean]
    private var settledMeans: [TrailingMean]
    private var offset: DriftOffset?
    private var singleOffset: DriftOffset?
    private var levelTail: StreamingTail?
    private var singleTail: StreamingTail?
    private var state: AlarmRule.State
    private var pulse = PulseState()
    /// Samples of the unbroken stream so far, up to those that a surprise is averaged over.
    private var length = 0

    /// - Parameter adaptationTime: the detector's own.
    init(method: DetectionMethod, calibration: GroupCalibration, adaptationTime: Double?) {
        self.calibration = calibration
        fastCount = method.fastCount
        means = method.horizons.map(TrailingMean.init)
        settledMeans = method.horizons.prefix(method.fastCount).map(TrailingMean.init)
        if method.adaptation != .fixed {
            offset = (calibration.adaptationTime ?? adaptationTime).map(DriftOffset.init)
            singleOffset = offset
        }
        if method.adaptation == .tail {
            levelTail = calibration.levelTail.map { StreamingTail($0, limit: calibration.level) }
            if let limit = calibration.single {
                singleTail = calibration.singleTail.map { StreamingTail($0, limit: limit) }
            }
        }
        state = AlarmRule.State(method.alarmRule)
    }

    mutating func restart() {
        for index in means.indices { means[index].restart() }
        for index in settledMeans.indices { settledMeans[index].restart() }
        length = 0
    }

    /// Takes in what the group's metrics come to at the next sample.
    mutating func update(_ sum: GroupAggregator.Sum) {
        var fast = 0.0
        var settled = 0.0
        var slow = 0.0
        for index in means.indices {
            let mean = means[index].update(sum.deviation)
            if index < fastCount { fast += mean } else { slow += mean }
        }
        for index in settledMeans.indices {
            // What came before a stream counts as quiet: one odd sample at its beginning would weigh as much as many.
            settled += settledMeans[index].update(sum.settledDeviation) * settledMeans[index].filled
        }
        let horizons = Double(means.count)
        score = (fast + slow) / horizons
        let usual = offset?.value ?? 0
        let level = (levelTail?.limit ?? calibration.level) + usual
        threshold = (level * Double(fastCount) + max(0, fast - settled) + slow) / horizons
        offset?.update(fast / Double(fastCount), threshold: calibration.level)
        isAlarm = state.update(score: score, threshold: threshold)
        let isLevelAlarm = isAlarm
        var exceedsSingle = false
        if let calibrated = calibration.single {
            let usual = singleOffset?.value ?? 0
            let limit = (singleTail?.limit ?? calibrated) + usual
            singleOffset?.update(sum.surprise, threshold: calibrated)
            length = min(length + 1, MultiViewDetector.surpriseWindow)
            let surprise = sum.settledSurprise * Double(length) / Double(MultiViewDetector.surpriseWindow)
            exceedsSingle = surprise > limit
            singleTail?.update(surprise - usual, isAlarm: exceedsSingle, isDisturbed: isLevelAlarm)
            isSingle = pulse.update(exceedsSingle) && !isAlarm
            if isSingle {
                isAlarm = true
                if score > 0 { threshold = min(threshold, score * max(0, limit) / surprise) }
            }
        }
        levelTail?.update(
            settled / Double(fastCount) - usual, isAlarm: isLevelAlarm, isDisturbed: exceedsSingle)
    }
}

/// Announces the onset of a condition and forgets it: true for the first samples of a stretch, which ends only after a
/// long time without.
struct PulseState: Sendable {
    static let length = 8
    static let rearm = 60
    private var sinceOnset = Int.max / 2
    private var sinceLast = Int.max / 2

    mutating func update(_ holds: Bool) -> Bool {
        sinceOnset += 1
        sinceLast += 1
        guard holds else { return false }
        if sinceLast > Self.rearm { sinceOnset = 0 }
        sinceLast = 0
        return sinceOnset < Self.length
    }
}

extension GroupScore: StreamState {
    func save(to state: inout StateWriter) {
        state.append(score)
        state.append(threshold)
        state.append(isAlarm)
        state.append(isSingle)
        for mean in means + settledMeans { mean.save(to: &state) }
        state.append(offset?.value)
        state.append(singleOffset?.value)
        levelTail?.save(to: &state)
        singleTail?.save(to: &state)
        self.state.save(to: &state)
        pulse.save(to: &state)
        state.append(length)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        score = try state.double()
        threshold = try state.double()
        isAlarm = try state.bool()
        isSingle = try state.bool()
        for index in means.indices { try means[index].restore(from: &state) }
        for index in settledMeans.indices { try settledMeans[index].restore(from: &state) }
        // Both are there in any case.
        let offsets = (try state.optionalDouble(), try state.optionalDouble())
        offset?.restore(offsets.0)
        singleOffset?.restore(offsets.1)
        try levelTail?.restore(from: &state)
        try singleTail?.restore(from: &state)
        try self.state.restore(from: &state)
        try pulse.restore(from: &state)
        length = try state.int(in: 0...MultiViewDetector.surpriseWindow)
    }
}

extension PulseState: StreamState {
    func save(to state: inout StateWriter) {
        state.append(sinceOnset)
        state.append(sinceLast)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        sinceOnset = try state.int(in: 0...(.max - (1 << 40)))
        sinceLast = try state.int(in: 0...(.max - (1 << 40)))
    }
}
