import Numerics
package import Watching

/// How a sequence of alarms does against the truth. All of it follows from one threshold, unlike the measures of
/// ``LabelledScores``.
package struct AlarmMeasures: Sendable, Codable, Equatable {
    /// Anomalous events.
    package let eventCount: Int
    /// Events with at least one sample in alarm.
    package let foundEventCount: Int
    /// Alarms after merging, whatever they touch.
    package let alarmCount: Int
    /// Alarms after merging that touch no anomalous sample.
    package let falseAlarmCount: Int
    /// Share of the samples in alarm that are anomalous; `nil` without an alarm, or without an event.
    package let samplePrecision: Double?
    /// Share of the events found; `nil` without an event.
    package let eventRecall: Double?
    /// Harmonic mean of ``samplePrecision`` and ``eventRecall``, 0 without an alarm; `nil` without an event. Precision
    /// counts samples, so that an alarm that never ends does not pay.
    package let eventF1: Double?
    /// Share of all samples that are in alarm.
    package let alarmShare: Double
    /// Mean time from an event's first sample to its first sample in alarm, over the found events, in seconds; `nil`
    /// when none is found.
    package let meanDelaySeconds: Double?
    /// ``falseAlarmCount`` per day.
    package let falseAlarmsPerDay: Double

    /// Measures `alarms` against `labels`.
    ///
    /// - Parameters:
    ///   - labels: whether each sample is anomalous, `[N]`.
    ///   - alarms: whether each sample is in alarm, `[N]`.
    ///   - stepSeconds: time from one sample to the next.
    ///   - mergeGap: runs of alarm with at most so many samples between them count as one alarm.
    /// - Throws: ``DetectionError`` (`invalidData`) when the lengths differ, there is no sample or the step is not
    ///   positive.
    package init(labels: [Bool], alarms: [Bool], stepSeconds: Double, mergeGap: Int = 0) throws(DetectionError) {
        guard labels.count == alarms.count, !labels.isEmpty else {
            throw DetectionError(
                .invalidData, "evaluating alarms",
                "\(alarms.count) alarm states for \(labels.count) labels; they must be as many, and not none")
        }
        guard stepSeconds > 0, stepSeconds.isFinite else {
            throw DetectionError(
                .invalidData, "evaluating alarms", "a step of \(stepSeconds) s between samples; it must be positive")
        }
        let events = labels.trueRuns
        let runs = AlarmRule(mergeGap: mergeGap).events(alarms)
        let delays = events.compactMap { event in
            event.first { alarms[$0] }.map { Double($0 - event.lowerBound) * stepSeconds }
        }
        let inAlarm = alarms.count(where: \.self)
        let rightly = zip(labels, alarms).reduce(0) { $0 + ($1.0 && $1.1 ? 1 : 0) }
        eventCount = events.count
        foundEventCount = delays.count
        alarmCount = runs.count
        falseAlarmCount = runs.count { run in !labels[run].contains(true) }
        let precision = inAlarm > 0 ? Double(rightly) / Double(inAlarm) : 0
        let isDefined = inAlarm > 0 && !events.isEmpty
        let recall = events.isEmpty ? nil : Double(delays.count) / Double(events.count)
        samplePrecision = isDefined ? precision : nil
        eventRecall = recall
        eventF1 = recall.map { precision + $0 > 0 ? 2 * precision * $0 / (precision + $0) : 0 }
        alarmShare = Double(inAlarm) / Double(labels.count)
        meanDelaySeconds = delays.isEmpty ? nil : delays.reduce(0, +) / Double(delays.count)
        falseAlarmsPerDay = Double(falseAlarmCount) / (Double(labels.count) * stepSeconds / 86_400)
    }
}

extension AlarmMeasures {
    /// Writes every figure; one that is not defined is `null`.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(eventCount, forKey: .eventCount)
        try container.encode(foundEventCount, forKey: .foundEventCount)
        try container.encode(alarmCount, forKey: .alarmCount)
        try container.encode(falseAlarmCount, forKey: .falseAlarmCount)
        try container.encode(samplePrecision, forKey: .samplePrecision)
        try container.encode(eventRecall, forKey: .eventRecall)
        try container.encode(eventF1, forKey: .eventF1)
        try container.encode(alarmShare, forKey: .alarmShare)
        try container.encode(meanDelaySeconds, forKey: .meanDelaySeconds)
        try container.encode(falseAlarmsPerDay, forKey: .falseAlarmsPerDay)
    }
}
