import Platform
import Synchronization
import Watching

/// The incidents that the server's alarms make, and what is wrong with the watching now. Both are a function of the log of
/// alarms: the book reads on in it whenever somebody asks, and after a restart reads its latest entries again. Nothing else
/// is kept.
final class IncidentBook: Sendable {
    /// Something that is wrong with the watching.
    struct Finding: Encodable {
        let site: String
        let entity: String
        let kind: String
        let source: String
        let since: Double
        let subjects: [String]
        let detail: String
    }

    private struct State {
        var machine: IncidentMachine
        /// What stands, by its identity.
        var findings: [String: Finding] = [:]
        /// Identities of what stands beyond those.
        var further: Set<String> = []
        var reader = AlarmLogReader()
        /// The incident of each alarm that is in one.
        var incidents: [String: String] = [:]
    }

    /// Alarms whose incidents are at hand.
    private static let mostAlarms = 50_000
    /// Findings that are at hand, and that are counted, at most.
    private static let (mostFindings, mostCounted) = (10_000, 1_000_000)

    private let log: String
    private let state: Mutex<State>
    private let dependencies: DependencyGraph

    /// A book of a log of alarms.
    init(log: String, dependencies: DependencyGraph) {
        self.log = log
        self.dependencies = dependencies
        state = Mutex(State(machine: IncidentMachine(dependencies: dependencies)))
    }

    /// Reads on in the log up to an entry, or to its end. An event that cannot be read is passed over.
    ///
    /// - Throws: `StorageError`.
    func catchUp(to last: Int64) throws {
        try state.withLock { state in
            var reader = state.reader
            defer { state.reader = reader }
            try reader.readOn(in: log, upTo: last) { event, _ in
                if let quality = event.quality {
                    let finding = Finding(
                        site: event.site, entity: event.entity, kind: quality.kind, source: quality.source,
                        since: event.onset.time, subjects: quality.subjects, detail: quality.detail)
                    if event.state == .cleared {
                        state.findings[event.id] = nil
                        state.further.remove(event.id)
                    } else if state.findings[event.id] != nil || state.findings.count < Self.mostFindings {
                        state.findings[event.id] = finding
                    } else if state.further.count < Self.mostCounted {
                        state.further.insert(event.id)
                    }
                    return
                }
                guard let incident = state.machine.observe(EntityReport(event)) else { return }
                if state.incidents.count >= Self.mostAlarms { state.incidents = [:] }
                state.incidents[event.id] = incident
            }
        }
    }

    /// The incident of an alarm, if it is in one.
    func incident(ofAlarm id: String) -> String? { state.withLock { $0.incidents[id] } }

    /// The alarms of an incident, those of the most likely culprit first; `nil` where it is not known.
    func alarms(ofIncident id: String) -> [String]? {
        guard let incident = state.withLock({ $0.machine.incidents.last { $0.id == id } }) else { return nil }
        return CulpritRanking(incident, dependencies: dependencies).suspects.flatMap(\.alarms)
    }

    /// How many incidents go on.
    var openCount: Int { state.withLock { $0.machine.incidents.count(where: \.isOpen) } }

    /// What is wrong with the watching now, by entity, and how much that is in all.
    var findings: (some: [Finding], count: Int) {
        state.withLock { state in
            (state.findings.sorted { $0.key < $1.key }.map(\.value), state.findings.count + state.further.count)
        }
    }

    /// The latest incidents, oldest first.
    func latest(_ limit: Int) -> [IncidentEntry] {
        let incidents = state.withLock { Array($0.machine.incidents.suffix(limit)) }
        return incidents.map { incident in
            IncidentEntry(
                id: incident.id, start: incident.start, end: incident.end, open: incident.isOpen,
                entities: CulpritRanking(incident, dependencies: dependencies).suspects.map {
                    .init(
                        site: $0.site, entity: $0.entity, score: $0.score, metrics: $0.metrics, alarms: $0.alarms)
                })
        }
    }
}
