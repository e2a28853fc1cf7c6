import Foundation
import Services
import Watching

/// What `fl-alerts top` shows, as the server has it at a moment.
struct TopState {
    struct Health: Decodable {
        struct Finding: Decodable {
            let site: String
            let entity: String
            let detail: String
        }
        struct Forwarder: Decodable {
            let name: String
            let state: String
            let waiting: Int64
            let trouble: String?
        }
        let version: UInt64
        let finished: Bool
        let waitingFor: String?
        let lastAlarm: Int64
        let dataQuality: [Finding]
        let dataQualityCount: Int
        let forwarders: [Forwarder]?
    }

    private struct Incidents: Decodable { let incidents: [IncidentEntry] }
    private struct Page: Decodable { let alarms: [Readable] }
    private struct Workers: Decodable {
        struct Worker: Decodable {
            let state: String
            let entities: [String]
            let scoredSamples: UInt64
        }
        let workers: [Worker]
    }
    /// An event, or one that this version cannot read: it hides no other.
    private struct Readable: Decodable {
        let event: AlarmEvent?
        init(from decoder: any Decoder) { event = try? AlarmEvent(from: decoder) }
    }

    /// Events of the log that are looked at.
    private static let most: Int64 = 2_000

    let health: Health
    /// The latest first, those that go on before those that are over.
    let incidents: [IncidentEntry]
    /// The last event of each alarm that stands, the most severe first.
    let standing: [AlarmEvent]
    /// The same of all alarms, by identity.
    let alarms: [String: AlarmEvent]
    let activeWorkers: Int
    let workers: Int
    /// Whether a worker that is here has scored anything.
    let isWatched: Bool
    /// Entities of workers that were lost or have left, which nobody else has taken over.
    let unwatched: Int

    init(_ client: OperationsClient) throws {
        health = try client.get(Health.self, "/healthz")
        let found = try client.get(Incidents.self, "/v1/incidents?limit=200").incidents.reversed()
        let since = max(0, health.lastAlarm - Self.most)
        let events = try client.get(Page.self, "/v1/alarms?form=brief&since=\(since)&limit=\(Self.most)").alarms
            .compactMap(\.event).filter { $0.quality == nil }
        var latest: [String: AlarmEvent] = [:]
        var over: Set<String> = []
        for event in events {
            latest[event.id] = event
            if event.state == .cleared { over.insert(event.id) }
        }
        alarms = latest
        standing = latest.values.filter { !over.contains($0.id) }.sorted {
            $0.severity != $1.severity ? $0.severity > $1.severity : ($0.sequence ?? 0) > ($1.sequence ?? 0)
        }
        let still = Set(standing.map(\.id))
        // Of one whose alarms are all over nothing is wrong now, even while more may come to it.
        func goesOn(_ incident: IncidentEntry) -> Bool {
            let ids = incident.entities.flatMap(\.alarms)
            return incident.open && (ids.contains { still.contains($0) } || !ids.contains { latest[$0] != nil })
        }
        open = Set(found.filter(goesOn).map(\.id))
        let goingOn = open
        incidents = found.filter { goingOn.contains($0.id) } + found.filter { !goingOn.contains($0.id) }
        let all = try client.get(Workers.self, "/v1/workers").workers
        workers = all.count
        let active = all.filter { $0.state == "active" }
        activeWorkers = active.count
        isWatched = active.contains { $0.scoredSamples > 0 }
        unwatched = Set(all.flatMap(\.entities)).subtracting(active.flatMap(\.entities)).count
    }

    /// Identities of incidents that go on.
    let open: Set<String>

    /// The worst alarm of an incident.
    func worst(of incident: IncidentEntry) -> AlarmEvent? {
        incident.entities.flatMap(\.alarms).compactMap { alarms[$0] }.max {
            $0.severity != $1.severity ? $0.severity < $1.severity : $0.score < $1.score
        }
    }
}
