import Foundation
import Platform
import Services
import Synchronization

/// An HTTP server that remembers what was posted to it, and answers as it is told.
final class Peer: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        let type: String
        let body: [UInt8]
        /// The header `traceparent`.
        let trace: TraceContext?
        /// The token that it shows.
        let authorization: String
        /// Values of the query, by the names that peers of tests ask for.
        let query: [String: String]
        var json: JSONValue { (try? DeterministicJSON.decode(JSONValue.self, from: body)) ?? .null }
    }

    private final class State: Sendable {
        let requests = Mutex<[Request]>([])
        let refused = Mutex<[Request]>([])
        let answer = Mutex<@Sendable (Request) -> HTTPResponse>({ _ in .text(200, "\n") })
    }

    private let state = State()
    private let server: HTTPServer

    init() throws {
        let state = state
        server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            let names = ["tags", "dashboardUID", "limit", "type"]
            let seen = Request(
                method: request.method.rawValue, path: request.path, type: request.header("Content-Type") ?? "",
                body: request.body, trace: request.header("traceparent").flatMap(TraceContext.init(parsing:)),
                authorization: request.header("Authorization") ?? "",
                query: Dictionary(
                    uniqueKeysWithValues: names.compactMap { name in request.query(name).map { (name, $0) } }))
            let answer = state.answer.withLock { $0 }(seen)
            if case .whole(200, _, _, _) = answer {
                state.requests.withLock { $0.append(seen) }
            } else {
                state.refused.withLock { $0.append(seen) }
            }
            return answer
        }
    }

    deinit { server.stop() }

    var port: Int { server.port }
    var url: String { "http://127.0.0.1:\(port)" }
    /// What it took.
    var requests: [Request] { state.requests.withLock { $0 } }
    /// What it did not take.
    var refused: [Request] { state.refused.withLock { $0 } }
    func answers(_ body: @escaping @Sendable (Request) -> Int) {
        replies { .text(body($0), "\n") }
    }
    func replies(_ body: @escaping @Sendable (Request) -> HTTPResponse) { state.answer.withLock { $0 = body } }
}

extension JSONValue {
    /// A member, by its names from the outside to the inside.
    subscript(_ path: String...) -> JSONValue? {
        var value = self
        for name in path {
            guard case .object(let object) = value, let next = object[name] else { return nil }
            value = next
        }
        return value
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var whole: Int64? { if case .number(let number) = self { Int64(exactly: number) } else { nil } }
    var elements: [JSONValue] { if case .array(let all) = self { all } else { [] } }
}
