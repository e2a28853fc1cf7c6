import Foundation
import Platform
import Services
import TestSupport
import Testing
import Watching

/// The real server that sends alarms on, over kills and restarts.
@Suite(.serialized) struct ForwardingProcessTests {
    /// A server whose log has some events, and its process.
    final class Server {
        let folder: TemporaryFolder
        let http: Int
        private let ports: [Int]
        private(set) var process: Process?
        var log: String { (try? String(contentsOfFile: folder.path("log"), encoding: .utf8)) ?? "" }

        init(events: Int64, configuration: String) throws {
            folder = try TemporaryFolder()
            ports = try FreePorts.take(3)
            http = ports[0]
            try folder.write("server.json", configuration)
            let data = folder.path("server")
            try FileManager.default.createDirectory(
                atPath: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let log = try AlarmLog(path: data + "/alarms.db")
            let items = try (1...events).map { number in
                var event = ForwarderTests.event(entity: "e\(number)")
                event.sequence = number
                return AlarmLog.Item(
                    sequence: number, id: event.id, entity: "site1/e\(number)", revision: 0, bytes: try event.encoded())
            }
            try log.append(items, delivery: nil, now: 1)
        }

        deinit { kill() }

        func start() throws {
            let process = Process()
            process.executableURL = ToolProcess.folder.appending(path: "fl-server")
            process.arguments = [
                "--config", folder.path("server.json"), "--http", "127.0.0.1:\(http)", "--control",
                "tcp://127.0.0.1:\(ports[1])", "--bulk", "tcp://127.0.0.1:\(ports[2])", "--data-folder",
                folder.path("server"),
            ]
            try Data(log.utf8).write(to: URL(filePath: folder.path("log")))
            let file = try FileHandle(forWritingTo: URL(filePath: folder.path("log")))
            try file.seekToEnd()
            process.standardOutput = file
            process.standardError = file
            try process.run()
            self.process = process
        }

        /// Another configuration, which SIGHUP lets the server read.
        func configure(_ text: String) throws {
            try folder.write("server.json", text)
            Foundation.kill(process?.processIdentifier ?? 0, SIGHUP)
        }

        func kill() {
            guard let process, process.isRunning else { return }
            Foundation.kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }

        /// - Parameter asks: whether it is asked to end; otherwise it ends by itself.
        func stop(asks: Bool = true) -> Int32 {
            if asks { process?.terminate() }
            process?.waitUntilExit()
            return process?.terminationStatus ?? -1
        }

        /// The answer to a request of whoever may change something.
        func send(
            _ method: String, _ path: String, _ body: String = "", type: String = "application/json"
        ) -> (status: Int, headers: [String: String], body: String) {
            RawHTTP.exchange(http, method, path, token: LocalDoor.token(http: http), type: type, body)
        }

        func get(_ path: String) -> String {
            var body: [UInt8] = []
            _ = HTTPClient.get(host: "127.0.0.1", port: http, path: path) {
                body += $0
                return true
            }
            return String(decoding: body, as: UTF8.self)
        }
    }

    private func numbers(_ peer: Peer) -> [Int] { peer.requests.compactMap { $0.json["id"]?.text.flatMap { Int($0) } } }

    @Test func nothingIsLostOrChangesItsPlace() throws {
        let peer = try Peer()
        // Refuses one for ever, and is too busy for every fortieth request.
        let busy = Counter()
        peer.answers { request in
            if request.json["id"]?.text == "40" { return 422 }
            return busy.next() % 40 == 0 ? 503 : 200
        }
        let server = try Server(
            events: 120, configuration: #"{"forwarders": [{"kind": "webhook", "url": "\#(peer.url)/h", "since": 0}]}"#)
        var kills = 0
        try server.start()
        for goal in [25, 60, 95] {
            #expect(FreePorts.wait(30) { numbers(peer).count >= goal }, "\(server.log)")
            server.kill()
            kills += 1
            try server.start()
        }
        #expect(FreePorts.wait(40) { numbers(peer).last == 120 }, "\(server.log) \(numbers(peer))")
        var seen: Set<Int> = []
        let arrived = numbers(peer)
        #expect(arrived.filter { seen.insert($0).inserted } == (1...120).filter { $0 != 40 })
        #expect(arrived.count - 119 <= kills, "\(arrived)")
        #expect(FreePorts.wait(10) { server.get("/healthz").contains(#""waiting":0"#) })
        let health = server.get("/healthz")
        #expect(health.contains(#""deadLetters":1"#) && health.contains(#""state":"well""#), "\(health)")
        let metrics = server.get("/metrics")
        #expect(
            metrics.contains(#"faultline_forwarder_dead_letters{forwarder="webhook",kind="webhook"} 1.0"#), "\(metrics)"
        )
        // An orderly end and a new start: nothing comes twice.
        let before = numbers(peer).count
        #expect(server.stop() == 0)
        try server.start()
        #expect(FreePorts.wait(20) { server.get("/healthz").contains(#""waiting":0"#) })
        #expect(numbers(peer).count == before)
    }

    private final class Counter: Sendable {
        private let lock = NSLock()
        nonisolated(unsafe) private var count = 0
        func next() -> Int {
            lock.withLock {
                count += 1
                return count
            }
        }
    }

    @Test func whatIsSilencedDoesNotGo() throws {
        let peer = try Peer()
        peer.answers { _ in 503 }
        let server = try Server(
            events: 4, configuration: #"{"forwarders": [{"kind": "webhook", "url": "\#(peer.url)", "since": 0}]}"#)
        try server.start()
        #expect(FreePorts.wait(20) { server.get("/healthz").contains(#""state":"failing""#) }, "\(server.log)")
        let silence = HTTPClient.post(
            host: "127.0.0.1", port: server.http, path: "/v1/silences",
            json: #"{"matcher":{"entity":"e[1]"},"seconds":600}"#
        ) { _ in true }
        #expect(silence == .finished)
        for entity in ["e2", "e3"] {
            let outcome = HTTPClient.post(
                host: "127.0.0.1", port: server.http, path: "/v1/silences",
                json: #"{"matcher":{"entity":"\#(entity)"},"seconds":600}"#
            ) { _ in true }
            #expect(outcome == .finished)
        }
        peer.answers { _ in 200 }
        #expect(FreePorts.wait(30) { numbers(peer).last == 4 }, "\(server.log)")
        #expect(numbers(peer) == [1, 4])
    }

    /// A manager subscribes, gets the list, and hears what comes and what operators say; over a restart of the server.
    @Test func aManagerOf3GPPCanFollow() throws {
        let peer = try Peer()
        let server = try Server(
            events: 3,
            configuration: #"{"forwarders": [{"kind": "fault-mns", "url": "\#(peer.url)/static", "since": 2}]}"#)
        try server.start()
        let root = "/3GPPManagement/FaultSupervisionMnS/v1810"
        #expect(FreePorts.wait(20) { peer.requests.contains { $0.path == "/static" } }, "\(server.log)")
        let first = try #require(peer.requests.first)
        #expect(first.json["notificationType"]?.text == "notifyNewAlarm" && first.json["notificationId"] == .number(3))
        #expect(
            first.json["alarmId"]?.text == "site1/e3@1767225600" && first.json["perceivedSeverity"]?.text == "MAJOR")
        // It joins the two that are there: it names them, and of the first of them it is said who came to it.
        let kind = "notifyCorrelatedNotificationChanged"
        #expect(FreePorts.wait(20) { peer.requests.contains { $0.json["notificationType"]?.text == kind } })
        let change = try #require(peer.requests.first { $0.json["notificationType"]?.text == kind }).json
        #expect(change["alarmId"]?.text == "site1/e1@1767225600", "\(change)")
        let correlated = change["correlatedNotifications"]?.description ?? ""
        #expect(correlated.contains(#""notificationIds":[3]"#) && correlated.contains("ManagedElement=e3"), "\(change)")
        #expect("\(first.json["correlatedNotifications"] ?? .null)".contains("ManagedElement=e1"), "\(first.json)")
        let alarm = "\(root)/alarms/\(PercentEncoding.encoded("site1/e2@1767225600"))"
        let consumer = #"{"consumerReference":"\#(peer.url)/manager"}"#
        let subscribed = server.send("POST", "\(root)/subscriptions", consumer)
        #expect(subscribed.status == 201, "\(subscribed)")
        let location = try #require(subscribed.headers["location"])
        #expect(server.send("POST", "\(root)/subscriptions", #"{"consumerReference":"ftp://x"}"#).status == 400)
        let acknowledge = #"{"ackUserId":"noc","ackState":"ACKNOWLEDGED"}"#
        #expect(server.send("PATCH", alarm, acknowledge, type: "application/merge-patch+json").status == 204)
        let seen = #"{"commentText":"seen","commentUserId":"noc"}"#
        #expect(server.send("POST", alarm + "/comments", seen).status == 201)
        #expect(server.send("PATCH", alarm, #"{"clearUserId":"noc","perceivedSeverity":"CLEARED"}"#).status == 409)
        func heard() -> [String] {
            peer.requests.filter { $0.path == "/manager" }.compactMap { $0.json["notificationType"]?.text }
        }
        #expect(
            FreePorts.wait(20) { heard() == ["notifyAckStateChanged", "notifyComments"] }, "\(heard()) \(server.log)")
        let acknowledged = try #require(peer.requests.first { $0.path == "/manager" }).json
        #expect(acknowledged["ackUserId"]?.text == "noc (local)" && acknowledged["ackState"]?.text == "ACKNOWLEDGED")
        server.kill()
        try server.start()
        #expect(FreePorts.wait(20) { server.get("/healthz").contains(#""name":"subscription-"#) }, "\(server.log)")
        let again = #"{"commentText":"again","commentUserId":"noc"}"#
        #expect(server.send("POST", alarm + "/comments", again).status == 201)
        #expect(FreePorts.wait(20) { heard().count == 3 }, "\(heard())")
        let list = try JSONDecoder().decode(JSONValue.self, from: Data(server.get("\(root)/alarms").utf8))
        #expect(list["site1/e2@1767225600", "ackState"]?.text == "ACKNOWLEDGED", "\(list)")
        #expect(list["site1/e2@1767225600", "comments", "2", "commentText"]?.text == "again")
        #expect(list["site1/e1@1767225600", "objectInstance"]?.text == "SubNetwork=site1,ManagedElement=e1")
        #expect(server.get("\(root)/alarms/alarmCount").contains(#""majorCount":3"#))
        let open = server.get("\(root)/alarms?alarmAckState=ALL_ACTIVE_AND_UNACKNOWLEDGED_ALARMS")
        #expect(!open.contains("site1/e2@") && open.contains("site1/e1@") && open.contains("site1/e3@"))
        #expect(server.send("DELETE", location).status == 204 && server.send("DELETE", location).status == 404)
        #expect(!server.get("/healthz").contains("subscription-"))
    }

    @Test func whatPrometheusReadsIsClean() throws {
        let server = try Server(
            events: 1, configuration: #"{"forwarders": [{"kind": "syslog", "url": "udp://127.0.0.1:9"}]}"#)
        try server.start()
        #expect(
            FreePorts.wait(20) { server.get("/metrics").contains("faultline_alarm_events_total 1.0") }, "\(server.log)")
        let tool = "/usr/bin/promtool"
        guard FileManager.default.isExecutableFile(atPath: tool) else { return }
        let file = try server.folder.write("metrics", server.get("/metrics"))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(tool) check metrics < \(file)"]
        let said = Pipe()
        process.standardError = said
        process.standardOutput = said
        try process.run()
        process.waitUntilExit()
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(process.terminationStatus == 0 && text.isEmpty, "\(text)")
    }

    @Test func aFlawInTheConfigurationEndsTheServer() throws {
        let server = try Server(events: 1, configuration: #"{"forwarders": [{"kind": "fax", "url": "x"}]}"#)
        try server.start()
        #expect(
            FreePorts.wait(10) { server.log.contains("forwarders[0].kind: found \"fax\", expected one of") },
            "\(server.log)")
        #expect(server.stop(asks: false) == 78)
    }
}
