import CommandLine
import Platform
import Services

/// Asks a server to change what operators say of its alarms, and reads what they said.
typealias OperationsClient = ServerClient

extension ServerClient {
    /// The server of a command line.
    init(_ arguments: Arguments) throws {
        self.init(try ServerAccess.peer(arguments[AlertsCommand.server], arguments))
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
