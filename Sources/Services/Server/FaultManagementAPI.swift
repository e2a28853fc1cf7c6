import Foundation
import Platform
import Synchronization
import Watching

/// Fault supervision as 3GPP managers know it: the alarm list with counts, acknowledging, comments and subscriptions, at the
/// paths of TS 28.532's OpenAPI definition.
struct FaultManagementAPI: Sendable {
    /// `{MnSRoot}/FaultSupervisionMnS/{MnSversion}`: version 18.1.0 of the definition.
    static let path = "/3GPPManagement/FaultSupervisionMnS/v1810"
    private static let alarms = path + "/alarms"
    private static let count = alarms + "/alarmCount"
    private static let subscriptions = path + "/subscriptions"
    private static let comments = "/comments"

    /// Which alarms of the list are asked for.
    static let ackState = WordParameter(
        name: "alarmAckState",
        words: [
            "ALL_ALARMS", "ALL_ACTIVE_ALARMS", "ALL_ACTIVE_AND_ACKNOWLEDGED_ALARMS",
            "ALL_ACTIVE_AND_UNACKNOWLEDGED_ALARMS", "ALL_CLEARED_AND_UNACKNOWLEDGED_ALARMS",
            "ALL_UNACKNOWLEDGED_ALARMS",
        ], text: "Which alarms; all when not given.")
    private static let base = TextParameter(
        name: "baseObjectInstance", length: 1...2_048,
        text: "The distinguished name of an object: its alarms, and those below it.")

    /// The alarms.
    let book: IncidentBook
    /// What operators said.
    let operations: OperatorStore
    /// What is sent to subscribers.
    let forwarding: ForwardingThreads
    /// Who may change something.
    let authority: HTTPAuthority
    /// The federation's name.
    let federation: @Sendable () -> String
    /// The number of the last alarm in the log.
    let lastAlarm: @Sendable () -> Int64
    private let list: AlarmList
    private let view: AlarmView

    /// The alarm list of a server's log.
    init(
        list: AlarmList, view: AlarmView, forwarding: ForwardingThreads, authority: HTTPAuthority,
        federation: @escaping @Sendable () -> String, lastAlarm: @escaping @Sendable () -> Int64
    ) {
        (self.list, self.view, book, operations) = (list, view, view.incidents, view.operations)
        (self.forwarding, self.authority, self.federation, self.lastAlarm) = (
            forwarding, authority, federation, lastAlarm
        )
    }

    /// Whether a path is below this one.
    static func serves(_ path: String) -> Bool { path.hasPrefix(Self.path + "/") }

    /// What went wrong, as TS 28.532 words it.
    static func worded(_ answer: HTTPResponse) -> HTTPResponse {
        guard case .whole(let status, let type, let body, let headers) = answer,
            type.hasPrefix("application/problem")
        else { return answer }
        let text = Problem.detail(of: String(decoding: body, as: UTF8.self)) ?? ""
        let error = JSONValue.object(["error": .object(["errorInfo": .string(text)])])
        return .whole(
            status: status, type: "application/json", body: Array(error.description.utf8), headers: headers)
    }

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        if request.method != .get, let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        do {
            return try dispatch(request)
        } catch let refusal as OperatorDesk.Refusal {
            throw Problem(refusal.isMissing ? 404 : 400, refusal.description)
        } catch let error as StorageError {
            throw Problem(507, "\(error)")
        }
    }

    private func dispatch(_ request: HTTPRequest) throws -> HTTPResponse {
        let path = request.path
        switch (request.method, path) {
        case (.get, Self.alarms): return try listing(request)
        case (.get, Self.count): return try counting(request)
        case (.patch, Self.alarms): return try patchAll(request)
        case (.post, Self.subscriptions): return try subscribe(request)
        case (_, Self.alarms), (_, Self.count), (_, Self.subscriptions):
            throw Problem(405, "\(path) does not take \(request.method.rawValue)")
        default: break
        }
        if path.hasPrefix(Self.subscriptions + "/") {
            guard request.method == .delete else { throw Problem(405, "DELETE a subscription here") }
            let id = String(path.dropFirst(Self.subscriptions.count + 1))
            guard try forwarding.unsubscribe(id) else {
                throw Problem(404, "no subscription \(HTTPResponse.printable(id)) here")
            }
            authority.audit(request, "subscription ended")
            return .done
        }
        guard path.hasPrefix(Self.alarms + "/") else { throw Problem(404, "nothing here") }
        let name = path.dropFirst(Self.alarms.count + 1)
        if name.hasSuffix(Self.comments) {
            guard request.method == .post else { throw Problem(405, "POST a comment here") }
            return try comment(String(name.dropLast(Self.comments.count)), request)
        }
        guard request.method == .patch else { throw Problem(405, "PATCH an alarm here") }
        let patch = try Self.body(Patch.self, request, types: Self.patchTypes)
        try apply(patch, to: String(name), among: alarmsByName(), request)
        return .done
    }

    // MARK: The list

    private func current() throws -> [AlarmEvent] {
        let desk = operations.current
        return try list.current(upTo: lastAlarm()) { desk.mark(of: .alarm($0.id))?.acknowledged != nil }
    }

    private func alarmsByName() throws -> [String: AlarmEvent] {
        Dictionary(try current().map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
    }

    private func asked(_ request: HTTPRequest) throws -> [AlarmEvent] {
        let state = try request.value(Self.ackState) ?? "ALL_ALARMS"
        if request.query("filter") != nil {
            throw Problem(400, "filter: not supported, expected none; alarmAckState and baseObjectInstance choose")
        }
        let desk = operations.current
        let base = try request.value(Self.base)
        return try current().filter { event in
            let isCleared = event.state == .cleared
            let isAcknowledged = desk.mark(of: .alarm(event.id))?.acknowledged != nil
            let fits =
                switch state {
                case "ALL_ACTIVE_ALARMS": !isCleared
                case "ALL_ACTIVE_AND_ACKNOWLEDGED_ALARMS": !isCleared && isAcknowledged
                case "ALL_ACTIVE_AND_UNACKNOWLEDGED_ALARMS": !isCleared && !isAcknowledged
                case "ALL_CLEARED_AND_UNACKNOWLEDGED_ALARMS": isCleared && !isAcknowledged
                case "ALL_UNACKNOWLEDGED_ALARMS": !isAcknowledged
                default: true
                }
            guard fits, let base else { return fits }
            let object = FaultManagement.object(of: event)
            return object == base || object.hasPrefix(base + ",")
        }
    }

    /// The records one by one while they are sent: what a reader costs does not depend on how many there are.
    private func listing(_ request: HTTPRequest) throws -> HTTPResponse {
        let events = try asked(request)
        try book.catchUp(to: lastAlarm())
        let listing = FaultListing(events, list: list, view: view)
        return .stream(type: "application/json", isEndless: false) { listing.next() }
    }

    private func counting(_ request: HTTPRequest) throws -> HTTPResponse {
        var counts = ["critical": 0, "major": 0, "minor": 0, "warning": 0, "indeterminate": 0, "cleared": 0]
        for event in try asked(request) {
            counts[event.state == .cleared ? "cleared" : event.severity.rawValue, default: 0] += 1
        }
        return try .encoding(Dictionary(uniqueKeysWithValues: counts.map { ($0.key + "Count", $0.value) }))
    }

    // MARK: What managers say

    private static let patchTypes = ["application/merge-patch+json", "application/json"]

    private struct Patch: Decodable {
        let ackState: String?
        let ackUserId: String?
        let perceivedSeverity: String?
    }

    private static func body<Body: Decodable>(
        _ type: Body.Type, _ request: HTTPRequest, types: [String]
    ) throws(Problem) -> Body {
        let name = (request.header("Content-Type") ?? "").prefix { $0 != ";" }.lowercased()
        // A page in a browser cannot send these types to another origin without asking first.
        guard types.contains(name) else {
            throw Problem(415, "Content-Type: expected \(types.joined(separator: " or "))")
        }
        try Problem.checkJSON(of: request)
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)) else {
            throw Problem(400, "body: not of the form that TS 28.532 has for it")
        }
        return body
    }

    /// Who says it: the user that the manager names, and whose token let the manager in.
    private func actor(_ user: String?, _ request: HTTPRequest) throws(Problem) -> String {
        let actor = authority.actor(of: request)
        guard let user, user != actor else { return actor }
        guard (1...256).contains(user.utf8.count) else {
            throw Problem(400, "user: found \(user.utf8.count) bytes, expected 1 to 256")
        }
        return "\(HTTPResponse.printable(user)) (\(actor))"
    }

    private func apply(
        _ patch: Patch, to id: String, among alarms: [String: AlarmEvent], _ request: HTTPRequest
    ) throws {
        guard patch.perceivedSeverity == nil else {
            throw Problem(409, "perceivedSeverity: an alarm is cleared by what is measured, and by nobody's word")
        }
        guard patch.ackUserId != nil else { throw Problem(400, "ackUserId: missing") }
        let subject = OperatorDesk.Subject.alarm(id)
        let change: DeskChange
        switch patch.ackState {
        case "ACKNOWLEDGED": change = .acknowledge(subject)
        case "UNACKNOWLEDGED": change = .unacknowledge(subject)
        default: throw Problem(400, "ackState: expected ACKNOWLEDGED or UNACKNOWLEDGED")
        }
        guard alarms[id] != nil else { throw Problem(404, "no alarm \(HTTPResponse.printable(id)) in the list") }
        try said(change, by: try actor(patch.ackUserId, request), request, id)
    }

    private func said(_ change: DeskChange, by who: String, _ request: HTTPRequest, _ id: String) throws {
        _ = try operations.apply(change, by: who, trace: request.isTraced ? request.trace : nil)
        authority.audit(request, PrintableText.line("\(who): \(id)", limit: 300))
    }

    private func patchAll(_ request: HTTPRequest) throws -> HTTPResponse {
        let patches = try Self.body([String: Patch].self, request, types: Self.patchTypes)
        guard (1...1_000).contains(patches.count) else { throw Problem(400, "body: expected 1 to 1000 alarms") }
        let alarms = try alarmsByName()
        var failures: [[String: String]] = []
        var status = 400
        for (id, patch) in patches.sorted(by: { $0.key < $1.key }) {
            do {
                try apply(patch, to: id, among: alarms, request)
            } catch let problem as Problem {
                failures.append(["alarmId": id, "failureReason": problem.detail])
                status = problem.status
            }
        }
        guard !failures.isEmpty else { return .done }
        guard case .whole(_, let type, let body, _) = try HTTPResponse.encoding(failures) else { return .done }
        return .whole(status: status, type: type, body: body)
    }

    private struct Comment: Decodable {
        let commentUserId: String?
        let commentText: String?
        let commentTime: String?
    }

    /// Whether a text is a time as RFC 3339 has it, with a zone.
    private static func isTime(_ text: String) -> Bool {
        guard text.utf8.count <= 64 else { return false }
        let style = Date.ISO8601FormatStyle()
        return (try? Date(text, strategy: style)) != nil
            || (try? Date(
                text,
                strategy: style.year().month().day().timeZone(separator: .colon)
                    .time(includingFractionalSeconds: true))) != nil
    }

    private func comment(_ id: String, _ request: HTTPRequest) throws -> HTTPResponse {
        let body = try Self.body(Comment.self, request, types: ["application/json"])
        guard body.commentUserId != nil else { throw Problem(400, "commentUserId: missing") }
        if let time = body.commentTime, !Self.isTime(time) {
            throw Problem(
                400,
                "commentTime: found '\(HTTPResponse.printable(time))', expected a time such as 2026-01-01T00:00:00Z")
        }
        guard try alarmsByName()[id] != nil else {
            throw Problem(404, "no alarm \(HTTPResponse.printable(id)) in the list")
        }
        let (who, text) = (try actor(body.commentUserId, request), body.commentText ?? "")
        try said(.note(.alarm(id), text: text), by: who, request, id)
        let place = operations.current.mark(of: .alarm(id))?.notes.count ?? 1
        let made = FaultManagement.comment(text, by: who, at: OperatorStore.now)
        return Self.created(made, at: "\(request.path)/\(place)")
    }

    private static func created(_ value: JSONValue, at place: String) -> HTTPResponse {
        let location = place.split(separator: "/", omittingEmptySubsequences: false).map {
            PercentEncoding.encoded(String($0))
        }.joined(separator: "/")
        return .whole(
            status: 201, type: "application/json", body: Array(value.description.utf8), headers: ["Location": location])
    }

    // MARK: Subscriptions

    private struct Subscription: Decodable {
        let consumerReference: String?
        let timeTick: Int?
        let filter: String?
    }

    private func subscribe(_ request: HTTPRequest) throws -> HTTPResponse {
        let body = try Self.body(Subscription.self, request, types: ["application/json"])
        guard (body.filter ?? "").isEmpty else { throw Problem(400, "filter: not supported, expected none") }
        guard let consumer = body.consumerReference else { throw Problem(400, "consumerReference: missing") }
        let id = try forwarding.subscribe(consumer)
        authority.audit(request, "subscription: \(HTTPResponse.printable(consumer))")
        return Self.created(
            .object(["consumerReference": .string(consumer)]), at: "\(Self.subscriptions)/\(id)")
    }
}

/// The records of alarms as one JSON object, made piece by piece.
private final class FaultListing: Sendable {
    private let events: [AlarmEvent]
    private let list: AlarmList
    private let view: AlarmView
    /// Where the next piece begins; `nil` at the end.
    private let place = Mutex<Int?>(0)
    private static let piece = 100

    init(_ events: [AlarmEvent], list: AlarmList, view: AlarmView) {
        (self.events, self.list, self.view) = (events, list, view)
    }

    func next() -> [UInt8]? {
        guard let start = place.withLock({ $0 }) else { return nil }
        let part = events[start..<min(events.count, start + Self.piece)]
        let (desk, now) = (view.operations.current, Double(OperatorStore.now))
        let records = list.shown(part, view.now()).map { event in
            let record = FaultManagement.record(of: event, mark: desk.mark(of: .alarm(event.id)), now: now)
            return "\(JSONText.quoted(event.id)):\(record)"
        }
        let isOver = part.endIndex == events.count
        place.withLock { $0 = isOver ? nil : part.endIndex }
        return Array(((start == 0 ? "{" : ",") + records.joined(separator: ",") + (isOver ? "}\n" : "")).utf8)
    }
}

extension FaultManagementAPI {
    private static let alarmID = Route.Parameter(
        place: "path", name: "alarmId", text: "An alarm's identity.",
        schema: ["type": .string("string"), "minLength": .number(1), "maxLength": .number(575)])
    private static let subscriptionID = Route.Parameter(
        place: "path", name: "subscriptionId", text: "As Location had it.",
        schema: ["type": .string("string"), "minLength": .number(1), "maxLength": .number(64)])

    /// What is answered here.
    static var routes: [Route] {
        let patches = "application/merge-patch+json"
        return [
            Route(
                method: .get, path: alarms, summary: "3GPP TS 28.532: the alarm list, by alarmId",
                parameters: [ackState.parameter, base.parameter], answers: [.json("FaultAlarms")], refusals: [400]),
            Route(
                method: .patch, path: alarms, summary: "3GPP TS 28.532: acknowledges alarms, or takes that back",
                role: .operate, bodies: [(patches, "FaultAcknowledgements")], answers: [.nothing],
                failure: "FaultFailure", refusals: [400, 404, 409, 415]),
            Route(
                method: .get, path: count, summary: "3GPP TS 28.532: how many alarms of each severity",
                parameters: [ackState.parameter], answers: [.json("FaultCount")], refusals: [400]),
            Route(
                method: .patch, path: alarms + "/{alarmId}", summary: "3GPP TS 28.532: acknowledges an alarm",
                role: .operate, parameters: [alarmID], bodies: [(patches, "FaultAcknowledgement")],
                answers: [.nothing], refusals: [400, 404, 409, 415, 507]),
            Route(
                method: .post, path: alarms + "/{alarmId}" + comments, summary: "3GPP TS 28.532: comments on an alarm",
                role: .operate, parameters: [alarmID], bodies: [("application/json", "FaultComment")],
                answers: [.json("FaultComment", status: 201)], refusals: [400, 404, 415, 507]),
            Route(
                method: .post, path: subscriptions,
                summary: "3GPP TS 28.532: subscribes a consumer to notifications of what comes from now on",
                role: .operate, bodies: [("application/json", "FaultSubscription")],
                answers: [.json("FaultSubscription", status: 201)], refusals: [400, 409, 415, 507]),
            Route(
                method: .delete, path: subscriptions + "/{subscriptionId}",
                summary: "3GPP TS 28.532: ends a subscription", role: .operate, parameters: [subscriptionID],
                answers: [.nothing], refusals: [404, 507]),
        ]
    }
}
