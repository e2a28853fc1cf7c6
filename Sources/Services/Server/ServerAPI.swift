import Foundation
import Glibc
import Platform
import Synchronization
import Watching

/// The server's HTTP interface: workers, rounds, placement, alarms, the stream of alarms, the incidents that they make, and
/// the fault library that names them.
final class ServerAPI: Sendable {
    private let board: ServerBoard
    private let folder: String
    private let authority: HTTPAuthority
    private let library: LibraryAPI
    private let principals: PrincipalsAPI
    private let incidents: IncidentBook
    private let operations: OperationsAPI
    private let view: AlarmView
    private let forwarding: ForwardingThreads?

    /// - Parameters:
    ///   - authority: who may look, and who may change something.
    ///   - office: keeps who may take part; `nil` in plain mode.
    init(
        board: ServerBoard, folder: String, library: FaultLibraryStore, view: AlarmView,
        forwarding: ForwardingThreads?, authority: HTTPAuthority, office: IdentityOffice?
    ) {
        principals = PrincipalsAPI(office: office, authority: authority)
        incidents = view.incidents
        self.view = view
        self.forwarding = forwarding
        self.board = board
        self.folder = folder
        self.authority = authority
        self.library = LibraryAPI(store: library, alarmLog: folder + "/alarms.db", authority: authority)
        self.operations = OperationsAPI(
            store: view.operations, library: self.library, incidents: incidents, authority: authority,
            lastAlarm: { board.lastAlarm.load(ordering: .acquiring) })
    }

    /// Answers a request.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        if let refusal = authority.refusal(of: request, needing: .read) { return refusal }
        do {
            if request.path == "/v1/placement/target" { return try target(request) }
            if LibraryAPI.serves(request.path) { return try library.answer(request) }
            if PrincipalsAPI.serves(request.path) { return try principals.answer(request) }
            if OperationsAPI.serves(request.path) { return try operations.answer(request) }
            guard request.method == .get else { return .text(405, "only GET is served here\n") }
            switch request.path {
            case "/healthz": return try health()
            case "/metrics": return try metrics()
            case "/v1/workers": return try workers()
            case "/v1/rounds": return try rounds(request)
            case "/v1/placement": return try placement()
            case "/v1/alarms": return try alarms(request)
            case "/v1/alarms/stream": return try stream(request)
            case "/v1/incidents": return try incidents(request)
            default:
                if let file = PageFiles.answer(request.path) { return file }
                return .text(
                    404,
                    "nothing here; there are / (a page), /healthz, /metrics, /v1/workers, /v1/rounds, /v1/placement, "
                        + "/v1/placement/target, /v1/alarms, /v1/alarms/stream, /v1/incidents, /v1/library, "
                        + "/v1/operations, /v1/silences, /v1/hints, /v1/audit, /v1/principals, /v1/schemas/alarm-event\n"
                )
            }
        } catch {
            return .text(500, PrintableText.line("\(error)", limit: 300) + "\n")
        }
    }

    private struct Health: Encodable {
        var status = "ok"
        var federation: String
        var version: UInt64
        var finished: Bool
        var waitingFor: String?
        var lastAlarm: Int64
        var refusedAlarms: [String: Int]
        /// Messages that claimed what was not granted, by worker and reason.
        var refusedMessages: [String: [String: Int]]
        /// Connections of keys that nobody has enrolled.
        var refusedHandshakes: Int
        /// Connections that were cut because their address had too many, by reason.
        var refusedConnections: [String: Int]
        /// What is wrong with the watching now; the first few.
        var dataQuality: [IncidentBook.Finding]
        /// How many there are.
        var dataQualityCount: Int
        /// Where alarms are sent on to, and how that goes; absent where there is no such place.
        var forwarders: [ForwardingThreads.Status]?
    }

    private func health() throws -> HTTPResponse {
        let state = board.current
        try incidents.catchUp(to: board.lastAlarm.load(ordering: .acquiring))
        let findings = incidents.findings
        return try .encoding(
            Health(
                federation: state.federation, version: state.version, finished: state.finished,
                waitingFor: state.waitingFor,
                lastAlarm: board.lastAlarm.load(ordering: .relaxed), refusedAlarms: state.refusedAlarms,
                refusedMessages: state.refusedMessages,
                refusedHandshakes: state.refusedHandshakes, refusedConnections: state.refusedConnections,
                dataQuality: Array(findings.prefix(100)), dataQualityCount: findings.count,
                forwarders: forwarding?.current))
    }

    private func metrics() throws -> HTTPResponse {
        let last = board.lastAlarm.load(ordering: .acquiring)
        try incidents.catchUp(to: last)
        return ServerMetrics(
            board: board.current, lastAlarm: last, openIncidents: incidents.openCount,
            findings: incidents.findings.count, forwarders: forwarding?.current ?? []
        ).answer
    }

    private struct Workers: Encodable { var workers: [WorkerEntry] }

    private func workers() throws -> HTTPResponse {
        try .encoding(Workers(workers: board.current.workers.values.sorted { $0.name < $1.name }))
    }

    private struct Rounds: Encodable {
        struct Open: Encodable {
            var round: UInt32
            var attempt: UInt32
            var kind: String
            var accepted: Int
        }
        var federation: String
        var version: UInt64
        var finished: Bool
        var waitingFor: String?
        struct Excluded: Encodable {
            var worker: String
            var untilRound: UInt32?
            var because: String
        }
        var open: Open?
        /// Active workers whose contributions are not wanted for a while.
        var excluded: [Excluded]
        var rejections: [String: Int]
        var rounds: [RoundEntry]
    }

    private func rounds(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = request.query("limit").map { Int($0) ?? -1 } ?? Int.max
        guard limit > 0 else { return .text(400, "limit: expected how many of the latest rounds, at least 1\n") }
        let state = board.current
        let registry = try VersionRegistry(reading: folder + "/registry.db")
        let decoder = JSONDecoder()
        let entries = try registry.rounds().suffix(limit).map {
            var entry = try decoder.decode(RoundEntry.self, from: Data($0.record))
            if entry.committed { entry.syncSeconds = state.syncSeconds[entry.round] }
            return entry
        }
        return try .encoding(
            Rounds(
                federation: state.federation, version: state.version, finished: state.finished,
                waitingFor: state.waitingFor,
                open: state.open.map {
                    .init(round: $0.round, attempt: $0.attempt, kind: $0.kind, accepted: $0.accepted)
                },
                excluded: state.workers.values.filter { $0.state == "active" }.sorted { $0.name < $1.name }
                    .compactMap { worker in
                        worker.excludedBecause.map {
                            Rounds.Excluded(worker: worker.name, untilRound: worker.excludedUntilRound, because: $0)
                        }
                    }, rejections: state.rejections, rounds: entries))
    }

    private static let noPlacement = "no placement here: the server was started without target-seconds\n"

    private func placement() throws -> HTTPResponse {
        guard let report = board.current.placement else { return .text(404, Self.noPlacement) }
        return try .encoding(report)
    }

    /// Takes a new target for the learning loop.
    private func target(_ request: HTTPRequest) throws -> HTTPResponse {
        guard request.method == .post || request.method == .put else {
            return .text(405, "POST or PUT a target here; /v1/placement shows it\n")
        }
        if let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        // A page in a browser cannot send this type to another origin without asking first.
        guard request.header("Content-Type")?.lowercased().hasPrefix("application/json") ?? false else {
            return .text(415, "expected Content-Type: application/json\n")
        }
        guard let report = board.current.placement else { return .text(409, Self.noPlacement) }
        switch PlacementTarget.read(try? JSONDecoder().decode([String: Double].self, from: Data(request.body))) {
        case .failure(let fault): return .text(400, fault.line + "\n")
        case .success(let target):
            board.put(target)
            authority.audit(request, "target: \(target.targetSeconds) s")
            return try .encoding(Target(targetSeconds: target.targetSeconds, rounds: target.rounds ?? report.rounds))
        }
    }

    private struct Target: Encodable {
        var targetSeconds: Double
        var rounds: Int
    }

    /// A sequence number from a query or a header; `nil` when it is none.
    private static func sequence(_ text: String?) -> Int64? {
        guard let text else { return 0 }
        return Int64(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    private func alarms(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let since = Self.sequence(request.query("since")) else {
            return .text(400, "since: a sequence number is needed, 0 for all\n")
        }
        let limit = request.query("limit").map { Int($0) ?? -1 } ?? 1_000
        guard (1...10_000).contains(limit) else { return .text(400, "limit: 1 to 10000\n") }
        guard let view = view.asked(by: request) else { return .text(400, Self.noForm) }
        let listing = AlarmListing(
            log: try AlarmLog(reading: folder + "/alarms.db"), view: view, since: since, limit: limit)
        return .stream(type: "application/json", isEndless: false) { listing.next() }
    }

    private static let noForm = "form: expected 'brief' (no signatures), 'cloudevents' (CloudEvents 1.0), or no form\n"

    private struct Incidents: Encodable { var incidents: [IncidentEntry] }

    private func incidents(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = request.query("limit").map { Int($0) ?? -1 } ?? 100
        guard (1...1_000).contains(limit) else { return .text(400, "limit: 1 to 1000\n") }
        try incidents.catchUp(to: board.lastAlarm.load(ordering: .acquiring))
        return try .encoding(Incidents(incidents: incidents.latest(limit)))
    }

    private func stream(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let since = Self.sequence(request.header("Last-Event-ID") ?? request.query("since")) else {
            return .text(400, "Last-Event-ID: a sequence number is needed\n")
        }
        guard let view = view.asked(by: request) else { return .text(400, Self.noForm) }
        let cursor = AlarmCursor(
            log: try AlarmLog(reading: folder + "/alarms.db"), board: board, view: view, sequence: since,
            tellsOperations: request.query("operations") == "true")
        return .stream(type: "text/event-stream") { cursor.next() }
    }
}
