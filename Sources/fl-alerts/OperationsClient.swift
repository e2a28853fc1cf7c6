import CommandLine
import Foundation
import Platform
import Services

/// Asks a server to change what operators say of its alarms, and reads what they said.
struct OperationsClient {
    let peer: HTTPPeer

    /// The server of a command line.
    init(_ arguments: Arguments) throws {
        peer = try ServerAccess.peer(arguments[AlertsCommand.server], arguments)
    }

    /// Posts, or puts, a JSON object.
    @discardableResult
    func send(_ body: [String: JSONValue], to path: String, puts: Bool = false) throws -> [UInt8] {
        let json = JSONValue.object(body).description
        return try answer { HTTPClient.post(peer, path: path, json: json, puts: puts, read: $0) }
    }

    /// Deletes what a path names.
    func delete(_ path: String) throws {
        _ = try answer { HTTPClient.delete(peer, path: path, read: $0) }
    }

    /// What a path has.
    func get<Value: Decodable>(_ type: Value.Type, _ path: String) throws -> Value {
        let body = try answer { HTTPClient.get(peer, path: path, read: $0) }
        do {
            return try JSONDecoder().decode(type, from: Data(body))
        } catch {
            throw CommandLineError(.data, "\(peer): its answer to \(path) cannot be read by this version")
        }
    }

    private static let longestAnswer = 64 << 20

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

/// Which alarm or incident a command is about.
enum OperationSubject {
    static let alarm = Option<String>.positional(
        "alarm", "ALARM", default: "", "an alarm: the number of one of its events, or its identity")
    static let incident = Option<String>.optional("incident", "ID", "an incident instead of an alarm, by its identity")

    /// The field of a request.
    static func field(_ arguments: Arguments) throws -> (key: String, value: JSONValue) {
        let alarm = arguments[alarm]
        switch (alarm.isEmpty, arguments[optional: incident]) {
        case (false, nil): return ("alarm", Int64(alarm).map { JSONValue($0) } ?? .string(alarm))
        case (true, let incident?): return ("incident", .string(incident))
        default:
            throw CommandLineError.usage("expected either an alarm or --incident ID", hint: "fl-alerts lists alarms")
        }
    }

    /// Does an operation on it.
    static func operate(
        _ operation: String, _ arguments: Arguments, with more: [String: JSONValue] = [:]
    ) async throws {
        let client = try OperationsClient(arguments)
        let (key, value) = try field(arguments)
        let body = more.merging([key: value, "operation": .string(operation)]) { $1 }
        try await BackgroundThread.run { _ = try client.send(body, to: "/v1/operations") }
    }
}
