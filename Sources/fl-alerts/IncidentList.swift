import Services
import Watching

/// The incidents of a server with their alarms, as it has them at a moment.
struct IncidentList {
    private struct Incidents: Decodable { let incidents: [IncidentEntry] }
    private struct Page: Decodable {
        let alarms: [Readable]
        let last: Int64
        let more: Bool
    }
    /// An event, or one that this version cannot read: it hides no other.
    private struct Readable: Decodable {
        let event: AlarmEvent?
        init(from decoder: any Decoder) { event = try? AlarmEvent(from: decoder) }
    }

    /// Incidents that a server tells at once.
    static let mostIncidents = 1_000
    /// Events on a page.
    private static let pageEvents: Int64 = 1_000

    /// The latest first, those that go on before those that are over.
    private(set) var incidents: [IncidentEntry]
    /// The last event of each alarm, by identity.
    private(set) var alarms: [String: AlarmEvent]
    /// Identities of alarms that stand.
    let standing: Set<String>
    /// Identities of incidents that go on.
    let open: Set<String>

    /// Asks a server.
    ///
    /// - Parameters:
    ///   - count: of the latest incidents.
    ///   - lastAlarm: the number of the last event in its log.
    ///   - events: of the log's latest events that are looked at.
    /// - Throws: `CommandLineError` when no server answers or what answers is none.
    init(_ client: ServerClient, latest count: Int, lastAlarm: Int64, events: Int64) throws {
        let found = try client.get(Incidents.self, "/v1/incidents?limit=\(count)").incidents.reversed()
        var latest: [String: AlarmEvent] = [:]
        var over: Set<String> = []
        // A server that does not know of `latest` yet takes `since`.
        var since = max(0, lastAlarm - events)
        var latestOnly = "&latest=\(events)"
        while true {
            let path = "/v1/alarms?form=brief&of=alarms&since=\(since)&limit=\(Self.pageEvents)\(latestOnly)"
            let page = try client.get(Page.self, path)
            latestOnly = ""
            for event in page.alarms.compactMap(\.event) where event.quality == nil {
                latest[event.id] = event
                if event.state == .cleared || event.isOver == true { over.insert(event.id) }
            }
            guard page.more, page.last > since else { break }
            since = page.last
        }
        alarms = latest
        let still = Set(latest.keys).subtracting(over)
        standing = still
        // Of one whose alarms are all over nothing is wrong now, even while more may come to it.
        func goesOn(_ incident: IncidentEntry) -> Bool {
            let ids = incident.entities.flatMap(\.alarms)
            return incident.open && (ids.contains { still.contains($0) } || !ids.contains { latest[$0] != nil })
        }
        let open = Set(found.filter(goesOn).map(\.id))
        self.open = open
        incidents = found.filter { open.contains($0.id) } + found.filter { !open.contains($0.id) }
    }

    /// The last event of each alarm that stands, the most severe first.
    var standingAlarms: [AlarmEvent] { Self.worstFirst(standing.compactMap { alarms[$0] }) }

    /// The alarms of an incident, as far as they were looked at, the most severe first.
    func alarms(of incident: IncidentEntry) -> [AlarmEvent] {
        Self.worstFirst(incident.entities.flatMap(\.alarms).compactMap { alarms[$0] })
    }

    /// Alarms that are in none of the incidents, the most severe first.
    var otherAlarms: [AlarmEvent] {
        let inside = Set(incidents.flatMap(\.entities).flatMap(\.alarms))
        return Self.worstFirst(alarms.values.filter { !inside.contains($0.id) })
    }

    /// The worst alarm of an incident.
    func worst(of incident: IncidentEntry) -> AlarmEvent? { alarms(of: incident).first }

    /// The same with only the alarms that a filter shows, and the incidents that one of them is in.
    func shown(by filter: AlarmFilter) -> IncidentList {
        guard !filter.isOpen else { return self }
        var list = self
        list.alarms = alarms.filter { filter.shows($0.value) }
        list.incidents = incidents.filter { incident in
            incident.entities.flatMap(\.alarms).contains { list.alarms[$0] != nil }
        }
        return list
    }

    private static func worstFirst(_ events: [AlarmEvent]) -> [AlarmEvent] {
        events.sorted { a, b in
            if a.severity != b.severity { return a.severity > b.severity }
            return a.score != b.score ? a.score > b.score : (a.sequence ?? 0) > (b.sequence ?? 0)
        }
    }
}

extension IncidentList {
    /// An incident for programs.
    struct Form: Encodable {
        let id: String
        let start: Double
        let end: Double
        /// Whether it goes on.
        let open: Bool
        /// That of its worst alarm that is shown.
        let severity: String?
        /// The fault that this is like.
        let fault: String?
        let entities: [IncidentEntry.Entity]
        /// The last event of each of its alarms that are shown.
        let alarms: [AlarmEvent]?
    }

    /// The incidents for programs.
    func forms(withAlarms: Bool) -> [Form] {
        incidents.map { incident in
            let worst = worst(of: incident)
            return Form(
                id: incident.id, start: incident.start, end: incident.end, open: open.contains(incident.id),
                severity: worst?.severity.rawValue, fault: worst?.fault?.name, entities: incident.entities,
                alarms: withAlarms ? alarms(of: incident) : nil)
        }
    }
}
