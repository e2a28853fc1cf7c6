import Foundation
import Platform
import Web

/// Talks to an HTTP server: one request on a connection of its own, the answer's body as it comes.
package enum HTTPClient {
    /// For how long nothing may come of a request that is no stream: the longest work of a server before it answers, choosing
    /// among 5,000 candidates, takes 10 s.
    package static let silence: Duration = .seconds(30)

    /// What came of a request.
    package enum Outcome: Equatable, Sendable {
        /// The whole body was read, or the reader had enough.
        case finished
        /// The server refused; with what it says is wrong, or the first line of its body.
        case refused(Int, String)
        /// No server there, or the connection broke.
        case unreachable(String)
    }

    /// Gets a path and hands on the body as it comes.
    ///
    /// - Parameters:
    ///   - headers: further headers.
    ///   - silence: for how long nothing may come or go, after which nobody is there; `nil`: for ever, as in a stream.
    ///   - read: takes bytes, or none when nothing has come for a second; returns whether it wants more.
    package static func get(
        _ peer: HTTPPeer, path: String, headers: [String: String] = [:], silence: Duration? = HTTPClient.silence,
        read: ([UInt8]) -> Bool
    ) -> Outcome {
        let shown = peer.token.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        return exchange(
            "GET", peer, path: path, headers: headers.merging(shown) { $1 }, body: [], silence: silence, read: read)
    }

    /// The same of a server that needs no encryption.
    package static func get(
        host: String, port: Int, path: String, headers: [String: String] = [:],
        silence: Duration? = HTTPClient.silence, read: ([UInt8]) -> Bool
    ) -> Outcome {
        get(HTTPPeer(host: host, port: port), path: path, headers: headers, silence: silence, read: read)
    }

    /// Posts JSON to a path, or puts it there, and hands on the answer's body as it comes.
    package static func post(
        _ peer: HTTPPeer, path: String, json: String, puts: Bool = false, silence: Duration? = HTTPClient.silence,
        read: ([UInt8]) -> Bool
    ) -> Outcome {
        let body = Array(json.utf8)
        let headers = authorization(peer).merging(["Content-Type": "application/json"]) { $1 }
        return exchange(
            puts ? "PUT" : "POST", peer, path: path, headers: headers, body: body, silence: silence, read: read)
    }

    /// The same to a server that needs no encryption.
    ///
    /// - Parameter token: what allows it; `nil`: what a server of the same user on this machine has put down.
    package static func post(
        host: String, port: Int, path: String, json: String, puts: Bool = false, token: String? = nil,
        read: ([UInt8]) -> Bool
    ) -> Outcome {
        post(HTTPPeer(host: host, port: port, token: token), path: path, json: json, puts: puts, read: read)
    }

    /// Patches what a path names with JSON (RFC 7396) and hands on the answer's body as it comes.
    package static func patch(
        _ peer: HTTPPeer, path: String, json: String, silence: Duration? = HTTPClient.silence, read: ([UInt8]) -> Bool
    ) -> Outcome {
        let body = Array(json.utf8)
        let headers = authorization(peer).merging(
            ["Content-Type": "application/merge-patch+json", "Content-Length": "\(body.count)"]) { $1 }
        return exchange("PATCH", peer, path: path, headers: headers, body: body, silence: silence, read: read)
    }

    /// Deletes what a path names and hands on the answer's body as it comes.
    package static func delete(
        _ peer: HTTPPeer, path: String, silence: Duration? = HTTPClient.silence, read: ([UInt8]) -> Bool
    ) -> Outcome {
        exchange("DELETE", peer, path: path, headers: authorization(peer), body: [], silence: silence, read: read)
    }

    /// The same of a server that needs no encryption.
    ///
    /// - Parameter token: as for ``post(host:port:path:json:puts:token:read:)``.
    package static func delete(
        host: String, port: Int, path: String, token: String? = nil, read: ([UInt8]) -> Bool
    ) -> Outcome {
        delete(HTTPPeer(host: host, port: port, token: token), path: path, read: read)
    }

    private static func authorization(_ peer: HTTPPeer) -> [String: String] {
        let isHere = LoopbackAddress.contains(
            peer.host.contains(":") ? "tcp://[\(peer.host)]:1" : "tcp://\(peer.host):1")
        guard let token = peer.token ?? (isHere ? LocalDoor.token(http: peer.port) : nil) else { return [:] }
        return ["Authorization": "Bearer \(token)"]
    }

    /// The trace that this process is part of, where whoever started it said so (`TRACEPARENT`): its requests are steps of it.
    private static let trace = ProcessInfo.processInfo.environment["TRACEPARENT"].flatMap(TraceContext.init(parsing:))

    private static func exchange(
        _ method: String, _ peer: HTTPPeer, path: String, headers: [String: String], body: [UInt8],
        silence: Duration?, read: ([UInt8]) -> Bool
    ) -> Outcome {
        let url = "\(peer.trust == nil ? "http://" : "")\(peer)\(path)"
        var headers = headers
        if let trace { headers[TraceContext.name] = HTTPRequest.step(of: trace).header }
        let end = withoutActuallyEscaping(read) { read in
            HTTPExchange(url, trust: peer.trust ?? .init(), silence: silence, read: read)?
                .perform(method, headers: headers, body: body)
        }
        switch end {
        case .finished: return .finished
        case .refused(let status, let body):
            let line = String(decoding: body, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
            return .refused(status, Problem.detail(of: line) ?? line)
        case nil: return .unreachable("libcurl cannot be started")
        case .unreachable: return .unreachable("no server answers at \(peer)")
        case .notHTTP: return .unreachable("\(peer) does not speak HTTP")
        case .untrusted(let words):
            return .unreachable(
                "\(peer): its certificate is not trusted (\(words)); --ca-file names who vouches for it, --pin its public key"
            )
        case .otherKey:
            return .unreachable(
                "\(peer): found a certificate with another public key, expected \(peer.trust?.pin ?? "that of --pin")")
        case .noAuthorities:
            return .unreachable(
                "\(peer.trust?.authorities ?? "--ca-file"): found no certificates in PEM, expected those of authorities to trust"
            )
        case .noIdentity(let words): return .unreachable("\(peer): \(words)")
        case .notTLS(let words): return .unreachable("\(peer): it does not speak TLS as expected (\(words))")
        case .broken: return .unreachable("the connection to \(peer) broke")
        }
    }
}
