import Foundation
import Services
import TestSupport
import Testing
import Watching

/// What operators say, with the real server and the real `fl-alerts`.
@Suite(.serialized) struct OperationsProcessTests {
    @Test func whatIsSaidIsOnTheFeedAndSurvivesAKill() throws {
        let server = try SeededServer(["enb0", "ue1"])
        let fleet = server.fleet
        func alarm(_ place: Int) throws -> AlarmEvent {
            let alarms = fleet.alarms
            try #require(alarms.count == 2, "\(fleet.log("server"))")
            return alarms[place]
        }
        #expect(try alarm(0).handling == nil)
        #expect(try server.alerts("ack", "1").status == 0)
        #expect(try server.alerts("note", "site1/enb0@1767225600", "--text", "looking <b>at</b> it").status == 0)
        let silenced = try server.alerts("silence", "--entity", "ue*", "--for", "2h", "--comment", "drive tests")
        #expect(silenced.output == "silence 3, for 2 h\n", "\(silenced.errors)")
        #expect(try server.alerts("confirm", "2", "--fault", "cpu-hog").status == 0)
        #expect(try server.alerts("hint", "cpu-hog", "--text", "renice it").status == 0)
        func check() throws {
            #expect(try alarm(0).handling == AlarmEvent.Handling(acknowledgedBy: "local", notes: 1))
            #expect(try alarm(1).handling == AlarmEvent.Handling(confirmedAs: "cpu-hog", silence: 3))
            // Its signature is known now, at every place.
            #expect(try alarm(0).fault?.name == "cpu-hog")
        }
        try check()
        fleet.kill("server")
        try server.start()
        try check()
        let audit = try server.alerts("audit").output.split(separator: "\n").dropFirst()
        #expect(audit.count == 5 && audit.allSatisfy { $0.contains("  local  ") }, "\(audit)")
        #expect(
            audit[audit.startIndex + 2].contains("entity ue*; drive tests")
                && audit[audit.startIndex + 4].contains("renice it"), "\(audit)")
        // The chained log of the server has each of them too.
        let chained = try ToolProcess.run(
            "fl-server", ["audit", "--verify", "--data-folder", fleet.folder.path("server")])
        let whole = try ToolProcess.run("fl-server", ["audit", "--data-folder", fleet.folder.path("server")]).output
        #expect(
            chained.status == 0 && whole.contains("local: acknowledge") && whole.contains("local: hint"), "\(whole)")
        let silences = try server.alerts("silences").output
        #expect(silences.contains("in force") && silences.contains("entity ue*"), "\(silences)")
        // The last word counts: what it was called before it is no longer.
        #expect(try server.alerts("confirm", "2", "--fault", "disk-hog").status == 0)
        #expect(try alarm(0).fault?.name == "disk-hog")
        #expect(fleet.get("/v1/library")?.contains("cpu-hog") == false, "\(fleet.get("/v1/library") ?? "")")
        #expect(try server.alerts("confirm", "2", "--fault", " ").status == 65)
        #expect(try server.alerts("confirm", "2", "--fault", "cpu-hog").status == 0)
        // All of it can be taken back.
        #expect(try server.alerts("unsilence", "3").status == 0 && server.alerts("ack", "1", "--undo").status == 0)
        let falsehood = try server.alerts("false", "2")
        #expect(falsehood.status == 0 && falsehood.errors.contains("the same again is no alarm"), "\(falsehood.errors)")
        #expect(try alarm(0).handling == AlarmEvent.Handling(notes: 1))
        #expect(try alarm(1).handling == AlarmEvent.Handling(isFalse: true))
        let incident = "site1/enb0@1767225620"
        #expect(try #require(fleet.get("/v1/incidents")).contains(incident), "\(fleet.get("/v1/incidents") ?? "")")
        #expect(try server.alerts("ack", "--incident", incident).status == 0)
        #expect(try #require(fleet.get("/v1/operations")).contains(#""incident":"site1/enb0@1767225620""#))
        // One screen, printed once where nobody looks at it as it changes.
        let top = try server.alerts("top")
        #expect(top.status == 0 && top.output.hasPrefix("Faultline  "), "\(top.errors)")
        #expect(top.output.contains("major") && top.output.contains("cpu-hog 100 %"), "\(top.output)")
        #expect(!top.output.contains("\u{1b}"))
        // Filters show some.
        #expect(
            try server.alerts("--events", "--site", "s*", "--severity", "major", "--format", "ndjson").output
                .split(separator: "\n").count == 2)
        #expect(
            try server.alerts("--since", "1", "--entity", "ue*", "--format", "ndjson").output.split(separator: "\n")
                .count == 1)
        // Incidents come first, each with its alarms beneath it, some of them where that is wanted.
        let table = try server.alerts().output.split(separator: "\n")
        #expect(table.count == 4 && table[0].contains("since (UTC)"), "\(table)")
        #expect(table[1].hasPrefix("site1/enb0@1767225620") && table[2].hasPrefix("  #"), "\(table)")
        #expect(table.contains { $0.hasPrefix("  #2") && $0.contains("false") }, "\(table)")
        #expect(!table.joined().contains("\u{1b}"))
        #expect(try server.alerts("--entity", "ue*").output.split(separator: "\n").count == 3)
        struct Incident: Decodable {
            let id: String
            let open: Bool
            let severity: String
            let alarms: [AlarmEvent]?
        }
        func incidents(_ text: some StringProtocol) throws -> [Incident] {
            try AlarmEvent.decode([Incident].self, from: Array(text.utf8))
        }
        let all = try incidents(server.alerts("incidents", "--format", "json").output)
        #expect(all.map(\.id) == [incident] && all[0].severity == "major" && all[0].alarms == nil)
        #expect(try incidents(server.alerts("incidents", "--entity", "none", "--format", "json").output).isEmpty)
        let lines = try server.alerts("--entity", "ue*", "--format", "ndjson").output.split(separator: "\n")
        #expect(try lines.count == 1 && incidents("[\(lines[0])]")[0].alarms?.map(\.entity) == ["ue1"])
        #expect(try server.alerts("incidents").output.split(separator: "\n").count == 2)
        #expect(try server.alerts("top", "--entity", "ue*").output.contains("only what the filters show"))
        #expect(try server.alerts("audit", "--format", "ndjson").output.split(separator: "\n").count > 5)
        #expect(try server.alerts("silences", "--format", "json").output.hasPrefix("["))
        #expect(try server.alerts("--severity", "critical").errors.contains("no alarms"))
        #expect(try server.alerts("--severity", "worst").status == 64)
        // The feed for programs, and what describes it.
        let envelopes = try #require(fleet.get("/v1/alarms?form=cloudevents"))
        #expect(envelopes.contains(#""specversion":"1.0""#) && envelopes.contains(#""type":"faultline.alarm.raised""#))
        let schema = try String(contentsOfFile: Self.schema, encoding: .utf8)
        #expect(fleet.get("/v1/schemas/alarm-event") == schema)
    }

    private static let schema = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/schemas/alarm-event.schema.json").path

    @Test func whatCannotBeDoneIsSaid() throws {
        let server = try SeededServer(["enb0"])
        let fleet = server.fleet
        let token = try #require(LocalDoor.token(http: fleet.http))
        #expect(
            fleet.raw("POST /v1/operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}").contains(
                " 401 "))
        func problem(_ path: String, _ json: String) -> String {
            let answer = fleet.raw(
                "POST \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: "
                    + "\(json.utf8.count)\r\nConnection: close\r\n\r\n\(json)")
            #expect(answer.contains("Content-Type: application/problem+json"), "\(answer)")
            let body = answer.split(separator: "\r\n\r\n").last ?? ""
            struct Problem: Decodable {
                let status: Int
                let title: String
                let detail: String
            }
            guard let said = try? JSONDecoder().decode(Problem.self, from: Data(body.utf8)) else { return answer }
            #expect(answer.hasPrefix("HTTP/1.1 \(said.status) "), "\(answer)")
            return "\(said.status) \(said.detail)"
        }
        let operations = "/v1/operations"
        #expect(problem(operations, "[]") == "400 body: expected a JSON object")
        #expect(problem(operations, #"{"operation":"ack","alarm":1}"#).hasPrefix("400 operation: found ack, expected"))
        #expect(problem(operations, #"{"operation":"note","alarm":1}"#) == "400 text: missing, note needs it")
        #expect(problem(operations, #"{"operation":"false","alarm":9}"#) == "404 alarm: found no alarm 9 in the log")
        #expect(problem(operations, #"{"operation":"false","incident":"x"}"#) == "404 incident: found no incident x")
        #expect(problem(operations, #"{"operation":"false","alrm":1}"#).hasPrefix("400 alrm: not a key here"))
        #expect(
            problem("/v1/silences", #"{"matcher":{"enttiy":"x"},"seconds":60}"#)
                == "400 matcher.enttiy: not of the expected form")
        #expect(problem("/v1/silences", #"{"matcher":{},"seconds":60}"#).hasPrefix("400 matcher: found no field"))
        #expect(problem("/v1/silences", #"{"matcher":{"site":"x"}}"#).hasPrefix("400 expected either until"))
        #expect(problem("/v1/silences/7", "{}") == "405 GET, PUT or DELETE a silence here")
        let missing = try server.alerts("unsilence", "7")
        #expect(missing.status == 65 && missing.errors == "fl-alerts: the server refuses: no silence 7 here\n")
        let calendar = try fleet.folder.write(
            "m.ics",
            """
            BEGIN:VCALENDAR
            BEGIN:VEVENT
            UID:1
            DTSTART:20200101T220000Z
            DURATION:PT2H
            RRULE:FREQ=DAILY
            SUMMARY:nightly
            END:VEVENT
            END:VCALENDAR
            """)
        let silenced = try server.alerts("silence", "--site", "s*", "--calendar", calendar, "--within", "3d")
        // Three begin within three days, and one may be going on.
        let lines = ["3 windows of \(calendar), 3 silences made\n", "4 windows of \(calendar), 4 silences made\n"]
        #expect(lines.contains(silenced.output), "\(silenced)")
        let again = try server.alerts("silence", "--site", "s*", "--calendar", calendar, "--within", "3d")
        #expect(again.output.contains(", 0 silences made"), "\(again)")
        #expect(try server.alerts("silences").output.contains("nightly"))
        // Nor what somebody has ended or changed.
        struct Silences: Decodable { let silences: [Silence] }
        let known = try JSONDecoder().decode(
            Silences.self, from: Data(#require(fleet.get("/v1/silences")).utf8)
        ).silences.filter { $0.comment == "nightly" }
        #expect(known.allSatisfy { $0.changedBy == nil } && known.count >= 3)
        #expect(try server.alerts("unsilence", "\(known[1].id)").status == 0)
        let third = try server.alerts("silence", "--site", "s*", "--calendar", calendar, "--within", "3d")
        #expect(third.output.contains(", 0 silences made"), "\(third)")
        #expect(try server.alerts("silence", "--site", "a", "--within", "3d").status == 64)
        #expect(try server.alerts("silence", "--calendar", calendar).status == 64)
        #expect(try server.alerts("ack").status == 64 && server.alerts("silence").status == 64)
        #expect(try #require(fleet.get("/v1/audit")).contains(#""operation":"silence""#))
    }

    /// The screen says that nothing is wrong only where somebody looks.
    @Test func theScreenIsNoBetterThanWhatIsKnown() throws {
        let fleet = try Fleet(sites: 1)
        try fleet.startServer(workers: 2)
        #expect(eventually { fleet.get("/healthz") != nil })
        func top() throws -> String {
            try ToolProcess.run("fl-alerts", ["top", "--server", "127.0.0.1:\(fleet.http)"]).output
        }
        let empty = try top()
        #expect(empty.hasPrefix("Faultline  nothing is watched: no worker is here"), "\(empty)")
        try fleet.startWorker(1)
        #expect(eventually { fleet.workers.contains { $0.name == "worker1" } }, "\(fleet.log("server"))")
        let learning = try top()
        #expect(learning.hasPrefix("Faultline  nothing is watched yet"), "\(learning)")
    }

    /// Whoever asks for it hears on the stream that something was said, and keeps his place in the log.
    @Test func theStreamTellsOfOperations() throws {
        let server = try SeededServer(["enb0"])
        var text = ""
        var hasSpoken = false
        _ = HTTPClient.get(
            host: "127.0.0.1", port: server.fleet.http, path: "/v1/alarms/stream?since=0&operations=true&form=brief"
        ) { bytes in
            text += String(decoding: bytes, as: UTF8.self)
            if text.contains("id: 1\n"), !hasSpoken {
                hasSpoken = true
                #expect(server.fleet.post("/v1/operations", #"{"operation":"acknowledge","alarm":1}"#) == .finished)
            }
            return !text.contains("event: operations")
        }
        #expect(
            text.contains("event: operations\ndata: {\"number\":1}\n\n") && !text.contains("\"signature\":"), "\(text)")
    }
}
