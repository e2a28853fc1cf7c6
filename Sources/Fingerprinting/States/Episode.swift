package import Alarms

/// A stretch of time in which an entity was not nominal, and what it looked like.
package struct Episode: Codable, Sendable, Hashable {
    /// The alarm it is, `site/entity@row`.
    package let alarm: String
    /// The entity, `site/entity`.
    package let entity: String
    /// Time of its first sample in seconds.
    package let startTime: Double
    /// The end of its last sample.
    package let endTime: Double
    /// Seconds from sample to sample; 0 when its one sample does not tell.
    package let stepSeconds: Double
    /// Whether it has ended as far as anybody knows.
    package let isOver: Bool
    /// What it looked like.
    package let signature: FaultSignature

    /// An episode with every field given.
    ///
    /// - Precondition: it does not end before it begins.
    package init(
        alarm: String, entity: String, startTime: Double, endTime: Double, stepSeconds: Double, isOver: Bool,
        signature: FaultSignature
    ) {
        precondition(startTime <= endTime, "an episode ends after it begins")
        self.alarm = alarm
        self.entity = entity
        self.startTime = startTime
        self.endTime = endTime
        self.stepSeconds = stepSeconds
        self.isOver = isOver
        self.signature = signature
    }

    /// The episodes that alarms are: one an alarm with a signature, in the order of time. What the last event of an
    /// alarm with a signature says counts. Events may come in any order; those of one alarm that say the same twice do
    /// no harm.
    package static func episodes(of events: [AlarmEvent]) -> [Episode] {
        Dictionary(grouping: events, by: \.id).values.compactMap(Episode.init(alarm:)).sorted(by: <)
    }

    /// The episode that the events of one alarm tell of; `nil` without a signature, or where the times make no sense.
    private init?(alarm events: [AlarmEvent]) {
        let events = events.sorted { $0.revision < $1.revision }
        guard let last = events.last, let signature = events.last(where: { $0.signature != nil })?.signature else {
            return nil
        }
        let onset = last.onset
        // The last sample of the alarm: later ones were quiet, or only looked at.
        let end = events.compactMap(\.lastAlarm).max { $0.index < $1.index } ?? onset
        let other = events.map(\.at).max { $0.index < $1.index } ?? onset
        let rows = other.index - onset.index
        let step = rows > 0 ? (other.time - onset.time) / Double(rows) : 0
        guard onset.time.isFinite, end.time.isFinite, step.isFinite, step >= 0, end.time >= onset.time else {
            return nil
        }
        self.init(
            alarm: last.id, entity: "\(last.site)/\(last.entity)", startTime: onset.time, endTime: end.time + step,
            stepSeconds: step, isOver: events.contains { $0.state == .cleared }, signature: signature)
    }

    /// By time, then by entity and alarm: the same order whoever tells of them.
    package static func < (a: Episode, b: Episode) -> Bool {
        (a.startTime, a.endTime, a.entity, a.alarm) < (b.startTime, b.endTime, b.entity, b.alarm)
    }
}
