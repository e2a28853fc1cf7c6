import Platform

/// The thresholds of one scored group, from held-out samples.
package struct GroupCalibration: Codable, Sendable, Hashable {
    /// For the fast part of the score, above its drift offset.
    package let level: Double
    /// What the tail of the level begins with in a stream; `nil`: its threshold stays.
    package let levelTail: TailCalibration?
    /// Time constant of the drift offset in samples; `nil`: the detector's own.
    package let adaptationTime: Double?
    /// How much the metric of a group has to look like a cause that does so most for the group to raise an alarm of the entity
    /// by itself; `nil`: it cannot.
    package let voice: Double?
    /// What the fast part of the combined score has to exceed, above its drift offset, for a group to be believed.
    package let murmur: Double?
    /// For what lasts (``LastingNews``) of the combined score; `nil`: it is not looked at.
    package let lasting: Double?

    /// Thresholds with every value given.
    package init(
        level: Double, levelTail: TailCalibration? = nil, adaptationTime: Double? = nil, voice: Double? = nil,
        murmur: Double? = nil, lasting: Double? = nil
    ) {
        self.level = level
        self.levelTail = levelTail
        self.adaptationTime = adaptationTime
        self.voice = voice
        self.murmur = murmur
        self.lasting = lasting
    }
}

/// One group's score, threshold and alarm in one entity's stream.
///
/// The score is the average of trailing means of the group's deviation over the method's horizons. An alarm is decided
/// by the fast horizons f alone, and by what is news to them, against the threshold th plus its drift offset o, so that it
/// comes early and goes soon: f > th + o. The threshold itself follows the peaks of the stream (``StreamingTail``). Added
/// to what else contributes to the score, that is a threshold for the score itself: score > threshold says the same.
///
/// The combined score's threshold comes down, in a row in which a group is beyond what it may say by itself, so far that
/// the score is as many times as large; while an alarm stands and one of these groups still has one; and where what lasts
/// is beyond its limit: score > threshold says the same there, too.
struct GroupScore: Sendable {
    private(set) var score = 0.0
    private(set) var threshold = Double.infinity
    private(set) var isAlarm = false
    /// How much the group's loudest metric shows in units of what raises an alarm of the entity; 0: it cannot.
    private(set) var urgency = 0.0
    /// The score in units of its threshold; 0 where that says nothing.
    var ratio: Double { threshold > 0 && threshold.isFinite && score.isFinite ? score / threshold : 0 }
    /// Whether it may raise an alarm of the entity, and has one of its own.
    var holdsAlarm: Bool { isAlarm && calibration.voice != nil }
    private let calibration: GroupCalibration
    private let fastCount: Int
    private var means: [TrailingMean]
    /// The fast means of what is news.
    private var newsMeans: [TrailingMean]
    private var offset: DriftOffset?
    private var levelTail: StreamingTail?
    private var lasting: LastingNews?
    private var state: AlarmRule.State

    /// Most by which a group alone exceeds: of a metric that never moved any step is without measure.
    private static let loudest = 3.0

    /// - Parameter adaptationTime: the detector's own.
    init(method: DetectionMethod, calibration: GroupCalibration, adaptationTime: Double?) {
        self.calibration = calibration
        fastCount = method.fastCount
        means = method.horizons.map(TrailingMean.init)
        newsMeans = Array(means[..<method.fastCount])
        if method.adaptation != .fixed {
            offset = (calibration.adaptationTime ?? adaptationTime).map(DriftOffset.init)
        }
        if method.adaptation == .tail {
            levelTail = calibration.levelTail.map { StreamingTail($0, limit: calibration.level) }
        }
        if calibration.lasting != nil { lasting = LastingNews() }
        state = AlarmRule.State(method.alarmRule)
    }

    mutating func restart() {
        for index in means.indices { means[index].restart() }
        for index in newsMeans.indices { newsMeans[index].restart() }
        lasting?.restart()
    }

    /// Takes in how far the group's metrics deviate at the next sample.
    ///
    /// - Parameters:
    ///   - news: the same without what only says that they are back where they normally are.
    ///   - voice: how much that of its metrics looks like a cause that does so most.
    ///   - urgency: for the combined score, the largest of the groups' own.
    ///   - lasts: for the combined score, whether a group that may raise its alarm has one of its own.
    mutating func update(
        _ deviation: Double, news: Double, voice: Double = 0, urgency others: Double = 0, lasts: Bool = false
    ) {
        var total = 0.0
        var fast = 0.0
        for index in means.indices { total += means[index].update(deviation) }
        for index in newsMeans.indices { fast += newsMeans[index].update(news) }
        let horizons = Double(means.count)
        let slow = total - fast
        score = total / horizons
        let usual = offset?.value ?? 0
        let now = fast / Double(fastCount) - usual
        let level = (levelTail?.limit ?? calibration.level) + usual
        threshold = (level * Double(fastCount) + slow) / horizons
        if let least = calibration.voice, least > 0, calibration.level > 0 {
            urgency = voice / least / strictness
        }
        var isUrged = false
        if others > 1, score > 0, let murmur = calibration.murmur, now > murmur {
            isUrged = score <= threshold
            threshold = min(threshold, score / min(others, Self.loudest))
        }
        let stays = lasting?.update(now, threshold: calibration.level) ?? 0
        let isLasting = calibration.lasting.map { stays > $0 * strictness } ?? false
        if isLasting || (lasts && isAlarm), score > 0, score <= threshold {
            isUrged = true
            threshold = score.nextDown
        }
        offset?.update(fast / Double(fastCount), threshold: calibration.level)
        isAlarm = state.update(score: score, threshold: threshold)
        levelTail?.update(now, isAlarm: isAlarm && !isUrged, isDisturbed: isUrged)
    }

    /// Where more peaks came than were expected, everything takes as much more.
    private var strictness: Double {
        guard let levelTail, calibration.level > 0 else { return 1 }
        return levelTail.limit / calibration.level
    }
}

extension GroupScore: StreamState {
    func save(to state: inout StateWriter) {
        state.append(score)
        state.append(threshold)
        state.append(isAlarm)
        for mean in means + newsMeans { mean.save(to: &state) }
        state.append(offset?.value)
        levelTail?.save(to: &state)
        lasting?.save(to: &state)
        self.state.save(to: &state)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        score = try state.double()
        threshold = try state.double()
        isAlarm = try state.bool()
        for index in means.indices { try means[index].restore(from: &state) }
        for index in newsMeans.indices { try newsMeans[index].restore(from: &state) }
        // It is there in any case.
        let drift = try state.optionalDouble()
        offset?.restore(drift)
        try levelTail?.restore(from: &state)
        try lasting?.restore(from: &state)
        try self.state.restore(from: &state)
    }
}
