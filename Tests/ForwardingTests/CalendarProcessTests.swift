import Foundation
import Platform
import Services
import Synchronization
import TestSupport
import Testing

/// The real server that looks at calendars of maintenance elsewhere, over failures and restarts.
@Suite(.serialized) struct CalendarProcessTests {
    /// A server of one file, with a tag of its bytes, or of something else.
    private final class Shelf: Sendable {
        struct State {
            var body: [UInt8] = []
            var status = 200
            var asked = 0
            var unchanged = 0
        }

        private final class Content: Sendable {
            let state = Mutex(State())
        }

        private let content = Content()
        private let server: HTTPServer
        var url: String { "http://127.0.0.1:\(server.port)/works.ics" }
        var asked: Int { content.state.withLock { $0.asked } }
        var unchanged: Int { content.state.withLock { $0.unchanged } }

        init(_ text: String) throws {
            let content = content
            content.state.withLock { $0.body = Array(text.utf8) }
            server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
                content.state.withLock { state in
                    state.asked += 1
                    guard state.status == 200 else { return .text(state.status, "\n") }
                    let tag = "\"\(SHA256.hexadecimalDigest(of: state.body).prefix(16))\""
                    if request.header("If-None-Match") == tag {
                        state.unchanged += 1
                        return .whole(status: 304, type: "text/calendar", body: [])
                    }
                    return .whole(status: 200, type: "text/calendar", body: state.body, headers: ["ETag": tag])
                }
            }
        }

        deinit { server.stop() }

        func put(_ text: String) { content.state.withLock { $0.body = Array(text.utf8) } }
        func answer(with status: Int) { content.state.withLock { $0.status = status } }
    }

    private let base = Date.now

    /// Works from an hour ago on for some hours; what is not for now begins in days.
    private func event(_ name: String, hours: Int, inDays days: Int = 0) -> String {
        let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
        let start = base.addingTimeInterval(Double(days) * 86_400 - 3_600)
        return "BEGIN:VEVENT\r\nUID:\(name)\r\nSUMMARY:\(name)\r\nDTSTART:\(start.formatted(style))\r\n"
            + "DURATION:PT\(hours)H\r\nEND:VEVENT\r\n"
    }

    private func calendar(_ events: String...) -> String {
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + events.joined() + "END:VCALENDAR\r\n"
    }

    private struct Silences: Decodable {
        struct Silence: Decodable {
            let id: Int64
            let by: String
            let until: Int64
            let comment: String?
            let matcher: JSONValue
        }
        let silences: [Silence]
    }

    private func silences(_ server: ForwardingProcessTests.Server) -> [Silences.Silence] {
        (try? JSONDecoder().decode(Silences.self, from: Data(server.get("/v1/silences").utf8)))?.silences ?? []
    }

    /// How many silences are in force or to come.
    private func standing(_ server: ForwardingProcessTests.Server) -> Int {
        let now = Int64(Date.now.timeIntervalSince1970)
        return silences(server).count { $0.until > now }
    }

    private func configuration(_ shelf: Shelf, _ more: String = "") -> String {
        let calendar = #""name": "works", "url": "\#(shelf.url)", "every": "1s", "matcher": {"site": "site1"}"#
        return "{\"calendars\": [{\(calendar)\(more)}]}"
    }

    @Test func theLastCopyCountsWhateverHappens() throws {
        let shelf = try Shelf(calendar(event("router", hours: 3), event("rack", hours: 2, inDays: 2)))
        let server = try ForwardingProcessTests.Server(events: 1, configuration: configuration(shelf))
        try server.start()
        #expect(FreePorts.wait(20) { standing(server) == 2 }, "\(server.log)")
        let made = silences(server)
        #expect(made.allSatisfy { $0.by == "calendar works" && $0.matcher["site"]?.text == "site1" }, "\(made)")
        #expect(Set(made.compactMap(\.comment)) == ["router", "rack"])
        #expect(server.get("/v1/alarms").contains(#""silence":"#), "the alarm of site1 falls under it")
        // It is not fetched again while it is what it was.
        #expect(FreePorts.wait(20) { shelf.unchanged >= 2 }, "\(server.log)")
        // An operator ends one: the calendar does not bring it back.
        let first = try #require(made.first { $0.comment == "router" })
        #expect(server.send("DELETE", "/v1/silences/\(first.id)").status == 200)
        let asked = shelf.asked
        #expect(FreePorts.wait(20) { shelf.asked >= asked + 2 })
        #expect(standing(server) == 1)
        // Another calendar: what is gone ends, what is new begins.
        shelf.put(calendar(event("router", hours: 3), event("uplink", hours: 1, inDays: 3)))
        #expect(
            FreePorts.wait(20) { silences(server).contains { $0.comment == "uplink" } && standing(server) == 1 },
            "\(server.log)")
        // Away, and then nonsense, said once each; over a kill the last copy counts.
        shelf.answer(with: 503)
        #expect(FreePorts.wait(20) { server.get("/healthz").contains(#""state":"failing""#) }, "\(server.log)")
        #expect(server.get("/healthz").contains("it answers with status 503"))
        server.kill()
        shelf.put("<html>please log in</html>")
        shelf.answer(with: 200)
        try server.start()
        #expect(FreePorts.wait(20) { server.log.contains("BEGIN:VCALENDAR") }, "\(server.log)")
        #expect(server.log.contains(#"instead="the last copy counts""#), "\(server.log)")
        #expect(standing(server) == 1 && server.get("/healthz").contains(#""windows":2"#), "\(server.get("/healthz"))")
        #expect(server.get("/metrics").contains(#"faultline_calendar_up{calendar="works"} 0.0"#))
        #expect(server.get("/v1/audit").contains(#""by":"calendar works""#))
        #expect(server.stop() == 0)
        #expect(server.log.components(separatedBy: "a calendar cannot be used").count <= 3, "\(server.log)")
    }

    /// One that never ends is cut off; other alarms and other calendars hold after a reload.
    @Test func itIsBoundedAndReadAgain() throws {
        let shelf = try Shelf(String(repeating: "X-FILL:x\r\n", count: 500_000))
        let server = try ForwardingProcessTests.Server(events: 1, configuration: configuration(shelf))
        try server.start()
        #expect(FreePorts.wait(20) { server.log.contains("it is larger than 4194304 bytes") }, "\(server.log)")
        #expect(standing(server) == 0 && server.log.contains("nothing is silenced by it"))
        shelf.put(calendar(event("router", hours: 3)))
        try server.configure(configuration(shelf))
        try server.configure(configuration(shelf, #", "within": "2d""#))
        #expect(FreePorts.wait(20) { standing(server) == 1 }, "\(server.log)")
        // Another matcher: what was silenced for the other alarms ends.
        try server.configure(
            #"{"calendars": [{"name": "works", "url": "\#(shelf.url)", "every": "1s", "matcher": {"site": "site2"}}]}"#)
        #expect(
            FreePorts.wait(20) {
                let now = Int64(Date.now.timeIntervalSince1970)
                let all = silences(server).filter { $0.until > now }
                return all.count == 1 && all[0].matcher["site"]?.text == "site2"
            }, "\(server.log)")
        // What cannot be used is named, and changes nothing.
        for (bad, named) in [
            (#"[{"url": "ftp://a/b", "matcher": {"site": "a"}}]"#, "calendars[0].url"),
            (#"[{"url": "http://a/b"}]"#, "calendars[0].matcher"),
            (#"[{"url": "http://a/b", "matcher": {"sight": "a"}}]"#, "calendars[0].matcher"),
            (#"[{"url": "http://a/b", "matcher": {"site": "a"}, "every": "soon"}]"#, "calendars[0].every"),
            (#"[{"url": "http://a/b", "matcher": {"site": "a"}, "name": "../x"}]"#, "calendars[0].name"),
        ] {
            try server.configure(#"{"calendars": \#(bad)}"#)
            #expect(FreePorts.wait(20) { server.log.contains(named) }, "\(named): \(server.log)")
        }
        #expect(standing(server) == 1)
        #expect(server.stop() == 0)
    }
}
