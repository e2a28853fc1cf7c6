/// A stretch of time in which an entity was not nominal, and what it looked like.
package struct Episode: Codable, Sendable, Hashable {
    /// The alarm it is or is a part of, `site/entity@onset`.
    package let alarm: String
    /// Names it among all: the alarm, or of one that looks like something else later, the same form with the row of
    /// that.
    package let name: String
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
        alarm: String, name: String? = nil, entity: String, startTime: Double, endTime: Double, stepSeconds: Double,
        isOver: Bool,
        signature: FaultSignature
    ) {
        precondition(startTime <= endTime, "an episode ends after it begins")
        self.alarm = alarm
        self.name = name ?? alarm
        self.entity = entity
        self.startTime = startTime
        self.endTime = endTime
        self.stepSeconds = stepSeconds
        self.isOver = isOver
        self.signature = signature
    }

    /// The episodes that alarms are, in the order of time: one an alarm with a signature, and one more each time that
    /// it began to look like something else. What the last event with a signature says counts. Events may come in any
    /// order; those of one alarm that say the same twice do no harm.
    package static func episodes(of events: [AlarmEvent]) -> [Episode] {
        Dictionary(grouping: events, by: \.id).values.flatMap(Self.episodes(alarm:)).sorted(by: <)
    }

    /// The episodes that the events of one alarm tell of; none without a signature, or where the times make no sense.
    private static func episodes(alarm events: [AlarmEvent]) -> [Episode] {
        let events = events.sorted { $0.revision < $1.revision }
        guard let last = events.last else { return [] }
        let onset = last.onset
        // The last sample of the alarm: later ones were quiet, or only looked at.
        let end = events.compactMap(\.lastAlarm).max { $0.index < $1.index } ?? onset
        let other = events.map(\.at).max { $0.index < $1.index } ?? onset
        let rows = other.index - onset.index
        let step = rows > 0 ? (other.time - onset.time) / Double(rows) : 0
        guard onset.time.isFinite, end.time.isFinite, step.isFinite, step >= 0, end.time >= onset.time else {
            return []
        }
        // What it looked like since when, the last word on each.
        var parts: [(start: AlarmEvent.Point, signature: FaultSignature)] = []
        for event in events {
            guard let signature = event.signature else { continue }
            let start = event.signatureStart ?? onset
            guard start.time >= (parts.last?.start.time ?? onset.time), start.time <= end.time + step else { continue }
            if parts.last?.start.index == start.index { parts.removeLast() }
            parts.append((start, signature))
        }
        let isOver = events.contains { $0.state == .cleared }
        return parts.indices.map { index in
            let isLast = index == parts.count - 1
            let start = parts[index].start
            return Episode(
                alarm: last.id, name: index == 0 ? last.id : "\(last.id)/\(start.index)",
                entity: "\(last.site)/\(last.entity)", startTime: start.time,
                endTime: isLast ? end.time + step : parts[index + 1].start.time, stepSeconds: step,
                isOver: isOver || !isLast, signature: parts[index].signature)
        }
    }

    /// By time, then by entity and alarm: the same order whoever tells of them.
    package static func < (a: Episode, b: Episode) -> Bool {
        (a.startTime, a.endTime, a.entity, a.name) < (b.startTime, b.endTime, b.entity, b.name)
    }
}
