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

    private struct Workers: Decodable {
        struct Worker: Decodable {
            let state: String
            let entities: [String]
            let scoredSamples: UInt64
        }
        let workers: [Worker]
    }
    /// Events of the log that are looked at, and incidents.
    private static let (mostEvents, mostIncidents): (Int64, Int) = (2_000, 200)

    let health: Health
    /// The incidents with their alarms that are shown.
    let list: IncidentList
    /// The latest first, those that go on before those that are over.
    var incidents: [IncidentEntry] { list.incidents }
    /// Identities of incidents that go on.
    var open: Set<String> { list.open }
    /// The last event of each alarm that stands and is shown, the most severe first.
    let standing: [AlarmEvent]
    /// How many stand, shown or not.
    let standingCount: Int
    /// Whether filters leave some out.
    let isFiltered: Bool
    let activeWorkers: Int
    let workers: Int
    /// Whether a worker that is here has scored anything.
    let isWatched: Bool
    /// Entities of workers that were lost or have left, which nobody else has taken over.
    let unwatched: Int

    init(_ client: OperationsClient, _ filter: AlarmFilter) throws {
        health = try client.get(Health.self, "/healthz")
        let whole = try IncidentList(
            client, latest: Self.mostIncidents, lastAlarm: health.lastAlarm, events: Self.mostEvents)
        list = whole.shown(by: filter)
        isFiltered = !filter.isOpen
        standingCount = whole.standing.count
        standing = list.standingAlarms
        let all = try client.get(Workers.self, "/v1/workers").workers
        workers = all.count
        let active = all.filter { $0.state == "active" }
        activeWorkers = active.count
        isWatched = active.contains { $0.scoredSamples > 0 }
        unwatched = Set(all.flatMap(\.entities)).subtracting(active.flatMap(\.entities)).count
    }

    /// The worst alarm of an incident.
    func worst(of incident: IncidentEntry) -> AlarmEvent? { list.worst(of: incident) }
}
