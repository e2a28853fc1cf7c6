import Foundation
import Services
import Watching

/// What the demo asks the server, as anybody could.
enum DemoAPI {
    typealias Round = RoundEntry

    /// `/v1/rounds`.
    struct Rounds: Decodable {
        struct Open: Decodable {
            var round: UInt32
            var kind: String
            var accepted: Int
        }
        var finished: Bool
        var open: Open?
        var rounds: [Round]
    }

    private struct Workers: Decodable { var workers: [WorkerEntry] }
    private struct Alarms: Decodable {
        var alarms: [AlarmEvent]
        var last: Int64
    }

    static func rounds(_ port: Int) throws -> Rounds { try get(port, "/v1/rounds") }
    static func workers(_ port: Int) throws -> [WorkerEntry] { try (get(port, "/v1/workers") as Workers).workers }

    /// Every alarm event in the log.
    static func alarms(_ port: Int) throws -> [AlarmEvent] {
        var events: [AlarmEvent] = []
        while true {
            let page: Alarms = try get(port, "/v1/alarms?since=\(events.last?.sequence ?? 0)")
            guard !page.alarms.isEmpty else { return events.filter { $0.quality == nil } }
            events += page.alarms
        }
    }

    private static func get<Value: Decodable>(_ port: Int, _ path: String) throws -> Value {
        var body: [UInt8] = []
        let outcome = HTTPClient.get(host: "127.0.0.1", port: port, path: path) {
            body += $0
            return true
        }
        guard outcome == .finished else { throw ServiceError(.unavailable, "the server does not answer: \(outcome)") }
        return try AlarmEvent.decode(Value.self, from: body)
    }
}
