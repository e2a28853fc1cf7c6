import Foundation
import Platform
import Services
import Synchronization
import TestSupport
import Testing
import Watching

/// What operators do about a real server's forwarders: dead letters, subscriptions, and traces through all of it.
@Suite(.serialized) struct ForwarderOperationsTests {
    private typealias Server = ForwardingProcessTests.Server

    private func alerts(_ server: Server, _ words: String..., trace: String? = nil) throws -> ToolProcess.Result {
        try ToolProcess.run(
            "fl-alerts", words + ["--server", "127.0.0.1:\(server.http)"],
            environment: trace.map { ["TRACEPARENT": $0] } ?? [:])
    }

    private func numbers(_ requests: [Peer.Request]) -> [Int] {
        requests.compactMap { $0.json["id"]?.text.flatMap { Int($0) } }
    }

    private func decoded(_ text: String) throws -> JSONValue {
        try DeterministicJSON.decode(JSONValue.self, from: Array(text.utf8))
    }

    private final class Stubborn: Sendable {
        private let refused: Mutex<Set<String>>
        init(_ ids: Set<String>) { refused = Mutex(ids) }
        func refuses(_ id: String?) -> Bool { refused.withLock { id.map($0.contains) ?? false } }
        func takes(_ id: String) { refused.withLock { _ = $0.remove(id) } }
    }

    @Test func deadLettersAreSeenSentAgainAndDropped() throws {
        let peer = try Peer()
        let stubborn = Stubborn(["2", "3", "5"])
        peer.answers { stubborn.refuses($0.json["id"]?.text) ? 422 : 200 }
        let server = try Server(
            events: 6,
            configuration:
                #"{"forwarders": [{"kind": "webhook", "name": "a hook", "url": "\#(peer.url)", "since": 0}]}"#)
        try server.start()
        #expect(FreePorts.wait(20) { server.get("/v1/forwarders").contains(#""deadLetters":3"#) }, "\(server.log)")
        let path = "/v1/dead-letters"
        let page = try decoded(server.get(path + "?limit=2&forwarder=a%20hook"))
        #expect(
            page["letters"]?.elements.map { $0["sequence"] } == [.number(2), .number(3)] && page["more"] == .bool(true))
        #expect(page["letters"]?.elements.first?["alarm"]?.text == "site1/e2@1767225600", "\(page)")
        let rest = try decoded(server.get(path + "?since=\(page["last"]?.whole ?? 0)"))
        #expect(rest["letters"]?.elements.map { $0["sequence"] } == [.number(5)] && rest["more"] == .bool(false))
        #expect(server.get(path + "?forwarder=none").contains(#""letters":[]"#))
        let table = try alerts(server, "dead", "a hook")
        #expect(table.output.contains("site1/e5@1767225600") && table.output.contains("status 422"), "\(table)")
        // Who may not, and what is none.
        #expect(RawHTTP.exchange(server.http, "POST", path, #"{"operation":"drop","numbers":[1]}"#).status == 401)
        for (body, status) in [
            (#"{"operation":"burn","numbers":[1]}"#, 400), (#"{"operation":"drop"}"#, 400),
            (#"{"operation":"drop","numbers":null}"#, 400), (#"{"operation":"drop","numbers":[]}"#, 400),
            (#"{"operation":"drop","numbers":[77]}"#, 404), (#"{"operation":"retry","forwarder":"none"}"#, 404),
        ] { #expect(server.send("POST", path, body).status == status, "\(body)") }
        #expect(try alerts(server, "dead", "--drop").status == 64)
        // The peer is mended for one of them: the other is refused once more and stays.
        stubborn.takes("2")
        let again = try alerts(server, "dead", "--retry", "--number", "1,2")
        #expect(again.status == 0 && again.errors.contains("to be sent again: 2"), "\(again)")
        #expect(FreePorts.wait(20) { numbers(peer.requests).contains(2) }, "\(server.log)")
        #expect(FreePorts.wait(20) { server.get("/v1/forwarders").contains(#""deadLetters":2"#) })
        #expect(FreePorts.wait(20) { !server.get(path).contains(#""isWanted":true"#) }, "\(server.get(path))")
        // What is wanted is wanted after a crash too.
        peer.answers { _ in 503 }
        #expect(server.send("POST", path, #"{"operation":"retry","numbers":[2]}"#).body.contains(#""count":1"#))
        server.kill()
        peer.answers { _ in 200 }
        try server.start()
        #expect(FreePorts.wait(20) { numbers(peer.requests).contains(3) }, "\(server.log)")
        #expect(FreePorts.wait(20) { server.get("/v1/forwarders").contains(#""deadLetters":1"#) })
        #expect(try alerts(server, "dead", "a hook", "--drop").errors.contains("dropped: 1"))
        #expect(server.get("/v1/forwarders").contains(#""deadLetters":0"#))
        #expect(try alerts(server, "dead").errors.contains("no dead letters"))
        #expect(try alerts(server, "forwarders").output.contains("a hook"))
        #expect(numbers(peer.requests).sorted() == [1, 2, 3, 4, 6])
        #expect(server.stop() == 0)
        let audit = try String(contentsOfFile: server.folder.path("server/audit.log"), encoding: .utf8)
        #expect(audit.contains("retry 2 dead letters") && audit.contains("drop 1 dead letters of a hook"), "\(audit)")
    }

    /// An alarm that is over is not raised again by a dead letter: what it came to goes behind it.
    @Test func whatIsOverDoesNotStayOpen() throws {
        let peer = try Peer()
        let stubborn = Stubborn(["1"])
        peer.answers { stubborn.refuses($0.json["id"]?.text) ? 422 : 200 }
        let server = try Server(
            events: 1, configuration: #"{"forwarders": [{"kind": "webhook", "url": "\#(peer.url)", "since": 0}]}"#)
        var cleared = ForwarderTests.event(.cleared, entity: "e1")
        cleared.sequence = 2
        try AlarmLog(path: server.folder.path("server/alarms.db")).append(
            [AlarmLog.Item(sequence: 2, id: cleared.id, entity: "site1/e1", revision: 1, bytes: try cleared.encoded())],
            delivery: nil, now: 1)
        try server.start()
        #expect(FreePorts.wait(20) { numbers(peer.requests) == [2] }, "\(server.log)")
        stubborn.takes("1")
        #expect(try alerts(server, "dead", "webhook", "--retry").status == 0)
        #expect(FreePorts.wait(20) { numbers(peer.requests) == [2, 1, 2] }, "\(numbers(peer.requests))")
    }

    @Test func subscriptionsAreSeenAndEnded() throws {
        let peer = try Peer()
        let server = try Server(events: 1, configuration: "{}")
        // One that was tried in vain for almost a week before, and one of an earlier version.
        let dead = try FreePorts.take(1)[0]
        try server.folder.write(
            "server/subscriptions.json",
            #"[{"id":"subscription-1","consumer":"http://127.0.0.1:\#(dead)/","failingSeconds":604799.5},"#
                + #"{"id":"subscription-2","consumer":"\#(peer.url)/old"}]"#)
        try server.start()
        #expect(FreePorts.wait(20) { server.get("/v1/subscriptions").contains("subscription-2") }, "\(server.log)")
        let root = "/3GPPManagement/FaultSupervisionMnS/v1810"
        let made = server.send(
            "POST", "\(root)/subscriptions", #"{"consumerReference":"\#(peer.url)/new?token=secret"}"#)
        #expect(made.status == 201)
        let list = try decoded(server.get("/v1/subscriptions"))["subscriptions"]?.elements ?? []
        // Secrets of its address are shown to nobody.
        #expect(!server.get("/v1/subscriptions").contains("secret"))
        #expect(list.map { $0["consumer"]?.text?.suffix(4) }.suffix(2) == ["/old", "/new"], "\(list)")
        #expect(list.last?["since"]?.whole != nil && list.dropFirst().first?["since"] == nil, "\(list)")
        let id = try #require(list.last?["id"]?.text)
        #expect(RawHTTP.exchange(server.http, "DELETE", "/v1/subscriptions/\(id)").status == 401)
        #expect(try alerts(server, "subscriptions").output.contains("/old"))
        #expect(try alerts(server, "subscriptions", "--end", id).status == 0)
        let gone = try alerts(server, "subscriptions", "--end", id)
        #expect(gone.status == 65 && gone.errors.contains("no subscription \(id) here"), "\(gone)")
        // Nobody is there, and now that is a week: with the next tries it ends, and is said to.
        #expect(server.send("POST", "/v1/operations", #"{"operation":"acknowledge","alarm":1}"#).status == 200)
        #expect(
            FreePorts.wait(30) { !server.get("/v1/subscriptions").contains("subscription-1\"") },
            "\(server.get("/v1/subscriptions")) \(server.log)")
        #expect(FreePorts.wait(10) { server.log.contains("a subscription has ended") }, "\(server.log)")
        #expect(FreePorts.wait(20) { peer.requests.contains { $0.path == "/old" } })
        #expect(!server.get("/healthz").contains("subscription-1\""))
    }

    /// A request's trace stands in the audit, in what says that it was refused, and goes on to whom it is told.
    @Test func aTraceGoesThrough() throws {
        let peer = try Peer()
        let server = try Server(
            events: 1, configuration: #"{"forwarders": [{"kind": "fault-mns", "url": "\#(peer.url)", "since": 0}]}"#)
        try server.start()
        #expect(FreePorts.wait(20) { !peer.requests.isEmpty }, "\(server.log)")
        let own = try #require(peer.requests.first?.trace)
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        let header = "00-\(trace)-00f067aa0ba902b7-01"
        #expect(try alerts(server, "ack", "1", trace: header).status == 0)
        #expect(FreePorts.wait(20) { peer.requests.count == 2 }, "\(server.log)")
        let told = try #require(peer.requests.last?.trace)
        #expect(own.traceID != trace && told.traceID == trace && told.spanID != "00f067aa0ba902b7" && told.isSampled)
        #expect(server.get("/v1/audit").contains("\"trace\":\"00-\(trace)-"))
        func refused(_ lines: String) -> String {
            RawHTTP.exchange(
                server.http, Array("GET /v1/rounds?limit=0 HTTP/1.0\r\nHost: localhost\r\n\(lines)\r\n".utf8))
        }
        #expect(refused("traceparent: \(header)\r\n").contains("\"traceId\":\"\(trace)\""))
        // What is none, or two, is ignored: the trace begins here.
        for lines in ["", "traceparent: 00-\(trace)-0-01\r\n", "traceparent: \(header)\r\ntraceparent: \(header)\r\n"] {
            let answer = refused(lines)
            #expect(answer.contains("\"traceId\":\"") && !answer.contains(trace), "\(lines): \(answer)")
        }
        #expect(server.stop() == 0)
        let audit = try String(contentsOfFile: server.folder.path("server/audit.log"), encoding: .utf8)
        #expect(audit.contains("; trace \(trace)"), "\(audit)")
    }

    /// Heartbeats and figures come whether alarms go or not, and hold none of them up.
    @Test func aCollectorOfVESHearsThatTheServerIsThere() throws {
        let peer = try Peer()
        func domains(_ requests: [Peer.Request]) -> [String] {
            requests.compactMap { $0.json["event", "commonEventHeader", "domain"]?.text }
        }
        peer.answers { $0.json["event", "commonEventHeader", "domain"]?.text == "fault" ? 503 : 200 }
        let server = try Server(
            events: 3,
            configuration: #"{"forwarders": [{"kind": "ves", "url": "\#(peer.url)", "since": 0, "domains": "#
                + #"["fault", "heartbeat", "measurement"], "heartbeatSeconds": 1, "measurementSeconds": 1}]}"#)
        try server.start()
        #expect(
            FreePorts.wait(30) { domains(peer.requests).filter { $0 == "heartbeat" }.count >= 3 }, "\(server.log)")
        #expect(Set(domains(peer.requests)) == ["heartbeat", "measurement"])
        let sequences = peer.requests.filter { domains([$0]) == ["heartbeat"] }
            .compactMap { $0.json["event", "commonEventHeader", "sequence"]?.whole }
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 < $1 }, "\(sequences)")
        let measured = try #require(peer.requests.first { domains([$0]) == ["measurement"] }).json
        let names = measured["event", "measurementFields", "additionalMeasurements"]?.elements.map { $0["name"]?.text }
        #expect(
            names == ["server", "site/site1", "entity/site1/e1", "entity/site1/e2", "entity/site1/e3"], "\(measured)")
        peer.replies { _ in .text(200, "\n") }
        #expect(FreePorts.wait(30) { domains(peer.requests).filter { $0 == "fault" }.count == 3 }, "\(server.log)")
        // A collector that is away is seen before there is an alarm to lose.
        peer.answers { _ in 500 }
        #expect(FreePorts.wait(20) { server.get("/healthz").contains(#""state":"failing""#) }, "\(server.log)")
    }

    /// What Grafana took without saying so, before a crash, is the region that ends after it.
    @Test func anAlarmIsOneRegionOverACrash() throws {
        let grafana = try FakeGrafana()
        grafana.loses { $0.method == "POST" ? 502 : nil }
        let server = try Server(
            events: 1,
            configuration: #"{"forwarders": [{"kind": "grafana", "url": "\#(grafana.peer.url)", "token": "glsa_x", "#
                + #""dashboardUID": "faultline", "since": 0}]}"#)
        try server.start()
        #expect(FreePorts.wait(20) { grafana.annotations.count == 1 }, "\(server.log)")
        server.kill()
        grafana.loses { _ in nil }
        var cleared = ForwarderTests.event(.cleared, entity: "e1")
        cleared.sequence = 2
        try AlarmLog(path: server.folder.path("server/alarms.db")).append(
            [AlarmLog.Item(sequence: 2, id: cleared.id, entity: "site1/e1", revision: 1, bytes: try cleared.encoded())],
            delivery: nil, now: 1)
        try server.start()
        #expect(FreePorts.wait(20) { grafana.annotations.first?.timeEnd == 1_767_225_620_250 }, "\(server.log)")
        #expect(grafana.annotations.map(\.time) == [1_767_225_600_000])
        #expect(FreePorts.wait(10) { server.get("/v1/forwarders").contains(#""sent":2"#) }, "\(server.log)")
    }
}
