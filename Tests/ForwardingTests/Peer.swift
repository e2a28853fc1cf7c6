import Foundation
import Platform
import Services
import Synchronization

/// An HTTP server that remembers what was posted to it, and answers as it is told.
final class Peer: Sendable {
    struct Request: Sendable {
        let path: String
        let type: String
        let body: [UInt8]
        var json: JSONValue { (try? DeterministicJSON.decode(JSONValue.self, from: body)) ?? .null }
    }

    private final class State: Sendable {
        let requests = Mutex<[Request]>([])
        let answer = Mutex<@Sendable (Request) -> Int>({ _ in 200 })
    }

    private let state = State()
    private let server: HTTPServer

    init() throws {
        let state = state
        server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            let seen = Request(path: request.path, type: request.header("Content-Type") ?? "", body: request.body)
            let status = state.answer.withLock { $0 }(seen)
            if status == 200 { state.requests.withLock { $0.append(seen) } }
            return .text(status, "\n")
        }
    }

    deinit { server.stop() }

    var port: Int { server.port }
    var url: String { "http://127.0.0.1:\(port)" }
    /// What it took.
    var requests: [Request] { state.requests.withLock { $0 } }
    func answers(_ body: @escaping @Sendable (Request) -> Int) { state.answer.withLock { $0 = body } }
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
}
