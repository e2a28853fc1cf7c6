import CommandLine
import Forwarding
import Foundation
import Platform
import Services
import Synchronization
import TestSupport
import Testing
import Watching

@Suite struct ForwarderTests {
    static func event(
        _ state: AlarmEvent.State = .raised, entity: String = "enb0", severity: AlarmEvent.Severity = .major,
        onset: Double = 1_767_225_600
    ) -> AlarmEvent {
        var event = AlarmEvent(
            id: "site1/\(entity)@\(Int(onset))", revision: state == .raised ? 0 : 1, state: state, site: "site1",
            entity: entity, worker: "w", severity: severity, onset: .init(index: 7, time: onset),
            at: .init(index: 9, time: onset + 20.25), score: 2.5, groups: ["physical.cpu"],
            fingerprint: [.init(group: "physical.cpu", metric: "cpu_user", share: 0.75, deviation: 8)],
            fault: .init(name: "cpu-hog", nearest: "cpu-hog", similarity: 0.9, confidence: 0.9),
            reconstruction: 1.5, modelVersion: 4, sequence: 17)
        event.federation = "00ff"
        event.incident = "site1/enb0@1767225620"
        return event
    }

    static func letters(_ events: AlarmEvent...) -> [Letter] {
        events.map { Letter(sequence: $0.sequence ?? 0, event: $0, isSilenced: false) }
    }

    static func forwarder(_ json: String) throws -> any AlarmForwarder {
        try #require(try ForwarderList.parse(["[\(json)]"])?.forwarders().first)
    }

    // MARK: Webhooks

    @Test func aWebhookGetsCloudEvents() throws {
        let peer = try Peer()
        let forwarder = try Self.forwarder(#"{"kind":"webhook","url":"\#(peer.url)/hook?a=b"}"#)
        #expect(forwarder.send(Self.letters(Self.event()), isReminder: false) == .taken)
        let request = try #require(peer.requests.first)
        #expect(request.path == "/hook" && request.type == "application/cloudevents+json")
        let json = request.json
        #expect(json["specversion"]?.text == "1.0" && json["id"]?.text == "17")
        #expect(json["source"]?.text == "/federations/00ff" && json["type"]?.text == "faultline.alarm.raised")
        #expect(json["time"]?.text == "2026-01-01T00:00:20.250Z" && json["subject"]?.text == "site1/enb0@1767225600")
        #expect(json["data", "fault", "name"]?.text == "cpu-hog" && json["data", "signature"] == nil)
        // What 3GPP's fault supervision says of it, in its words.
        let fields = try #require(json["data", "faultManagement"])
        #expect(fields["objectInstance"]?.text == "SubNetwork=site1,ManagedElement=enb0")
        #expect(fields["notificationType"]?.text == "notifyNewAlarm" && fields["perceivedSeverity"]?.text == "MAJOR")
        #expect(fields["probableCause"]?.text == "cpu-hog" && fields["alarmType"]?.text == "PROCESSING_ERROR_ALARM")
        #expect(
            fields["eventTime"]?.text == "2026-01-01T00:00:20.250Z" && fields["alarmId"]?.text == json["subject"]?.text)
    }

    /// Each try is a step of its own in the event's trace, which its envelope names; whoever asks again has the same.
    @Test func everyTryIsAStepOfTheEventsTrace() throws {
        let peer = try Peer()
        func send() throws -> DeliveryOutcome {
            try Self.forwarder(#"{"kind":"webhook","url":"\#(peer.url)"}"#).send(
                Self.letters(Self.event()), isReminder: false)
        }
        peer.answers { _ in 500 }
        guard case .failed = try send(), case .failed = try send() else {
            Issue.record("500 is not a failure")
            return
        }
        peer.answers { _ in 200 }
        #expect(try send() == .taken)
        let traces = (peer.refused + peer.requests).compactMap(\.trace)
        #expect(traces.count == 3 && Set(traces.map(\.traceID)).count == 1 && Set(traces.map(\.spanID)).count == 3)
        let named = peer.requests.first?.json["traceparent"]?.text.flatMap(TraceContext.init(parsing:))
        #expect(named?.traceID == traces.first?.traceID && named == Self.event().trace)
    }

    /// A peer that is too busy says when it may be asked again.
    @Test func aBusyPeerIsHeard() throws {
        let peer = try Peer()
        let forwarder = try Self.forwarder(#"{"kind":"webhook","url":"\#(peer.url)"}"#)
        func outcome(_ status: Int, _ value: String?) -> DeliveryOutcome {
            peer.replies { _ in
                let answer = HTTPResponse.text(status, "\n")
                return value.map { answer.adding("Retry-After", $0) } ?? answer
            }
            return forwarder.send(Self.letters(Self.event()), isReminder: false)
        }
        for status in [429, 503] {
            let reason = "it answers with status \(status)"
            #expect(outcome(status, "300") == .failed(reason, after: .seconds(300)))
            #expect(outcome(status, "Sun, 06 Nov 1994 08:49:37 GMT") == .failed(reason, after: .zero))
            #expect(outcome(status, "soon") == .failed(reason) && outcome(status, nil) == .failed(reason))
        }
        #expect(outcome(500, "300") == .failed("it answers with status 500"))
    }

    @Test func aTemplateMakesAnotherForm() throws {
        let peer = try Peer()
        let forwarder = try Self.forwarder(
            #"{"kind":"webhook","url":"\#(peer.url)","headers":{"X-Key":"k"},"#
                + #""template":{"text":"{severity} at {entity}: \"{fault}\"","score":"{score}","of":["{groups}"]}}"#)
        #expect(forwarder.send(Self.letters(Self.event(entity: "e\"}")), isReminder: false) == .taken)
        let json = try #require(peer.requests.first).json
        #expect(json["text"]?.text == "major at e\"}: \"cpu-hog\"" && json["score"] == .number(2.5))
        #expect(json["of"] == .array([.array([.string("physical.cpu")])]))
    }

    /// An alarm that was over when it was known what it looks like does not begin anew at those who keep a list of alarms.
    @Test(arguments: ["alertmanager", "ves", "fault-mns"])
    func whatIsOverStaysOver(kind: String) throws {
        let peer = try Peer()
        let forwarder = try Self.forwarder(#"{"kind":"\#(kind)","url":"\#(peer.url)"}"#)
        var event = Self.event(.settled)
        #expect(forwarder.send(Self.letters(event), isReminder: false) == .taken)
        #expect(peer.requests.count == 1)
        event.isOver = true
        #expect(forwarder.send(Self.letters(event), isReminder: false) == .taken)
        #expect(peer.requests.count == 1)
    }

    @Test func statusesSayWhetherToTryAgain() throws {
        let peer = try Peer()
        let forwarder = try Self.forwarder(#"{"kind":"webhook","url":"\#(peer.url)"}"#)
        for status in [400, 410, 413, 422] {
            peer.answers { _ in status }
            guard case .refused = forwarder.send(Self.letters(Self.event()), isReminder: false) else {
                Issue.record("\(status) is not refused")
                continue
            }
        }
        // What is wrong with the address or the token is mended by somebody, and the alarms are still there then.
        for status in [302, 308, 401, 403, 404, 408, 429, 500, 503] {
            peer.answers { _ in status }
            guard case .failed = forwarder.send(Self.letters(Self.event()), isReminder: false) else {
                Issue.record("\(status) is not a failure")
                continue
            }
        }
        let nobody = try Self.forwarder(#"{"kind":"webhook","url":"http://127.0.0.1:1/"}"#)
        guard case .failed = nobody.send(Self.letters(Self.event()), isReminder: false) else {
            Issue.record("nobody is there")
            return
        }
    }

    // MARK: ZeroMQ

    @Test func whoeverSubscribesHearsWhatIsPublished() throws {
        let port = try FreePorts.take(1)[0]
        let forwarder = try Self.forwarder(#"{"kind":"zeromq","url":"tcp://127.0.0.1:\#(port)","topic":"a"}"#)
        // Opened by the first event, which nobody hears.
        #expect(forwarder.send(Self.letters(Self.event()), isReminder: false) == .taken)
        let subscriber = try #require(RawSubscriber(port: port, topic: "a/site1/e2"))
        // Until the publisher has taken up the subscription, nobody can tell when.
        let heard = Heard()
        let listening = BackgroundThread(name: "subscriber") { _ in heard.put(subscriber.message()) }
        #expect(
            FreePorts.wait(10) {
                _ = forwarder.send(Self.letters(Self.event(), Self.event(entity: "e2")), isReminder: false)
                return heard.message != nil
            })
        listening.join(upTo: .seconds(10))
        let message = try #require(heard.message)
        #expect(message.count == 2 && message[0] == "a/site1/e2", "\(message)")
        let envelope = try DeterministicJSON.decode(JSONValue.self, from: Array(try #require(message.last).utf8))
        #expect(envelope["subject"]?.text == "site1/e2@1767225600" && envelope["specversion"]?.text == "1.0")
        #expect(throws: CommandLineError.self) {
            try ForwarderList.parse([#"[{"kind":"zeromq","url":"tcp://0.0.0.0:5"}]"#])?.forwarders()
        }
    }

    private final class Heard: Sendable {
        private let kept = Mutex<[String]?>(nil)
        var message: [String]? { kept.withLock { $0 } }
        func put(_ message: [String]) { kept.withLock { $0 = message } }
    }

    // MARK: The Alertmanager

    @Test func anAlertIsNamedByWhatDoesNotChange() throws {
        func alerts(_ event: AlarmEvent) -> [JSONValue] { AlertmanagerAlert.alerts(event, now: 1_767_226_000) }
        let raised = alerts(Self.event())
        #expect(raised.count == 1 && raised[0]["startsAt"]?.text == "2026-01-01T00:00:00.000Z")
        #expect(raised[0]["endsAt"] == nil && raised[0]["labels", "severity"]?.text == "major")
        #expect(raised[0]["labels", "score"] == nil && raised[0]["annotations", "score"]?.text == "2.5")
        // Worse than before: what it was is over.
        let changed = alerts(Self.event(.changed, severity: .critical))
        #expect(changed.map { $0["labels", "severity"]?.text } == ["critical", "warning", "minor", "major"])
        #expect(changed.map { $0["endsAt"] != nil } == [false, true, true, true])
        let cleared = alerts(Self.event(.cleared))
        #expect(cleared.allSatisfy { $0["endsAt"]?.text == "2026-01-01T00:06:40.000Z" })
        // A clock that counts from its own beginning.
        let other = alerts(Self.event(onset: 12))
        #expect(other[0]["startsAt"]?.text == "2026-01-01T00:06:40.000Z")
    }

    /// A real Alertmanager shows what was sent, and takes away what is over.
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/prometheus-alertmanager"), "no alertmanager"))
    func aRealAlertmanagerTakesAlerts() throws {
        let folder = try TemporaryFolder()
        let configuration = try folder.write("am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")
        let port = try FreePorts.take(1)[0]
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/prometheus-alertmanager")
        process.arguments = [
            "--config.file=\(configuration)", "--storage.path=\(folder.path("data"))", "--cluster.listen-address=",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        func get(_ path: String) -> String {
            var body: [UInt8] = []
            _ = HTTPClient.get(host: "127.0.0.1", port: port, path: path) {
                body += $0
                return true
            }
            return String(decoding: body, as: UTF8.self)
        }
        #expect(FreePorts.wait(20) { get("/-/ready").contains("OK") })
        let forwarder = try Self.forwarder(#"{"kind":"alertmanager","url":"http://127.0.0.1:\#(port)/"}"#)
        let now = Date.now.timeIntervalSince1970
        let hostile = Self.event(entity: "<b>é\"\\", onset: (now - 60).rounded())
        #expect(forwarder.send(Self.letters(hostile), isReminder: false) == .taken)
        struct Alert: Decodable {
            let labels: [String: String]
            let annotations: [String: String]
        }
        func alerts() -> [Alert] {
            (try? JSONDecoder().decode([Alert].self, from: Data(get("/api/v2/alerts").utf8))) ?? []
        }
        #expect(FreePorts.wait(10) { alerts().count == 1 })
        #expect(alerts().first?.labels["entity"] == "<b>é\"\\" && alerts().first?.annotations["fault"] == "cpu-hog")
        var worse = hostile
        (worse.state, worse.severity) = (.changed, .critical)
        #expect(forwarder.send(Self.letters(worse), isReminder: true) == .taken)
        #expect(FreePorts.wait(10) { alerts().map { $0.labels["severity"] } == ["critical"] }, "\(alerts())")
        worse.state = .cleared
        #expect(forwarder.send(Self.letters(worse), isReminder: false) == .taken)
        #expect(FreePorts.wait(10) { alerts().isEmpty })
    }

    // MARK: Syslog

    @Test func aSyslogMessageIsOneWhateverTheNames() {
        let text = SyslogMessage.text(Self.event(entity: "a\"]\\\n🔥"), host: "h o\u{7}st", process: 9)
        #expect(text.hasPrefix("<131>1 2026-01-01T00:00:20.250Z host faultline 9 raised [faultline@32473 alarm=\""))
        #expect(text.contains(#"entity="a\"\]\\\\u{A}🔥""#), "\(text)")
        #expect(text.contains("] \u{FEFF}site1/a") && !text.contains("\n"))
        #expect(SyslogMessage.text(Self.event(.cleared, onset: 5), host: "h", process: 9).hasPrefix("<134>1 - h "))
    }

    /// What is cut from a datagram is the line for people: brackets are closed, whatever the names.
    @Test func aLongSyslogMessageKeepsItsData() throws {
        var event = Self.event(entity: String(repeating: "e\"", count: 400))
        event.federation = String(repeating: "]", count: 600)
        let text = SyslogMessage.text(event, host: String(repeating: "h", count: 255), process: 9)
        let mark = try #require(text.range(of: "] \u{FEFF}"))
        #expect(text[..<mark.lowerBound].utf8.count < 1_800 && text.contains("severity="))
    }

    @Test func syslogGoesByDatagramsAndByCountedOctets() throws {
        let (datagrams, port) = try RawPeer.datagrams()
        defer { close(datagrams) }
        let udp = try Self.forwarder(#"{"kind":"syslog","url":"udp://127.0.0.1:\#(port)"}"#)
        #expect(udp.send(Self.letters(Self.event(), Self.event(.cleared)), isReminder: false) == .taken)
        #expect(RawPeer.receive(datagrams).hasPrefix("<131>1 ") && RawPeer.receive(datagrams).hasPrefix("<134>1 "))

        let (listener, streamPort) = try RawPeer.listener()
        defer { close(listener) }
        let tcp = try Self.forwarder(#"{"kind":"syslog","url":"tcp://127.0.0.1:\#(streamPort)"}"#)
        #expect(tcp.send(Self.letters(Self.event(entity: "é")), isReminder: false) == .taken)
        let connection = accept(listener, nil, nil)
        let bytes = Array(RawPeer.receive(connection).utf8)
        let count = Int(String(decoding: bytes.prefix { $0 != 0x20 }, as: UTF8.self))
        #expect(count == bytes.count - "\(count ?? 0) ".utf8.count, "\(String(decoding: bytes, as: UTF8.self))")
        // A peer that has gone is noticed before the next message is lost to it.
        close(connection)
        #expect(FreePorts.wait(5) { tcp.send(Self.letters(Self.event(entity: "second")), isReminder: false) == .taken })
        let again = accept(listener, nil, nil)
        #expect(RawPeer.receive(again).contains("second"))
        close(again)
    }

    // MARK: VES

    @Test func aFaultOfVES() throws {
        let peer = try Peer()
        let forwarder = try Self.forwarder(#"{"kind":"ves","url":"\#(peer.url)/eventListener/v7"}"#)
        #expect(
            forwarder.send(Self.letters(Self.event(), Self.event(.cleared, onset: 12)), isReminder: false) == .taken)
        let (raised, cleared) = (peer.requests[0].json, peer.requests[1].json)
        #expect(raised["event", "commonEventHeader", "startEpochMicrosec"] == .number(1_767_225_600e6))
        #expect(raised["event", "commonEventHeader", "vesEventListenerVersion"]?.text == "7.2.1")
        #expect(raised["event", "faultFields", "eventSeverity"]?.text == "MAJOR")
        #expect(raised["event", "faultFields", "alarmCondition"]?.text == "anomaly:cpu-hog")
        #expect(cleared["event", "faultFields", "eventSeverity"]?.text == "NORMAL")
    }

    // MARK: Mail

    @Test func aMailHoldsWhateverNames() throws {
        let text = MailMessage.text(
            [Self.event(entity: "x\r\nBcc: y@z")], from: "a@b.example", to: ["c@d.example"], id: "1",
            date: Date(timeIntervalSince1970: 0))
        #expect(text.contains("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n") && !text.contains("\r\nBcc"))
        let parts = text.split(separator: "\r\n\r\n")
        let body = Data(base64Encoded: String(parts[1]).replacing("\r\n", with: "")).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(body?.contains(#"site1/x\u{D}\u{A}Bcc"#) == true, "\(body ?? "")")
        #expect(text.utf8.split(separator: 0x0a).allSatisfy { $0.count <= 78 })
        // Lines with encoded words have at most 76 (RFC 2047, 2), the carriage return not counted.
        let long = MailMessage.text(
            [Self.event(entity: String(repeating: "é\u{1F525}a", count: 20))], from: "a@b.example", to: ["c@d.example"],
            id: "1", date: Date(timeIntervalSince1970: 0))
        let words = long.split(separator: "\r\n").filter { $0.contains("=?utf-8?B?") }
        #expect(words.count > 2 && words.allSatisfy { $0.utf8.count <= 76 }, "\(words)")
    }

    /// Of several addresses one is not known any more: the others get their mail. Where none is taken nothing went.
    @Test func anAddressThatIsGoneKeepsNothingFromTheOthers() throws {
        let (listener, port) = try RawPeer.listener()
        defer { close(listener) }
        let conversation = BackgroundConversation(listener, unknown: ["gone@b.example"], times: 3)
        func forwarder(_ to: String) throws -> any AlarmForwarder {
            try Self.forwarder(
                #"{"kind":"mail","url":"smtp://127.0.0.1:\#(port)","from":"fl@a.example","to":[\#(to)]}"#)
        }
        let both = try forwarder(#""gone@b.example","ops@b.example""#)
        #expect(both.send(Self.letters(Self.event()), isReminder: false) == .taken)
        #expect(conversation.text.contains("RCPT TO:<ops@b.example>") && conversation.text.contains("\r\n.\r\n"))
        guard
            case .refused(let reason) = try forwarder(#""gone@b.example""#).send(
                Self.letters(Self.event()), isReminder: false)
        else {
            Issue.record("nobody took it")
            return
        }
        #expect(reason.contains("550"), "\(reason)")
    }

    @Test func aMailIsHandedOverBySMTP() throws {
        let (listener, port) = try RawPeer.listener()
        defer { close(listener) }
        let conversation = BackgroundConversation(listener)
        let forwarder = try Self.forwarder(
            #"{"kind":"mail","url":"smtp://127.0.0.1:\#(port)","from":"fl@a.example","to":["ops@b.example"]}"#)
        #expect(forwarder.send(Self.letters(Self.event(.settled)), isReminder: false) == .taken)
        #expect(forwarder.send(Self.letters(Self.event()), isReminder: false) == .taken)
        let said = conversation.text
        #expect(said.contains("MAIL FROM:<fl@a.example>") && said.contains("RCPT TO:<ops@b.example>"), "\(said)")
        #expect(said.contains("Subject: =?utf-8?B?") && said.contains("\r\n.\r\n"), "\(said)")
    }

    /// A server that offers TLS with a certificate that nobody vouches for, as one on the same machine mostly does, gets its mail
    /// encrypted all the same; where a user is shown, or with `ca`, the certificate has to be good.
    @Test(
        .enabled(
            if: ["/usr/bin/python3", "/usr/bin/openssl"].allSatisfy(FileManager.default.isExecutableFile),
            "no python3, or no openssl"))
    func aCertificateThatNobodyAskedForKeepsNoMailBack() throws {
        let folder = try TemporaryFolder()
        let make = Process()
        make.executableURL = URL(filePath: "/usr/bin/openssl")
        make.arguments =
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1 -keyout"
            .split(separator: " ").map(String.init) + [folder.path("key"), "-out", folder.path("certificate")]
        make.standardError = FileHandle.nullDevice
        try make.run()
        make.waitUntilExit()
        let server = Process()
        server.executableURL = URL(filePath: "/usr/bin/python3")
        server.arguments = ["-c", Self.encryptedMail, folder.path("certificate"), folder.path("key")]
        let said = Pipe()
        server.standardOutput = said
        server.standardError = FileHandle.nullDevice
        try server.run()
        defer {
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }
        let port = String(decoding: said.fileHandleForReading.availableData, as: UTF8.self).filter(\.isNumber)
        func send(_ more: String) throws -> DeliveryOutcome {
            let forwarder = try Self.forwarder(
                #"{"kind":"mail","url":"smtp://127.0.0.1:\#(port)","from":"a@b.example","to":["c@d.example"]\#(more)}"#)
            return forwarder.send(Self.letters(Self.event()), isReminder: false)
        }
        #expect(try send("") == .taken)
        var heard = ""
        while heard.filter(\.isLetter).isEmpty {
            heard += String(decoding: said.fileHandleForReading.availableData, as: UTF8.self)
        }
        #expect(heard.contains("encrypted"))
        guard case .failed = try send(#","user":"u","password":"p""#) else {
            Issue.record("a password was shown to somebody whom nobody vouches for")
            return
        }
        #expect(try send(#","ca":"\#(folder.path("certificate"))""#) == .taken)
    }

    /// Takes one mail after the other, each over TLS once that is asked for.
    private static let encryptedMail = """
        import socket, ssl, sys
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*sys.argv[1:])
        listener = socket.create_server(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        def converse(peer):
            file, is_encrypted = peer.makefile("rb"), False
            peer.sendall(b"220 ready\\r\\n")
            while line := file.readline():
                word = line[:4].upper()
                if word == b"EHLO":
                    peer.sendall(b"250-here\\r\\n250 " + (b"SIZE" if is_encrypted else b"STARTTLS") + b"\\r\\n")
                elif word == b"STAR":
                    peer.sendall(b"220 go on\\r\\n")
                    peer = context.wrap_socket(peer, server_side=True)
                    file, is_encrypted = peer.makefile("rb"), True
                elif word == b"DATA":
                    peer.sendall(b"354 go on\\r\\n")
                    while file.readline() not in (b".\\r\\n", b""): pass
                    print("encrypted" if is_encrypted else "plain", flush=True)
                    peer.sendall(b"250 kept\\r\\n")
                elif word == b"QUIT":
                    return peer.sendall(b"221 bye\\r\\n")
                else:
                    peer.sendall(b"250 fine\\r\\n")
        while True:
            try: converse(listener.accept()[0])
            except OSError: pass
        """

    // MARK: MQTT

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/sbin/mosquitto"), "no mosquitto"))
    func aRealBrokerTakesMessages() throws {
        let folder = try TemporaryFolder()
        let port = try FreePorts.take(1)[0]
        let configuration = try folder.write(
            "m.conf",
            "listener \(port) 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location \(folder.path("."))/\n"
        )
        func broker() throws -> Process {
            let process = Process()
            process.executableURL = URL(filePath: "/usr/sbin/mosquitto")
            process.arguments = ["-c", configuration]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            return process
        }
        // Not by SIGTERM: what tests start has inherited that it is blocked.
        func end(_ process: Process) {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let forwarder = try Self.forwarder(#"{"kind":"mqtt","url":"mqtt://127.0.0.1:\#(port)","topic":"t"}"#)
        guard case .failed = forwarder.send(Self.letters(Self.event()), isReminder: false) else {
            Issue.record("nobody is there")
            return
        }
        let first = try broker()
        #expect(FreePorts.wait(10) { forwarder.send(Self.letters(Self.event()), isReminder: false) == .taken })
        // It goes away and comes back.
        end(first)
        guard case .failed = forwarder.send(Self.letters(Self.event()), isReminder: false) else {
            Issue.record("nobody is there any more")
            return
        }
        let second = try broker()
        defer { end(second) }
        #expect(
            FreePorts.wait(10) {
                forwarder.send(Self.letters(Self.event(entity: "a/b#")), isReminder: false) == .taken
            })
    }

    // MARK: Configuration

    @Test func whatIsWrongIsNamed() throws {
        func flaw(_ json: String) -> String {
            do throws(CommandLineError) {
                _ = try ForwarderList.parse([json])?.forwarders()
                return "nothing"
            } catch {
                #expect(error.status == .configuration)
                return error.description
            }
        }
        #expect(flaw("[{}]").hasPrefix("forwarders[0].kind: missing, expected one of alertmanager, fault-mns, grafana"))
        #expect(flaw(#"[{"kind":"webhook"}]"#) == "forwarders[0].url: missing, expected a text of 1 to 2048 bytes")
        #expect(
            flaw(#"[{"kind":"webhook","url":"ftp://x"}]"#)
                == "forwarders[0].url: found 'ftp://x', expected http://HOST… or https://HOST…")
        #expect(
            flaw(#"[{"kind":"ves","url":"http://x","reportr":"y"}]"#)
                .hasPrefix("forwarders[0].reportr: unknown (did you mean 'reporter'?), expected one of kind, name"))
        #expect(flaw(#"[{"kind":"webhook","url":"http://x","template":"{nix}"}]"#).contains("found {nix}"))
        #expect(
            flaw(#"[{"kind":"webhook","url":"http://x"},{"kind":"webhook","url":"http://y"}]"#)
                .contains("forwarders[1].name: found 'webhook' a second time"))
        #expect(flaw(#"[{"kind":"mail","url":"smtp://x","from":"a","to":["b@c"]}]"#).contains("from: found 'a'"))
        #expect(ForwarderList.parse(["{}"]) == nil && ForwarderList.parse(["[1]"]) == nil)
        for address in ["http://", "http://a:b", "http://a:70000", "x", "http://[::1", "http://a b"] {
            #expect(PeerAddress(address) == nil, "\(address)")
        }
        #expect(PeerAddress("http://[::1]:80/x")?.host == "::1")
    }
}
