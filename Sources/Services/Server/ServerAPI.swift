import Federation
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
    private let forwarding: ForwardingThreads
    private let calendars: CalendarThreads
    private let models: ModelsAPI
    private let scoring: ScoringAPI
    private let faults: FaultManagementAPI
    private let configuration: ConfigurationAPI
    private let candidates: CandidatesAPI
    private let forwarders: ForwardersAPI
    private let log: Logger
    private let entities: EntitiesAPI
    private let loops: LoopsAPI

    static let workersLimit = NumberParameter("limit", 1...10_000, default: 10_000, "Workers on a page.")
    static let workersAfter = TextParameter(name: "after", length: 0...200, text: "A worker's name: those behind it.")
    static let roundsLimit = NumberParameter("limit", 1...10_000, default: 10_000, "How many of the latest rounds.")
    static let since = NumberParameter(
        "since", 0...NumberParameter.most, default: 0, "A number in the log: what is behind it.")
    static let alarmsLimit = NumberParameter("limit", 1...10_000, default: 1_000, "Events on a page.")
    static let latest = NumberParameter(
        "latest", 0...AlarmLogReader.mostEntries, default: 0,
        "So many of the latest events, instead of those behind since; 0: those behind since.")
    static let kinds = WordParameter(
        name: "of", words: AlarmLog.Kind.allCases.map(\.rawValue),
        text: "Only events of alarms, or only of what is wrong with the watching.")
    static let tellsOperations = WordParameter(
        name: "operations", words: ["true", "false"], text: "Whether to tell when operators said something.")
    static let tellsScores = WordParameter(
        name: "scores", words: ["true", "false"],
        text: "Whether to tell when workers have said how entities were scored.")
    static let incidentsLimit = NumberParameter("limit", 1...1_000, default: 100, "How many of the latest incidents.")

    /// - Parameters:
    ///   - scores: how entities were scored, by `clock`.
    ///   - workbench: does what takes longer than an answer may.
    ///   - authority: who may look, and who may change something.
    ///   - office: keeps who may take part; `nil` in plain mode.
    ///   - orders: takes what is asked of the node.
    init(
        board: ServerBoard, scores: Box<ScoreStrips>, clock: MonotonicClock, folder: String, library: FaultLibraryStore,
        view: AlarmView,
        forwarding: ForwardingThreads, calendars: CalendarThreads, workbench: Workbench, tool: String,
        authority: HTTPAuthority, office: IdentityOffice?, orders: ServerOrders, configuration: ConfigurationAPI,
        log: Logger
    ) {
        self.log = log
        forwarders = ForwardersAPI(forwarding: forwarding, authority: authority)
        self.configuration = configuration
        candidates = CandidatesAPI(board: board, authority: authority, orders: orders)
        models = ModelsAPI(folder: folder, board: board, tool: tool, authority: authority, orders: orders)
        scoring = ScoringAPI(
            folder: folder, board: board, library: library, workbench: workbench, tool: tool, authority: authority)
        principals = PrincipalsAPI(office: office, authority: authority)
        incidents = view.incidents
        self.view = view
        self.forwarding = forwarding
        self.calendars = calendars
        self.board = board
        self.folder = folder
        self.authority = authority
        self.library = LibraryAPI(store: library, alarmLog: folder + "/alarms.db", authority: authority)
        self.operations = OperationsAPI(
            store: view.operations, library: self.library, incidents: incidents, authority: authority,
            lastAlarm: { board.lastAlarm.load(ordering: .acquiring) })
        let list = AlarmList(log: folder + "/alarms.db")
        entities = EntitiesAPI(board: board, scores: scores, alarms: list, incidents: incidents, clock: clock)
        loops = LoopsAPI(folder: folder, board: board)
        faults = FaultManagementAPI(
            list: list, view: view, forwarding: forwarding, authority: authority,
            federation: { board.current.federation }, lastAlarm: { board.lastAlarm.load(ordering: .acquiring) })
    }

    /// The paths whose bodies are larger than others, and how large.
    var largeBodies: [HTTPServer.LargeBodies] { [scoring.largeBodies, candidates.largeBodies] }

    /// Answers a request.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        let answer = respond(to: request)
        say(answer, to: request)
        guard case .whole(let status, _, let body, _) = answer else { return answer.taggedIfShort(for: request) }
        if status >= 400 {
            let said = FaultManagementAPI.serves(request.path) ? FaultManagementAPI.worded(answer) : answer
            return status == 405 ? said.adding("Allow", ServerRoutes.allowed(request.path)) : said
        }
        return status == 200 && request.method == .get && body.count <= Self.longestTagged
            ? EntityTag(of: body).answer(to: request, with: answer) : answer
    }

    /// Says in the log what came of what was to change something, and of what could not be answered.
    private func say(_ answer: HTTPResponse, to request: HTTPRequest) {
        guard case .whole(let status, _, _, _) = answer else { return }
        func metadata() -> [String: String] {
            [
                "method": request.method.rawValue, "path": PrintableText.line(request.path, limit: 200),
                "status": "\(status)", "by": authority.actor(of: request), "trace": request.trace.traceID,
            ]
        }
        if status >= 500, status != 503 {
            log.warning("a request could not be answered", metadata())
        } else if request.method != .get {
            log.info("a change was asked for", metadata())
        }
    }

    /// Bytes of an answer that gets a tag.
    static let longestTagged = 1 << 20

    private func respond(to request: HTTPRequest) -> HTTPResponse {
        if let refusal = authority.refusal(of: request, needing: .read) { return refusal }
        if request.method != .get, let coding = request.header("Content-Encoding"), !coding.isEmpty,
            coding.lowercased() != "identity"
        {
            return .text(415, "Content-Encoding: found '\(HTTPResponse.printable(coding))', expected none")
        }
        guard ServerRoutes.serves(request.path) else {
            return .text(
                404, "\(HTTPResponse.printable(request.path)): nothing here; \(OpenAPIDocument.path) says what there is"
            )
        }
        do {
            if request.path == "/v1/placement/target" { return try target(request) }
            if request.path == CandidatesAPI.path { return try candidates.answer(request) }
            if LibraryAPI.serves(request.path) { return try library.answer(request) }
            if PrincipalsAPI.serves(request.path) { return try principals.answer(request) }
            if OperationsAPI.serves(request.path) { return try operations.answer(request) }
            if ModelsAPI.serves(request.path) { return try models.answer(request) }
            if request.path == ConfigurationAPI.path { return try configuration.answer(request) }
            if ScoringAPI.serves(request.path) { return try scoring.answer(request) }
            if EntitiesAPI.serves(request.path) { return try entities.answer(request) }
            if FaultManagementAPI.serves(request.path) { return try faults.answer(request) }
            if ForwardersAPI.serves(request.path) { return try forwarders.answer(request) }
            guard request.method == .get else { return .text(405, "only GET is served here\n") }
            switch request.path {
            case "/healthz": return try health()
            case "/metrics": return try metrics()
            case OpenAPIDocument.path: return .json(OpenAPIDocument.bytes)
            case "/v1/workers": return try workers(request)
            case "/v1/rounds": return try rounds(request)
            case LoopsAPI.path: return try loops.answer(request)
            case "/v1/placement": return try placement()
            case "/v1/alarms": return try alarms(request)
            case "/v1/alarms/stream": return try stream(request)
            case "/v1/incidents": return try incidents(request)
            default: return PageFiles.answer(request.path) ?? .text(404, "nothing here")
            }
        } catch let problem as Problem {
            return problem.answer
        } catch {
            return .text(500, PrintableText.line("\(error)", limit: 300) + "\n")
        }
    }

    private struct Health: Encodable {
        /// `ok`, or `degraded` where somebody has to look at ``troubles``.
        var status: String
        var federation: String
        var version: UInt64
        var finished: Bool
        /// Whether some workers are chosen to train and serve, so that there is a placement to ask for.
        var placement: Bool
        var waitingFor: String?
        var lastAlarm: Int64
        var refusedAlarms: [String: Int]
        /// Messages that claimed what was not granted, by worker and reason.
        var refusedMessages: [String: [String: Int]]
        /// Connections of keys that nobody has enrolled.
        var refusedHandshakes: Int
        /// Connections that were cut because their address had too many, by reason.
        var refusedConnections: [String: Int]
        /// Requests of whoever asked too often, by token or address, and reason.
        var refusedRequests: [String: [String: Int]]
        /// What is wrong with the watching now; the first few.
        var dataQuality: [IncidentBook.Finding]
        /// How many there are.
        var dataQualityCount: Int
        /// Where alarms are sent on to, and how that goes; absent where there is no such place.
        var forwarders: [ForwardingReport.Forwarder]?
        /// Calendars of maintenance, and how they stand; absent where there is none.
        var calendars: [CalendarThreads.Status]?
        /// What keeps the server from doing what it is for, a line each; absent where nothing does. What is wrong with the
        /// watching of single entities is not among them.
        var troubles: [String]?
    }

    /// What keeps the server from doing what it is for, as far as it knows.
    private func troubles(_ workers: some Collection<WorkerEntry>) -> [String] {
        let served = Set(workers.filter { $0.state == "active" }.flatMap(\.entities))
        let lost = workers.filter { $0.state == "lost" && !served.isSuperset(of: $0.entities) }.map(\.name).sorted()
        var troubles = lost.prefix(20).map { "worker \($0) is lost, and nobody watches what it watched" }
        if lost.count > troubles.count { troubles.append("and \(lost.count - troubles.count) more workers are lost") }
        troubles += forwarding.current.filter { $0.state != "well" }.map { "forwarder \($0.name): \($0.state)" }
        troubles += calendars.current.filter { $0.state == "failing" }.map { "calendar \($0.name): failing" }
        return troubles
    }

    private func health() throws -> HTTPResponse {
        let state = board.current
        try incidents.catchUp(to: board.lastAlarm.load(ordering: .acquiring))
        let findings = incidents.findings
        let troubles = troubles(state.workers.values)
        return try .encoding(
            Health(
                status: troubles.isEmpty ? "ok" : "degraded", federation: state.federation, version: state.version,
                finished: state.finished, placement: state.placement != nil,
                waitingFor: state.waitingFor,
                lastAlarm: board.lastAlarm.load(ordering: .relaxed), refusedAlarms: state.refusedAlarms,
                refusedMessages: state.refusedMessages,
                refusedHandshakes: state.refusedHandshakes, refusedConnections: state.refusedConnections,
                refusedRequests: state.refusedRequests,
                dataQuality: Array(findings.some.prefix(100)), dataQualityCount: findings.count,
                forwarders: forwarding.current.isEmpty ? nil : forwarding.current,
                calendars: calendars.current.isEmpty ? nil : calendars.current,
                troubles: troubles.isEmpty ? nil : troubles))
    }

    private func metrics() throws -> HTTPResponse {
        let last = board.lastAlarm.load(ordering: .acquiring)
        try incidents.catchUp(to: last)
        return ServerMetrics(
            board: board.current, lastAlarm: last, openIncidents: incidents.openCount,
            findings: incidents.findings.count, forwarders: forwarding.current, calendars: calendars.current
        ).answer
    }

    private struct Workers: Encodable {
        var workers: [WorkerEntry]
        var more: Bool
    }

    private func workers(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = Int(try request.value(Self.workersLimit))
        let after = try request.value(Self.workersAfter)
        let all = board.current.workers.values.filter { worker in after.map { worker.name > $0 } ?? true }
            .sorted { $0.name < $1.name }
        return try .encoding(Workers(workers: Array(all.prefix(limit)), more: all.count > limit))
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
        let limit = Int(try request.value(Self.roundsLimit))
        let state = board.current
        let registry = try VersionRegistry(reading: folder + "/registry.db")
        let decoder = JSONDecoder()
        let entries = try registry.rounds(latest: limit).map {
            var entry = try decoder.decode(RoundEntry.self, from: Data($0.record))
            if entry.committed, entry.restoredBy == nil { entry.syncSeconds = state.syncSeconds[entry.round] }
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

    static let noPlacement = "no placement here: the server was started without target-seconds\n"

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

    /// A place in the log: of one that is beyond its end, as in an older copy that was put back, its end. What comes from
    /// there on is new to whoever asks.
    private func place(_ number: Int64) -> Int64 { min(number, board.lastAlarm.load(ordering: .acquiring)) }

    private func alarms(_ request: HTTPRequest) throws -> HTTPResponse {
        var since = place(try request.value(Self.since))
        let limit = Int(try request.value(Self.alarmsLimit))
        let kind = try request.value(Self.kinds).flatMap(AlarmLog.Kind.init)
        let latest = try request.value(Self.latest)
        let log = try AlarmLog(reading: folder + "/alarms.db")
        if latest > 0 {
            since =
                try kind.map { try log.start(ofLatest: latest, $0) }
                ?? max(0, board.lastAlarm.load(ordering: .acquiring) - latest)
        }
        let listing = AlarmListing(
            log: log, view: try view.asked(by: request), since: since, limit: limit, kind: kind)
        return .stream(type: "application/json", isEndless: false) { listing.next() }
    }

    private struct Incidents: Encodable { var incidents: [IncidentEntry] }

    private func incidents(_ request: HTTPRequest) throws -> HTTPResponse {
        let limit = Int(try request.value(Self.incidentsLimit))
        try incidents.catchUp(to: board.lastAlarm.load(ordering: .acquiring))
        return try .encoding(Incidents(incidents: incidents.latest(limit)))
    }

    private func stream(_ request: HTTPRequest) throws -> HTTPResponse {
        let tells = try request.value(Self.tellsOperations) == "true"
        let tellsScores = try request.value(Self.tellsScores) == "true"
        let view = try view.asked(by: request)
        var since = try request.value(Self.since)
        if let last = request.header("Last-Event-ID") {
            // Blanks around a value are none of it (RFC 9110, 5.5).
            let value = last.trimmingCharacters(in: CharacterSet(charactersIn: " \t"))
            guard let number = Int64(value), Self.since.range.contains(number) else {
                throw Problem(
                    400, "Last-Event-ID: found '\(HTTPResponse.printable(last))', expected a number, 0 or more")
            }
            since = number
        }
        let cursor = AlarmCursor(
            log: try AlarmLog(reading: folder + "/alarms.db"), board: board, view: view, sequence: place(since),
            tellsOperations: tells, tellsScores: tellsScores)
        return .stream(type: "text/event-stream") { cursor.next() }
    }
}
