import Charts
import Federation
import Foundation
import Platform
import Watching

/// `/v1/sites`, `/v1/entities` and what is below: what is watched, how it is, and how it was scored in the last hour.
struct EntitiesAPI: Sendable {
    static let sitesPath = "/v1/sites"
    static let path = "/v1/entities"
    static let scoresPath = "/v1/entities/scores"
    static let radiographyPath = "/v1/entities/radiography"

    static let sitesLimit = NumberParameter("limit", 1...10_000, default: 1_000, "Sites on a page.")
    static let sitesAfter = TextParameter(
        name: "after", length: 0...NameRule.longestPart, text: "A site's name: those behind it.")
    static let limit = NumberParameter("limit", 1...10_000, default: 1_000, "Entities on a page.")
    static let after = TextParameter(
        name: "after", length: 0...NameRule.longestEntity, text: "An entity as site/entity: those behind it.")
    static let site = TextParameter(
        name: "site", length: 1...NameRule.longestPart, text: "A site: its entities and no others.")
    static let stripsLimit = NumberParameter("limit", 1...1_000, default: 100, "Strips on a page.")
    static let entities = TextParameter(
        name: "entity", length: 1...8_192,
        text: "Entities as site/entity, a line each: these and no others; at most 64.")
    static let entity = TextParameter(
        name: "entity", length: 1...NameRule.longestEntity, text: "The entity, as site/entity. It has to be there.")
    static let form = WordParameter(
        name: "form", words: ["json", "svg", "png"],
        text: "A picture of one entity; png is its cells alone, a pixel each.")
    private static let mostNames = 64

    private let board: ServerBoard
    private let scores: Box<ScoreStrips>
    private let alarms: AlarmList
    private let incidents: IncidentBook
    /// The server's: by it was written down when scores came.
    private let clock: MonotonicClock

    init(
        board: ServerBoard, scores: Box<ScoreStrips>, alarms: AlarmList, incidents: IncidentBook, clock: MonotonicClock
    ) {
        self.board = board
        self.scores = scores
        self.alarms = alarms
        self.incidents = incidents
        self.clock = clock
    }

    /// Whether a path is one of these.
    static func serves(_ path: String) -> Bool {
        [sitesPath, Self.path, scoresPath, radiographyPath].contains(path)
    }

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        guard request.method == .get else { throw Problem(405, "only GET is served here") }
        switch request.path {
        case Self.sitesPath: return try sites(request)
        case Self.scoresPath: return try strips(request)
        case Self.radiographyPath: return try radiography(request)
        default: return try list(request)
        }
    }

    // MARK: What is watched

    /// Every entity that a worker serves or served, or that has an alarm that stands.
    private func known() throws -> [String: EntityEntry] {
        let workers = board.current.workers
        let last = board.lastAlarm.load(ordering: .acquiring)
        try incidents.catchUp(to: last)
        var all: [String: EntityEntry] = [:]
        // The order matters where two have been told to serve the same: whoever is active counts.
        let rank = { (worker: WorkerEntry) in (worker.state == "active" ? 1 : 0, worker.name) }
        for worker in workers.values.sorted(by: { rank($0) < rank($1) }) {
            for key in worker.entities {
                all[key, default: EntityEntry(key: key)].worker = worker.name
                all[key]?.watched = worker.state == "active"
            }
        }
        for event in try alarms.current(upTo: last, isAcknowledged: { _ in true }) {
            let key = "\(event.site)/\(event.entity)"
            all[key, default: EntityEntry(key: key)].add(event)
        }
        for finding in incidents.findings.some {
            let key = "\(finding.site)/\(finding.entity)"
            all[key]?.add(finding)
        }
        let now = clock.now
        for (key, told) in scores.with({ $0.entities(at: now) }) { all[key]?.add(told) }
        return all
    }

    private struct Entities: Encodable {
        var entities: [EntityEntry]
        var more: Bool
    }

    private func list(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = Int(try request.value(Self.limit))
        let after = try request.value(Self.after) ?? ""
        let site = try request.value(Self.site)
        let keys = try known().filter { $0.key > after && (site == nil || $0.value.site == site) }
            .sorted { $0.key < $1.key }
        return try .encoding(Entities(entities: keys.prefix(limit).map(\.value), more: keys.count > limit))
    }

    private struct Sites: Encodable {
        var sites: [SiteEntry]
        var more: Bool
    }

    private func sites(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = Int(try request.value(Self.sitesLimit))
        let after = try request.value(Self.sitesAfter) ?? ""
        var all: [String: SiteEntry] = [:]
        for entity in try known().values { all[entity.site, default: SiteEntry(site: entity.site)].add(entity) }
        for worker in board.current.workers.values.sorted(by: { $0.name < $1.name }) {
            all[worker.site, default: SiteEntry(site: worker.site)].workers.append(
                SiteEntry.Worker(
                    name: worker.name, state: worker.state, chosen: worker.chosen ?? true,
                    roundTripSeconds: worker.roundTripSeconds))
        }
        let page = all.filter { $0.key > after }.sorted { $0.key < $1.key }
        return try .encoding(Sites(sites: page.prefix(limit).map(\.value), more: page.count > limit))
    }

    // MARK: How it was scored

    private struct Strips: Encodable {
        var entities: [StripEntry]
        var more: Bool
    }

    private func strips(_ request: HTTPRequest) throws -> HTTPResponse {
        let form = try request.value(Self.form) ?? "json"
        let limit = Int(try request.value(Self.stripsLimit))
        let after = try request.value(Self.after) ?? ""
        let wanted = try request.value(Self.entities).map { $0.split(separator: "\n").map(String.init) }
        if let wanted, wanted.isEmpty || wanted.count > Self.mostNames {
            throw Problem(400, "entity: found \(wanted.count) lines, expected 1 to \(Self.mostNames)")
        }
        if form != "json" {
            guard let wanted, wanted.count == 1 else {
                throw Problem(400, "entity: found \(wanted?.count ?? 0) lines, expected one for a picture")
            }
            let strip = try strip(of: wanted[0])
            return form == "svg"
                ? Self.picture(ScorePicture.chart(wanted[0], strip)) : Self.pixels(ScorePicture.bars(wanted[0], strip))
        }
        let now = clock.now
        let (keys, strips) = scores.with { held in
            let keys = wanted ?? held.names(after: after, limit: limit + 1)
            return (keys, keys.prefix(limit).map { held.recording(of: $0) })
        }
        let entries = zip(keys, strips).compactMap { key, strip in
            strip.map { StripEntry(key: key, $0.strip(at: now), withGroups: false) }
        }
        return try .encoding(Strips(entities: entries, more: keys.count > limit))
    }

    private func radiography(_ request: HTTPRequest) throws -> HTTPResponse {
        let form = try request.value(Self.form) ?? "json"
        guard let key = try request.value(Self.entity) else {
            throw Problem(400, "entity: missing; expected site/entity")
        }
        let strip = try strip(of: key)
        switch form {
        case "svg": return Self.picture(ScorePicture.radiography(key, strip))
        case "png": return Self.pixels(ScorePicture.radiography(key, strip))
        default: return try .encoding(StripEntry(key: key, strip, withGroups: true))
        }
    }

    private func strip(of key: String) throws(Problem) -> ScoreStrips.Strip {
        let now = clock.now
        guard let strip = scores.with({ $0.recording(of: key) })?.strip(at: now) else {
            throw Problem(
                404,
                "no scores of \(HTTPResponse.printable(key)) in the last hour; \(Self.path) lists what is watched")
        }
        return strip
    }

    private static func picture(_ picture: some Picture) -> HTTPResponse {
        .whole(status: 200, type: "image/svg+xml", body: Array(picture.svg().utf8))
    }

    private static func pixels(_ map: HeatMap) -> HTTPResponse {
        .whole(status: 200, type: "image/png", body: map.png())
    }
}
