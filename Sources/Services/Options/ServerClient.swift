import CommandLine
import Foundation
package import Platform

/// Asks a server to change something, and reads what it has; what it refuses is an error in its own words
/// (``ServerRefusal``).
package struct ServerClient: Sendable {
    /// The server.
    package let peer: HTTPPeer
    /// For how long nothing may come of a request.
    package var silence: Duration = HTTPClient.silence
    /// Asked while nothing comes: whether anybody still waits for an answer.
    package var isWanted: @Sendable () -> Bool = { true }

    /// Bytes of an answer that are read.
    private static let longestAnswer = 64 << 20

    /// Of that server.
    package init(_ peer: HTTPPeer) { self.peer = peer }

    /// Posts, or puts, a JSON object.
    @discardableResult
    package func send(_ body: [String: JSONValue], to path: String, puts: Bool = false) throws -> [UInt8] {
        let json = JSONValue.object(body).description
        return try answer { HTTPClient.post(peer, path: path, json: json, puts: puts, silence: silence, read: $0) }
    }

    /// Patches what a path names with a JSON object.
    package func patch(_ body: [String: JSONValue], at path: String) throws -> [UInt8] {
        let json = JSONValue.object(body).description
        return try answer { HTTPClient.patch(peer, path: path, json: json, silence: silence, read: $0) }
    }

    /// Deletes what a path names.
    package func delete(_ path: String) throws {
        _ = try answer { HTTPClient.delete(peer, path: path, silence: silence, read: $0) }
    }

    /// What a path has.
    package func get<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
        try read(type, try answer { HTTPClient.get(peer, path: path, silence: silence, read: $0) }, of: path)
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
            return body.count <= Self.longestAnswer && isWanted()
        }
        switch outcome {
        case .finished:
            guard isWanted() else { throw CommandLineError(.unavailable, "\(peer): its answer is not waited for") }
            return body
        case .unreachable(let reason): throw CommandLineError(.unavailable, reason)
        case .refused(let status, let line):
            guard (400..<500).contains(status) else {
                throw CommandLineError(.unavailable, "the server answers with status \(status): \(line)")
            }
            throw ServerRefusal(status: status, line: line)
        }
    }
}

/// What a server does not do, for a reason on the side of whoever asked (400 to 499).
package struct ServerRefusal: ReportableError {
    /// The status of HTTP.
    package let status: Int
    /// The server's words.
    package let line: String

    package var description: String { "the server refuses: \(line)" }
    package var exitStatus: ExitStatus { .data }
}
