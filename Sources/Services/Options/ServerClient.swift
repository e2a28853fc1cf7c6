import CommandLine
import Foundation
package import Platform

/// Asks a server to change something, and reads what it has; what it refuses is an error in its own words.
package struct ServerClient: Sendable {
    /// The server.
    package let peer: HTTPPeer

    /// Bytes of an answer that are read.
    private static let longestAnswer = 64 << 20

    /// Of that server.
    package init(_ peer: HTTPPeer) { self.peer = peer }

    /// Posts, or puts, a JSON object.
    @discardableResult
    package func send(_ body: [String: JSONValue], to path: String, puts: Bool = false) throws -> [UInt8] {
        let json = JSONValue.object(body).description
        return try answer { HTTPClient.post(peer, path: path, json: json, puts: puts, read: $0) }
    }

    /// Patches what a path names with a JSON object.
    package func patch(_ body: [String: JSONValue], at path: String) throws -> [UInt8] {
        let json = JSONValue.object(body).description
        return try answer { HTTPClient.patch(peer, path: path, json: json, read: $0) }
    }

    /// Deletes what a path names.
    package func delete(_ path: String) throws {
        _ = try answer { HTTPClient.delete(peer, path: path, read: $0) }
    }

    /// What a path has.
    package func get<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
        try read(type, try answer { HTTPClient.get(peer, path: path, read: $0) }, of: path)
    }

    /// What an answer says.
    package func read<Value: Decodable>(_ type: Value.Type, _ body: [UInt8], of path: String) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            return try decoder.decode(type, from: Data(body))
        } catch {
            throw CommandLineError(.data, "\(peer): its answer to \(path) cannot be read by this version")
        }
    }

    private func answer(_ request: (([UInt8]) -> Bool) -> HTTPClient.Outcome) throws -> [UInt8] {
        var body: [UInt8] = []
        let outcome = request {
            body += $0
            return body.count <= Self.longestAnswer
        }
        switch outcome {
        case .finished: return body
        case .unreachable(let reason): throw CommandLineError(.unavailable, reason)
        case .refused(let status, let line):
            guard (400..<500).contains(status) else {
                throw CommandLineError(.unavailable, "the server answers with status \(status): \(line)")
            }
            throw CommandLineError(.data, "the server refuses: \(line)")
        }
    }
}
