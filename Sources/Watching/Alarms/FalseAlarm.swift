import Platform

/// What an alarm reached that an operator called false: the same again is none.
///
/// As JSON with the names below, from the server to the worker that serves the entity.
package struct FalseAlarm: Codable, Equatable, Sendable {
    /// The alarm's identity.
    package let id: String
    /// Where.
    package let site: String
    /// What.
    package let entity: String
    /// When it began, in seconds of the entity's clock.
    package let from: Double
    /// When it was last seen.
    package let to: Double
    /// The entity's combined score at its worst, in units of its threshold.
    package private(set) var score: Double
    /// Groups that exceeded thresholds of their own, each with its score at its worst in units of its threshold; 0 where
    /// that is not known.
    package private(set) var groups: [String: Double]
    /// Groups that deviated most without exceeding a threshold of their own, sorted.
    package let leads: [String]
    /// The metrics that deviated most, each with its side: 1 above what is normal, −1 below.
    package let metrics: [String: Int]

    /// How far beyond what was reached the same again may go: a quarter.
    package static let margin = 1.25
    /// Seconds of the entity's clock for which an alarm that was false is remembered: 30 days. By then what its rows have
    /// taught has to do.
    package static let memory = 30.0 * 86_400
    /// Bytes of one that travels.
    package static let longest = 16 << 10
    /// Groups of one.
    private static let mostGroups = 32
    /// Metrics of one.
    private static let mostMetrics = 64
    /// The same again is what these metrics make up at least so much of: half.
    package static let leastShare = 0.5

    /// What an alarm has reached by one of its events; `nil` for one that is not of an anomaly, or not sound.
    package init?(_ event: AlarmEvent) {
        guard event.quality == nil, event.flaw == nil else { return nil }
        id = event.id
        site = event.site
        entity = event.entity
        from = event.onset.time
        to = max(event.onset.time, (event.lastAlarm ?? event.at).time)
        score = event.score
        groups = Dictionary(
            event.groups.prefix(Self.mostGroups).map { ($0, event.groupScores?[$0] ?? 0) },
            uniquingKeysWith: { first, _ in first })
        let exceeding = Set(event.groups)
        metrics = Dictionary(
            event.fingerprint.prefix(Self.mostMetrics).map { ($0.metric, $0.deviation < 0 ? -1 : 1) },
            uniquingKeysWith: { first, _ in first })
        leads = Set(event.fingerprint.map(\.group)).filter { !exceeding.contains($0) }.sorted()
    }

    /// `site/entity`.
    package var key: String { "\(site)/\(entity)" }

    /// The same, having reached as much as an event of the same alarm says.
    package func reaching(_ event: AlarmEvent) -> FalseAlarm {
        guard let other = FalseAlarm(event), other.id == id else { return self }
        var wider = self
        wider.score = max(score, other.score)
        wider.groups.merge(other.groups) { max($0, $1) }
        return wider
    }

    /// Whether it still counts at a time of the entity's clock.
    package func isRemembered(at time: Double) -> Bool { time <= to + Self.memory }

    // MARK: On its way

    /// What it is as bytes; `nil` where these would be too many.
    package var encoded: [UInt8]? {
        guard let bytes = try? DeterministicJSON.encode(self, pretty: false), bytes.count <= Self.longest else {
            return nil
        }
        return bytes
    }

    /// Reads what ``encoded`` gave.
    ///
    /// - Throws: `DecodingError` for other bytes, ``DetectionError`` (`mismatch`) for numbers or names that cannot be.
    package init(decoding bytes: [UInt8]) throws {
        self = try DeterministicJSON.decode(FalseAlarm.self, from: bytes)
        if let flaw { throw DetectionError(.mismatch, "reading what an alarm that was false reached", flaw) }
    }

    private var flaw: String? {
        for (text, limit) in [(site, NameRule.longestEntity), (entity, NameRule.longestEntity)] {
            if let flaw = NameRule.flaw(in: text, limit: limit) {
                return "site or entity: found \(flaw.found), expected \(flaw.expected)"
            }
        }
        guard id.utf8.count <= AlarmIdentity.longest else { return "id: found \(id.utf8.count) bytes" }
        guard from.magnitude <= AlarmEvent.latest, to.magnitude <= AlarmEvent.latest, from <= to else {
            return "from and to: found \(from) and \(to), expected seconds in order"
        }
        guard ([score] + groups.values).allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            return "score: found a number that is not finite, or below 0"
        }
        guard metrics.count <= Self.mostMetrics, metrics.values.allSatisfy({ $0 == 1 || $0 == -1 }) else {
            return
                "metrics: found \(metrics.count), or a side that is none, expected at most \(Self.mostMetrics), 1 or -1"
        }
        guard groups.count <= Self.mostGroups, leads.count <= 64 else {
            return
                "groups and leads: found \(groups.count) and \(leads.count), expected at most \(Self.mostGroups) and 64"
        }
        return nil
    }
}
