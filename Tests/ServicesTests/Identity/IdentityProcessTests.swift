import Federation
import Foundation
import Platform
import Services
import TestSupport
import Testing

/// A real server, and people who want more of it than they were granted.
@Suite struct IdentityProcessTests {
    private let fleet: Fleet
    private var serverFolder: String { fleet.folder.path("server") }

    init() throws { fleet = try Fleet(sites: 2) }

    private func start(_ more: [String] = []) throws {
        try fleet.startServer(workers: 1, more)
        #expect(eventually({ fleet.get("/healthz") != nil }), "\(fleet.log("server"))")
    }

    private func keys(_ arguments: String...) throws -> ToolProcess.Result {
        try ToolProcess.run("fl-server", arguments + ["--data-folder", serverFolder])
    }

    private func token(_ name: String, site: String, _ more: String...) throws -> EnrolmentToken {
        let made = try ToolProcess.run(
            "fl-server", ["enrol", "--data-folder", serverFolder, "--name", name, "--site", site] + more)
        #expect(made.status == 0, "\(made.errors)")
        return try EnrolmentToken(made.output.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Enrols by hand; the keys, and the line of a refusal.
    private func enrol(_ name: String, with token: EnrolmentToken) throws -> (keys: CurveKeys, refusal: String?) {
        let own = try CurveKeys()
        let peer = try KeyedPeer(name, fleet, security: .connecting(token.keys, server: token.server))
        guard peer.send(.enrolment(Enrolment(key: own.publicKey, site: "anything", domain: "anything"))) else {
            return (own, "nobody hears")
        }
        let answer = peer.next { message -> EnrolmentAnswer? in
            if case .enrolled(let answer) = message { answer } else { nil }
        }
        return (own, answer.map { $0.outcome == .accepted ? nil : $0.text } ?? "no answer")
    }

    @Test func strangersAreNotHeard() throws {
        try start()
        let server = try token("a", site: "s").server
        // Without a key, with a key that nobody enrolled, and with one for another server.
        let plain = try KeyedPeer("x", fleet, security: .plain)
        let unknown = try KeyedPeer("y", fleet, security: .connecting(CurveKeys(), server: server))
        let mistaken = try KeyedPeer("z", fleet, security: .connecting(CurveKeys(), server: CurveKeys().publicKey))
        let deadline = ContinuousClock.now + .seconds(2)
        var refused = false
        while ContinuousClock.now < deadline {
            for peer in [plain, unknown, mistaken] {
                for channel in Message.Channel.allCases {
                    #expect(try peer.port.send([1, 2, 3], to: [], on: channel) != .queued)
                }
                try peer.port.wait(upTo: .milliseconds(20))
            }
            refused = try refused || unknown.port.takeRefusal()
        }
        #expect(refused, "the one with a key hears why")
        #expect(fleet.workers.isEmpty)
    }

    @Test func aTokenLetsOneInAndWhatItGrantsIsAllThereIs() throws {
        try start(["--rounds", "1"])
        // An honest worker of this machine, to have something to take.
        try fleet.startWorker(1)
        #expect(eventually { fleet.workers.contains { $0.name == "worker1" && !$0.entities.isEmpty } })
        let word = try token("mallory", site: "evil")
        let (own, refusal) = try enrol("mallory", with: word)
        #expect(refusal == nil)
        // Once.
        #expect(try enrol("mallory", with: word).refusal == "nobody hears")
        // Not for another name, and the token is not used up by that.
        let other = try token("other", site: "evil")
        #expect(try enrol("somebody", with: other).refusal?.contains("'other'") == true)

        let peer = try KeyedPeer("mallory", fleet, security: .connecting(own, server: word.server))
        let honest = KeyedPeer.registration(site: "evil", entities: ["evil/x"])
        #expect(peer.join(honest, as: "worker1")?.contains("name") == true)
        #expect(peer.join(KeyedPeer.registration(site: "site1", entities: ["evil/x"]))?.contains("site") == true)
        #expect(
            peer.join(KeyedPeer.registration(site: "evil", entities: ["evil/x"], domain: "site1"))?.contains("domain")
                == true)
        #expect(peer.join(KeyedPeer.registration(site: "evil", entities: ["site1/enb0"]))?.contains("entities") == true)
        #expect(peer.join(honest) == nil)
        // Another's lease, taken from where everybody can see it: nothing comes of it.
        let victim = try #require(fleet.workers.first { $0.name == "worker1" })
        #expect(peer.send(.goodbye, as: "worker1", lease: victim.leaseEpoch))
        // Alarms for what is another's.
        let event = Array(
            #"{"id":"site1/enb0@1","revision":0,"state":"raised","site":"site1","entity":"enb0","worker":"mallory"}"#
                .utf8)
        #expect(
            peer.send(.alarmBatch(AlarmBatch(spool: 1, first: 1, oldest: 1, alarms: [event]))))
        let receipt = peer.next(.bulk) { message -> AlarmReceipt? in
            if case .alarmReceipt(let receipt) = message { receipt } else { nil }
        }
        #expect(receipt?.refused.count == 1)
        #expect(
            eventually { fleet.get("/healthz")?.contains(#""mallory":{"name":1,"registration":4}"#) == true },
            "\(fleet.get("/healthz") ?? "")")
        let after = try #require(fleet.workers.first { $0.name == "worker1" })
        #expect(after.leaseEpoch == victim.leaseEpoch && after.state == "active")

        // Shut out, over HTTP: its lease ends at once, and nobody comes with its key.
        let file = fleet.folder.path("admin.token")
        #expect(try keys("keys", "token", "--role", "admin", "--out", file).status == 0)
        let admin = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        func revoke(_ name: String, _ token: String?) -> HTTPClient.Outcome {
            HTTPClient.delete(host: "127.0.0.1", port: fleet.http, path: "/v1/principals/\(name)", token: token) { _ in
                true
            }
        }
        // What tools of this user find by themselves is not enough.
        guard case .refused(403, _) = revoke("mallory", nil) else {
            Issue.record("shut out with a lesser token")
            return
        }
        #expect(fleet.get("/v1/principals") == nil)
        #expect(eventually { fleet.get("/v1/principals", headers: ["Authorization": "Bearer \(admin)"]) != nil })
        guard case .refused(404, _) = revoke("nobody", admin) else {
            Issue.record("nobody was shut out")
            return
        }
        #expect(revoke("mallory", admin) == .finished)
        #expect(eventually { fleet.workers.contains { $0.name == "mallory" && $0.state == "lost" } })
        let back = try KeyedPeer("mallory", fleet, security: .connecting(own, server: word.server))
        #expect(eventually { (try? back.port.takeRefusal()) == true })
        let audit = try keys("audit", "--format", "json")
        for event in ["invited", "enrolled", "refused", "revoked"] {
            #expect(audit.output.contains("\"event\":\"\(event)\""), "\(event) \(audit.output)")
        }
        #expect(try keys("audit", "--verify").status == 0)
    }

    /// Another user's server, as far as a worker can tell: it finds nothing to enrol with, and needs a token once.
    @Test func aWorkerWithAToken() throws {
        try start()
        let made = try keys("enrol", "--name", "worker1", "--site", "site1")
        let word = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let elsewhere = ["XDG_RUNTIME_DIR": fleet.folder.path("runtime")]
        try FileManager.default.createDirectory(atPath: fleet.folder.path("runtime"), withIntermediateDirectories: true)
        func worker(_ more: [String]) throws {
            try fleet.start(
                "worker1", "fl-worker",
                [
                    "--name", "worker1", "--data", "\(fleet.data)/site1", "--data-folder",
                    fleet.folder.path("worker1"), "--log-level", "info",
                ] + fleet.endpoints + more, environment: elsewhere)
        }
        try worker(["--connect-timeout", "2"])
        #expect(fleet.exit(of: "worker1") == 69, "\(fleet.log("worker1"))")
        try worker(["--enrol", word + "0"])
        #expect(fleet.exit(of: "worker1") == 78)
        try worker(["--enrol", word])
        #expect(eventually { fleet.workers.contains { $0.name == "worker1" && $0.state == "active" } })
        let key = fleet.folder.path("worker1/worker.key")
        #expect(try FileManager.default.attributesOfItem(atPath: key)[.posixPermissions] as? Int == 0o600)
        fleet.kill("worker1")
        // From then on its own key is enough; it may make itself another.
        let before = try String(contentsOfFile: key, encoding: .utf8)
        try worker(["--new-key"])
        #expect(eventually { fleet.hasEnded(workers: 1) }, "\(fleet.log("worker1"))")
        #expect(try String(contentsOfFile: key, encoding: .utf8) != before)
        #expect(
            eventually {
                ((try? keys("audit").output) ?? "").contains("the old key is no longer taken")
            })
        #expect(try keys("keys", "revoke", "--name", "worker1").status == 0)
        #expect(fleet.exit(of: "worker1", within: 20) == 78, "\(fleet.log("worker1"))")
        #expect(fleet.log("worker1").contains("does not know this worker's key"))
    }

    /// A server's folder is lost under its workers of the same machine: they enrol again by themselves.
    @Test func aNewServerOnThePort() throws {
        try start()
        try fleet.startWorker(1)
        #expect(eventually { fleet.workers.contains { $0.state == "active" } })
        fleet.kill("server")
        try FileManager.default.removeItem(atPath: serverFolder)
        try start()
        #expect(eventually { fleet.workers.contains { $0.state == "active" } }, "\(fleet.log("worker1"))")
        // And a worker whose folder is lost has its name back when its lease is over.
        fleet.kill("worker1")
        try FileManager.default.removeItem(atPath: fleet.folder.path("worker1"))
        try fleet.startWorker(1)
        #expect(eventually { fleet.hasEnded(workers: 1) }, "\(fleet.log("worker1"))")
    }

    @Test func whatFailsClosed() throws {
        let runtime = fleet.folder.path("open")
        try FileManager.default.createDirectory(atPath: runtime + "/faultline", withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: runtime + "/faultline")
        let folder = ["--data-folder", fleet.folder.path("s")]
        let data = ["--name", "w", "--data", "\(fleet.data)/site1", "--data-folder", fleet.folder.path("w")]
        for (tool, arguments, status, words) in [
            ("fl-server", folder + fleet.endpoints + ["--http", "127.0.0.1:0"], Int32(73), "with mode 755"),
            ("fl-server", folder + ["--plain", "--control", "tcp://0.0.0.0:*"], 78, "nothing is encrypted"),
            ("fl-server", folder + ["--http", "0.0.0.0:0"], 78, "--certificate"),
            ("fl-server", folder + ["--certificate", "x"], 64, "both"),
            ("fl-worker", data + ["--plain", "--control", "tcp://192.0.2.1:1"], 78, "nothing is encrypted"),
            ("fl-worker", data + ["--control", "tcp://192.0.2.1:1"], 78, "is not enrolled"),
            ("fl-worker", data + ["--enrol", "nonsense"], 78, "no token"),
            ("fl-server", ["keys", "revoke", "--name", "nobody"] + folder, 65, "nobody"),
        ] {
            let result = try ToolProcess.run(tool, arguments, environment: ["XDG_RUNTIME_DIR": runtime])
            #expect(result.status == status, "\(arguments): \(result.status) \(result.errors)")
            #expect(result.errors.contains(words), "\(result.errors)")
            #expect(result.errorLines.count == 1, "\(result.errors)")
        }
    }

    @Test func theAuditLogNoticesWhatIsDoneToIt() throws {
        for name in ["a", "b", "c"] { _ = try token(name, site: "s") }
        let path = serverFolder + "/audit.log"
        let sound = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try keys("audit", "--verify").status == 0)
        let lines = sound.split(separator: "\n").map(String.init)
        for (changed, line) in [
            ([lines[0], lines[1].replacingOccurrences(of: "site s", with: "site t"), lines[2]], "line 2"),
            ([lines[0], lines[2]], "line 2"), ([lines[0], lines[1]], "3"), ([lines[1], lines[0], lines[2]], "line 1"),
            ([lines[0], "{", lines[2]], "line 2"),
        ] {
            try (changed.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            let result = try keys("audit", "--verify")
            #expect(result.status == 65 && result.errors.contains(line), "\(line): \(result.errors)")
            #expect(result.errorLines.count == 1)
        }
    }
}
