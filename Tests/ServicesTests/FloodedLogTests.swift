import Foundation
import Platform
import Services
import Telemetry
import TestSupport
import Testing
import Watching

/// A server whose log has much more of what is wrong with the watching than of alarms.
@Suite struct FloodedLogTests {
    private func flood(_ server: SeededServer, _ count: Int) throws {
        server.fleet.kill("server")
        var book = DataQualityBook()
        let log = try AlarmLog(path: server.fleet.folder.path("server/alarms.db"))
        let first = try log.lastSequence() + 1
        for index in 0..<count / 2 {
            book.mention(.malformed, source: "s", at: 1_767_230_000 + 60 * Double(index), detail: "no exposition")
        }
        let items = try book.take().enumerated().map { index, finding -> AlarmLog.Item in
            var event = AlarmEvent(finding, site: "site1", entity: "s", worker: "w", row: 0)
            event.sequence = first + Int64(index)
            return AlarmLog.Item(
                sequence: first + Int64(index), id: event.id, entity: "site1/s", revision: event.revision,
                bytes: try event.encoded())
        }
        try log.append(items, delivery: nil, now: Int64(Date.now.timeIntervalSince1970))
    }

    @Test func noAlarmGoesOutOfSightForIt() throws {
        let server = try SeededServer((0..<12).map { "e\($0)" })
        try flood(server, 21_000)
        try server.start()
        let fleet = server.fleet
        struct Incidents: Decodable {
            struct Incident: Decodable {
                struct Entity: Decodable { let alarms: [String] }
                let entities: [Entity]
            }
            let incidents: [Incident]
        }
        let list = try #require(fleet.get("/3GPPManagement/FaultSupervisionMnS/v1810/alarms"))
        let alarms = try JSONDecoder().decode([String: JSONValue].self, from: Data(list.utf8))
        #expect(alarms.count == 12)
        let told = try #require(fleet.get("/v1/incidents"))
        let incidents = try JSONDecoder().decode(Incidents.self, from: Data(told.utf8)).incidents
        #expect(Set(incidents.flatMap(\.entities).flatMap(\.alarms)).count == 12)
        let shown = try server.alerts("--format", "ndjson").output
        #expect((0..<12).allSatisfy { shown.contains("site1/e\($0)@") })
        // The kinds apart, and the latest of one.
        struct Page: Decodable {
            let alarms: [AlarmEvent]
            let last: Int64
            let more: Bool
        }
        func page(_ query: String) throws -> Page {
            let text = fleet.get("/v1/alarms?form=brief&" + query) ?? ""
            return try JSONDecoder().decode(Page.self, from: Data(text.utf8))
        }
        let own = try page("of=alarms&latest=5")
        #expect(own.alarms.map(\.sequence) == [8, 9, 10, 11, 12] && !own.more)
        let findings = try page("of=findings&latest=3")
        #expect(findings.alarms.map(\.sequence) == [21_010, 21_011, 21_012])
        #expect(findings.alarms.allSatisfy { $0.quality != nil })
        #expect(try page("since=11&limit=2").alarms.map(\.sequence) == [12, 13])
    }

    /// What a client says wrongly is refused, and what it may say is not.
    @Test func bodiesAndHeadersAreReadStrictly() throws {
        let server = try SeededServer(["e1"])
        let fleet = server.fleet
        let token = try #require(LocalDoor.token(http: fleet.http))
        func ask(_ headers: String, _ body: String = "", _ line: String = "POST /v1/operations") -> String {
            let count = body.utf8.count
            let length = line.hasPrefix("GET") ? "" : "Content-Length: \(count)\r\n"
            return fleet.raw(
                "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\n"
                    + "\(length)\(headers)\r\n\(body)")
        }
        func status(_ headers: String, _ body: String, _ line: String = "POST /v1/operations") -> Int? {
            Int(ask(headers, body, line).dropFirst(9).prefix(3))
        }
        let json = "Content-Type: application/json\r\n"
        let good = #"{"operation":"acknowledge","alarm":1}"#
        #expect(status(json, good) == 200)
        #expect(status("Content-Type: Application/JSON;charset=\"UTF-8\"\r\n", good) == 200)
        #expect(status(json + "Content-Encoding: identity\r\n", good) == 200)
        #expect(status(json + "Content-Encoding: gzip\r\n", good) == 415)
        #expect(status("Content-Type: application/json; charset=utf-16\r\n", good) == 415)
        #expect(status(json, #"{"operation":"acknowledge","alarm":1,}"#) == 400)
        #expect(status(json, #"{"operation":"acknowledge","alarm":1,"alarm":1}"#) == 400)
        #expect(status(json, good.map { "\($0)\0" }.joined()) == 400)
        let comments =
            "POST /3GPPManagement/FaultSupervisionMnS/v1810/alarms/site1%2Fe1%401767225600/comments"
        #expect(status(json, #"{"commentText":"x"}"#, comments) == 400)
        #expect(status(json, #"{"commentText":"x","commentUserId":"u","commentTime":"nope"}"#, comments) == 400)
        for time in ["2026-12-01T05:00:00Z", "2026-12-01T05:00:00+05:30", "2026-12-01T05:00:00.25Z"] {
            let body = #"{"commentText":"x","commentUserId":"u","commentTime":"\#(time)"}"#
            #expect(status(json, body, comments) == 201, "\(time)")
        }
        for address in ["http://[::1]:41051/s", "http://127.0.0.1:41051/s", "HTTPS://h?x"] {
            let subscriptions = "POST /3GPPManagement/FaultSupervisionMnS/v1810/subscriptions"
            #expect(status(json, #"{"consumerReference":"\#(address)"}"#, subscriptions) == 201, "\(address)")
        }
        #expect(status("", "", "GET /v1/alarms?since=1&since=2") == 400)
        for path in ["/v1/alarms", "/3GPPManagement/FaultSupervisionMnS/v1810/alarms"] {
            let answer = ask("", "", "GET \(path)")
            let line = answer.split(separator: "\r\n").first { $0.lowercased().hasPrefix("etag:") }
            let tag = try #require(line?.dropFirst(5).trimmingCharacters(in: .whitespaces), "\(path)")
            #expect(status("If-None-Match: \(tag)\r\n", "", "GET \(path)") == 304)
        }
    }
}
