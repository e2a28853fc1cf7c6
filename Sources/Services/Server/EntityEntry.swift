import Federation
import Watching

/// An entity as the HTTP interface shows it.
struct EntityEntry: Encodable, Equatable, Sendable {
    /// An alarm that stands.
    struct Alarm: Encodable, Equatable, Sendable {
        var id: String
        var severity: AlarmEvent.Severity
        /// Its onset in seconds, by the entity's own clock.
        var since: Double
        var score: Double
    }

    var site: String
    var entity: String
    /// Absent before its worker has said how it is scored.
    var type: String?
    /// Who serves it, or did last; absent where nobody ever did.
    var worker: String?
    /// Whether an active worker serves it.
    var watched: Bool
    /// The most severe alarm that stands.
    var alarm: Alarm?
    /// How many stand.
    var alarms: Int
    /// Whether metrics are missing, or something else is wrong with what comes of it.
    var missing: Bool
    /// What is wrong with what comes of it; the first finding.
    var finding: String?
    /// The latest score in units of its threshold; absent where nothing is known.
    var score: Double?
    /// The largest of the last hour.
    var peak: Double?
    /// Time of its newest row in seconds, by its own clock.
    var lastTime: Double?
    /// Seconds since its worker last told of new rows.
    var silentSeconds: Double?

    /// `site/entity`.
    var key: String { "\(site)/\(entity)" }

    init(key: String) {
        let slash = key.firstIndex(of: "/")
        site = slash.map { String(key[..<$0]) } ?? ""
        entity = slash.map { String(key[key.index(after: $0)...]) } ?? key
        (watched, alarms, missing) = (false, 0, false)
    }

    mutating func add(_ event: AlarmEvent) {
        alarms += 1
        if let alarm, alarm.severity >= event.severity { return }
        alarm = Alarm(id: event.id, severity: event.severity, since: event.onset.time, score: event.score)
    }

    mutating func add(_ finding: IncidentBook.Finding) {
        missing = true
        self.finding = self.finding ?? finding.detail
    }

    mutating func add(_ told: ScoreStrips.Entity) {
        type = told.type
        score = ScoreLevel.ratio(of: told.whole).map(Self.rounded)
        peak = ScoreLevel.ratio(of: told.peak).map(Self.rounded)
        lastTime = told.time
        silentSeconds = (told.silentSeconds * 10).rounded() / 10
        missing = missing || told.flags.contains(.missing)
    }

    /// A score as exactly as its level has it.
    static func rounded(_ ratio: Double) -> Double { (ratio * 1_000).rounded() / 1_000 }
}

/// A site as the HTTP interface shows it: what its entities come to.
struct SiteEntry: Encodable, Equatable, Sendable {
    struct Worker: Encodable, Equatable, Sendable {
        var name: String
        /// `active`, `lost` or `left`.
        var state: String
        /// Whether it is chosen to train and serve; otherwise it stands by.
        var chosen: Bool
        /// Last time from a heartbeat to its answer.
        var roundTripSeconds: Double?
    }

    var site: String
    var entities = 0
    /// Entities whose worst alarm that stands is so severe.
    var alarms: [String: Int] = [:]
    /// Entities that no active worker serves.
    var unwatched = 0
    /// Entities of which something is missing.
    var missing = 0
    /// The worst of the entities' latest scores.
    var score: Double?
    /// Time of the newest row in seconds, by the clock of the entity that it is of.
    var lastTime: Double?
    /// Seconds since anything was last told of new rows.
    var silentSeconds: Double?
    /// Those who stand there, by name.
    var workers: [Worker] = []

    init(site: String) { self.site = site }

    mutating func add(_ entity: EntityEntry) {
        entities += 1
        if let alarm = entity.alarm { alarms[alarm.severity.rawValue, default: 0] += 1 }
        if !entity.watched { unwatched += 1 }
        if entity.missing { missing += 1 }
        if let other = entity.score { score = max(score ?? other, other) }
        if let other = entity.lastTime { lastTime = max(lastTime ?? other, other) }
        if let other = entity.silentSeconds { silentSeconds = min(silentSeconds ?? other, other) }
    }
}

/// An entity's strip of scores as the HTTP interface shows it.
struct StripEntry: Encodable, Equatable, Sendable {
    /// A stretch of time in seconds, by the entity's own clock.
    struct Span: Encodable, Equatable, Sendable {
        var from: Double
        var to: Double
    }
    /// The scores of a group in units of its threshold, one a cell; `nil` where nothing is known.
    struct Group: Encodable, Equatable, Sendable {
        var group: String
        var scores: [Double?]
    }

    var site: String
    var entity: String
    var type: String
    var worker: String
    var silentSeconds: Double
    /// Time of the newest row of each cell.
    var times: [Double]
    /// The largest combined score of each cell in units of its threshold.
    var scores: [Double?]
    /// While an alarm stood.
    var alarms: [Span]
    /// While metrics were missing.
    var missing: [Span]
    /// The groups' scores, where they were asked for.
    var groups: [Group]?

    init(key: String, _ strip: ScoreStrips.Strip, withGroups: Bool) {
        let place = EntityEntry(key: key)
        (site, entity) = (place.site, place.entity)
        (type, worker) = (strip.entity.type, strip.entity.worker)
        silentSeconds = (strip.entity.silentSeconds * 10).rounded() / 10
        times = strip.cells.map { ($0.time * 1_000).rounded() / 1_000 }
        func scores(_ level: (ScoreStrips.Cell) -> UInt8) -> [Double?] {
            strip.cells.map { ScoreLevel.ratio(of: level($0)).map(EntityEntry.rounded) }
        }
        self.scores = scores(\.whole)
        alarms = Self.spans(strip.cells, of: .alarm)
        missing = Self.spans(strip.cells, of: .missing)
        guard withGroups else { return }
        groups = strip.groups.indices.map { index in
            Group(group: strip.groups[index], scores: scores { $0.groups[index] })
        }
    }

    /// The stretches that a flag holds for: a cell's begins where the one before it ends.
    static func spans(_ cells: [ScoreStrips.Cell], of flag: ScoreReport.Flags) -> [Span] {
        var spans: [Span] = []
        for (index, cell) in cells.enumerated() where cell.flags.contains(flag) {
            let from = index > 0 ? cells[index - 1].time : cell.time
            if let last = spans.last, last.to == from, index > 0 {
                spans[spans.count - 1].to = cell.time
            } else {
                spans.append(Span(from: from, to: cell.time))
            }
        }
        return spans
    }
}
