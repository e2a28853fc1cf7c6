import Platform
import Watching

/// `/v1/forwarders`, `/v1/dead-letters` and `/v1/subscriptions`: where alarms are sent on to, what peers refused, and who
/// has subscribed.
struct ForwardersAPI: Sendable {
    /// The forwarders at work.
    let forwarding: ForwardingThreads
    /// Who may change something.
    let authority: HTTPAuthority

    private static let forwarders = "/v1/forwarders"
    private static let dead = "/v1/dead-letters"
    private static let subscriptions = "/v1/subscriptions"
    private static let since = NumberParameter(
        "since", 0...NumberParameter.most, default: 0, "A dead letter's number: those behind it.")
    private static let limit = NumberParameter("limit", 1...1_000, default: 100, "Dead letters on a page.")
    private static let forwarder = TextParameter(
        name: "forwarder", length: 1...64, text: "A forwarder's name: what its peer refused.")
    /// Dead letters that one request names.
    private static let mostNumbers = 1_000

    /// Whether a path is one of these.
    static func serves(_ path: String) -> Bool {
        [forwarders, dead, subscriptions].contains(path) || path.hasPrefix(subscriptions + "/")
    }

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        if request.method != .get, let refusal = authority.refusal(of: request, needing: .operate) { return refusal }
        do {
            return try dispatch(request)
        } catch let error as StorageError {
            throw Problem(507, "\(error)")
        }
    }

    private func dispatch(_ request: HTTPRequest) throws -> HTTPResponse {
        let path = request.path
        switch (request.method, path) {
        case (.get, Self.forwarders): return try .encoding(["forwarders": forwarding.current])
        case (.get, Self.dead): return try deadLetters(request)
        case (.post, Self.dead): return try change(request)
        case (.get, Self.subscriptions):
            return try .encoding(["subscriptions": forwarding.currentSubscriptions])
        case (.delete, _) where path.hasPrefix(Self.subscriptions + "/"):
            return try end(String(path.dropFirst(Self.subscriptions.count + 1)), request)
        default: throw Problem(405, "\(path) does not take \(request.method.rawValue)")
        }
    }

    private func end(_ id: String, _ request: HTTPRequest) throws -> HTTPResponse {
        guard try forwarding.unsubscribe(id) else {
            throw Problem(404, "no subscription \(HTTPResponse.printable(id)) here")
        }
        authority.audit(request, "subscription ended")
        return .done
    }

    // MARK: Dead letters

    private struct Page: Encodable {
        let letters: [ForwardingReport.DeadLetter]
        let last: Int64
        let more: Bool
    }

    private func deadLetters(_ request: HTTPRequest) throws -> HTTPResponse {
        let since = try request.value(Self.since)
        let limit = Int(try request.value(Self.limit))
        let letters = try forwarding.deadLetters(of: try request.value(Self.forwarder), after: since, limit: limit)
        return try .encoding(
            Page(letters: letters, last: letters.last?.number ?? since, more: letters.count == limit))
    }

    private struct Count: Encodable { let count: Int }

    private struct Wish: Decodable {
        let operation: String
        let forwarder: String?
        let numbers: [Int64]?
    }

    private func change(_ request: HTTPRequest) throws -> HTTPResponse {
        let wish = try Problem.read(Wish.self, from: request, keys: ["operation", "forwarder", "numbers"])
        if let numbers = wish.numbers {
            guard (1...Self.mostNumbers).contains(numbers.count) else {
                throw Problem(400, "numbers: found \(numbers.count), expected 1 to \(Self.mostNumbers)")
            }
        } else if wish.forwarder == nil {
            throw Problem(400, "expected numbers, or a forwarder, whose dead letters are all meant")
        }
        let count: Int
        switch wish.operation {
        case "retry": count = try forwarding.retryDead(wish.numbers, of: wish.forwarder)
        case "drop": count = try forwarding.dropDead(wish.numbers, of: wish.forwarder)
        default:
            throw Problem(
                400, "operation: found \(HTTPResponse.printable(wish.operation)), expected one of retry, drop")
        }
        guard count > 0 else {
            let which = wish.operation == "retry" ? "dead letters of forwarders at work" : "dead letters"
            throw Problem(404, "found no such \(which)")
        }
        let whose = wish.forwarder.map { " of \(HTTPResponse.printable($0))" } ?? ""
        authority.audit(request, "\(wish.operation) \(count) dead letters\(whose)")
        return try .encoding(Count(count: count))
    }
}

extension ForwardersAPI {
    private static let subscriptionID = Route.Parameter(
        place: "path", name: "subscriptionId", text: "A subscription's name.",
        schema: ["type": .string("string"), "minLength": .number(1), "maxLength": .number(64)])

    /// What is answered here.
    static var routes: [Route] {
        [
            Route(
                method: .get, path: forwarders, summary: "Where alarms are sent on to, and how that goes",
                answers: [.json("Forwarders")]),
            Route(
                method: .get, path: dead, summary: "What peers of forwarders refused, oldest first",
                parameters: [forwarder.parameter, since.parameter, limit.parameter], answers: [.json("DeadLetters")],
                refusals: [400]),
            Route(
                method: .post, path: dead, summary: "Sends dead letters again, or drops them", role: .operate,
                bodies: [("application/json", "DeadLetterWish")], answers: [.json("Count")],
                refusals: [400, 404, 415, 507]),
            Route(
                method: .get, path: subscriptions, summary: "Consumers of 3GPP's notifications, oldest first",
                answers: [.json("Subscriptions")]),
            Route(
                method: .delete, path: subscriptions + "/{subscriptionId}", summary: "Ends a subscription",
                role: .operate, parameters: [subscriptionID], answers: [.nothing], refusals: [404, 507]),
        ]
    }
}
