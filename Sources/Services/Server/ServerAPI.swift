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
    private let names: FaultLibraryStore
    private let library: LibraryAPI
    private let principals: PrincipalsAPI
    private let incidents: IncidentBook

    /// - Parameters:
    ///   - authority: who may look, and who may change something.
    ///   - office: keeps who may take part; `nil` in plain mode.
    init(
        board: ServerBoard, folder: String, library: FaultLibraryStore, dependencies: DependencyGraph,
        authority: HTTPAuthority, office: IdentityOffice?
    ) {
        principals = PrincipalsAPI(office: office, authority: authority)
        incidents = IncidentBook(log: folder + "/alarms.db", dependencies: dependencies)
        self.board = board
        self.folder = folder
        self.authority = authority
        names = library
        self.library = LibraryAPI(store: library, alarmLog: folder + "/alarms.db", authority: authority)
    }

    /// Answers a request.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        if let refusal = authority.refusal(of: request, needing: .read) { return refusal }
        do {
            if request.path == "/v1/placement/target" { return try target(request) }
            if LibraryAPI.serves(request.path) { return try library.answer(request) }
            if PrincipalsAPI.serves(request.path) { return try principals.answer(request) }
            guard request.method == .get else { return .text(405, "only GET is served here\n") }
            switch request.path {
            case "/healthz": return try health()
            case "/v1/workers": return try workers()
            case "/v1/rounds": return try rounds()
            case "/v1/placement": return try placement()
            case "/v1/alarms": return try alarms(request)
            case "/v1/alarms/stream": return try stream(request)
            case "/v1/incidents": return try incidents(request)
            default:
                return .text(
                    404,
                    "nothing here; there are /healthz, /v1/workers, /v1/rounds, /v1/placement, /v1/placement/target, "
                        + "/v1/alarms, /v1/alarms/stream, /v1/incidents, /v1/library, /v1/principals\n")
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
        /// What is wrong with the watching now; the first few.
        var dataQuality: [IncidentBook.Finding]
        /// How many there are.
        var dataQualityCount: Int
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
                refusedHandshakes: state.refusedHandshakes,
                dataQuality: Array(findings.prefix(100)), dataQualityCount: findings.count))
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
        var open: Open?
        var rejections: [String: Int]
        var rounds: [RoundEntry]
    }

    private func rounds() throws -> HTTPResponse {
        let state = board.current
        let registry = try VersionRegistry(reading: folder + "/registry.db")
        let decoder = JSONDecoder()
        let entries = try registry.rounds().map { try decoder.decode(RoundEntry.self, from: Data($0.record)) }
        return try .encoding(
            Rounds(
                federation: state.federation, version: state.version, finished: state.finished,
                waitingFor: state.waitingFor,
                open: state.open.map {
                    .init(round: $0.round, attempt: $0.attempt, kind: $0.kind, accepted: $0.accepted)
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
        let listing = AlarmListing(
            log: try AlarmLog(reading: folder + "/alarms.db"), names: names, incidents: incidents, since: since,
            limit: limit)
        return .stream(type: "application/json", isEndless: false) { listing.next() }
    }

    private struct Incidents: Encodable { var incidents: [IncidentBook.Entry] }

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
        let cursor = AlarmCursor(
            log: try AlarmLog(reading: folder + "/alarms.db"), board: board, names: names, incidents: incidents,
            sequence: since)
        return .stream(type: "text/event-stream") { cursor.next() }
    }
}

/// One reader's place in the stream of alarms.
///
/// Unchecked: used by the thread of its connection only.
private final class AlarmCursor: @unchecked Sendable {
    private let log: AlarmLog
    private let board: ServerBoard
    private let names: FaultLibraryStore
    private let incidents: IncidentBook
    private var sequence: Int64
    private var idleTurns = 0

    init(log: AlarmLog, board: ServerBoard, names: FaultLibraryStore, incidents: IncidentBook, sequence: Int64) {
        self.log = log
        self.board = board
        self.names = names
        self.incidents = incidents
        self.sequence = sequence
    }

    /// The next events, or a comment when nothing has happened for a while, so that dead readers are noticed.
    func next() -> [UInt8]? {
        while !board.stopping.load(ordering: .relaxed) {
            if board.lastAlarm.load(ordering: .acquiring) > sequence {
                guard let page = try? log.page(after: sequence, limit: 100) else { return nil }
                if page.last > sequence {
                    sequence = page.last
                    idleTurns = 0
                    let matcher = names.current.matcher
                    // Where the log cannot be read again the events go out without their incidents.
                    try? incidents.catchUp(to: page.last)
                    var damaged = page.damaged
                    var text = ""
                    for entry in page.entries {
                        guard let event = matcher.named(entry.bytes, in: incidents) else {
                            damaged += 1
                            continue
                        }
                        text +=
                            "id: \(entry.sequence)\nevent: alarm\ndata: \(String(decoding: event, as: UTF8.self))\n\n"
                    }
                    if damaged > 0 { text += ": \(damaged) damaged events up to \(page.last) are left out\n\n" }
                    return Array(text.utf8)
                }
            }
            idleTurns += 1
            if idleTurns % 100 == 1 { return Array(": here\n\n".utf8) }
            usleep(50_000)
        }
        return nil
    }
}

/// A part of the log as one JSON object, made piece by piece while it is sent: what a reader costs does not depend on how
/// much he asks for. What cannot be read is left out and counted.
///
/// Unchecked: used by the thread of its connection only.
private final class AlarmListing: @unchecked Sendable {
    /// Bytes after which the rest is another page.
    private static let mostBytes = 8 << 20

    private let log: AlarmLog
    private let names: FaultLibraryStore
    private let incidents: IncidentBook
    private var last: Int64
    private var left: Int
    private var bytes = 0
    private var damaged = 0
    private var hasBegun = false
    private var hasEvent = false
    private var hasEnded = false

    init(log: AlarmLog, names: FaultLibraryStore, incidents: IncidentBook, since: Int64, limit: Int) {
        self.log = log
        self.names = names
        self.incidents = incidents
        last = since
        left = limit
    }

    func next() -> [UInt8]? {
        guard !hasEnded else { return nil }
        var text = hasBegun ? "" : "{\"alarms\":["
        hasBegun = true
        var hasMore = false
        var failure: String?
        do {
            let page = try log.page(after: last, limit: left)
            (last, hasMore) = (page.last, page.hasMore)
            damaged += page.damaged
            try incidents.catchUp(to: page.last)
            let matcher = names.current.matcher
            for entry in page.entries {
                left -= 1
                guard let event = matcher.named(entry.bytes, in: incidents) else {
                    damaged += 1
                    continue
                }
                text += (hasEvent ? "," : "") + String(decoding: event, as: UTF8.self)
                hasEvent = true
            }
        } catch {
            failure = "\(error)"
        }
        bytes += text.utf8.count
        if hasMore, left > 0, bytes < Self.mostBytes, failure == nil { return Array(text.utf8) }
        hasEnded = true
        text += "],\"damaged\":\(damaged),"
        if let failure { text += "\"error\":\(JSONText.quoted(PrintableText.line(failure, limit: 300)))," }
        return Array((text + "\"last\":\(last),\"more\":\(hasMore)}\n").utf8)
    }
}

extension FaultMatcher {
    /// An event of the log with its incident, and its fault by this library; `nil` for bytes that no event can be read from.
    fileprivate func named(_ bytes: [UInt8], in incidents: IncidentBook) -> [UInt8]? {
        guard var event = try? AlarmEvent(decoding: bytes) else { return nil }
        event.incident = incidents.incident(ofAlarm: event.id)
        if let signature = event.signature { event.fault = fault(of: signature) }
        return (try? event.encoded()) ?? bytes
    }
}
