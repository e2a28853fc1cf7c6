/// The thresholds of one scored group, from held-out samples.
package struct GroupCalibration: Codable, Sendable, Hashable {
    /// For the fast part of the score, above its drift offset.
    package let level: Double
    /// For the most surprising single metric, above its drift offset; `nil` when the detector does not tell.
    package let single: Double?

    /// Thresholds with both values given.
    package init(level: Double, single: Double?) {
        self.level = level
        self.single = single
    }
}

/// One group's score, threshold and alarm in one entity's stream.
///
/// The score is the average of trailing means of the group's deviation s over the method's horizons. An alarm is
/// decided by the fast horizons f alone, against the threshold th plus its drift offset o, so that it comes early and
/// goes soon: f > th + o. Added to what the slow horizons contribute to the score, that is a threshold for the score
/// itself: score > threshold says the same. What in f only shows metrics on their way back from an earlier deviation is
/// added to the threshold: a return scores, but does not alarm.
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
    private var state: AlarmRule.State
    private var pulse = PulseState()

    init(method: DetectionMethod, calibration: GroupCalibration, adaptationTime: Double?) {
        self.calibration = calibration
        fastCount = method.fastCount
        means = method.horizons.map(TrailingMean.init)
        settledMeans = method.horizons.prefix(method.fastCount).map(TrailingMean.init)
        offset = adaptationTime.map(DriftOffset.init)
        singleOffset = offset
        state = AlarmRule.State(method.alarmRule)
    }

    mutating func restart() {
        for index in means.indices { means[index].restart() }
        for index in settledMeans.indices { settledMeans[index].restart() }
    }

    /// Takes in the group's deviation and its most surprising metric at the next sample, each also without the metrics
    /// that are on their way back.
    mutating func update(deviation: Double, withoutReturns: Double, single: Double, singleWithoutReturns: Double) {
        var fast = 0.0
        var settled = 0.0
        var slow = 0.0
        for index in means.indices {
            let mean = means[index].update(deviation)
            if index < fastCount { fast += mean } else { slow += mean }
        }
        for index in settledMeans.indices { settled += settledMeans[index].update(withoutReturns) }
        let horizons = Double(means.count)
        score = (fast + slow) / horizons
        let level = calibration.level + (offset?.value ?? 0)
        threshold = (level * Double(fastCount) + max(0, fast - settled) + slow) / horizons
        offset?.update(fast / Double(fastCount), threshold: calibration.level)
        isAlarm = state.update(score: score, threshold: threshold)
        if let limit = calibration.single {
            let limit = limit + (singleOffset?.value ?? 0)
            singleOffset?.update(single, threshold: calibration.single ?? limit)
            isSingle = pulse.update(singleWithoutReturns > limit) && !isAlarm
            guard isSingle else { return }
            isAlarm = true
            if score > 0 { threshold = min(threshold, score * max(0, limit) / singleWithoutReturns) }
        }
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
