import Engines
import Foundation
import Platform
import TestSupport
import Testing

/// The adapter against an API server over a real socket.
@Suite(.serialized, .enabled(if: FakeAPIServer.isHere, "there is no Python"))
struct KubernetesAdapterTests {
    private let server: FakeAPIServer
    private let folder: TemporaryFolder

    init() throws {
        server = try FakeAPIServer()
        folder = try TemporaryFolder()
        try folder.write("token", "first\n")
        for name in ["edge-1", "edge-2", "edge-3"] { try server.put("nodes", Self.node(name)) }
    }

    private func settings(_ more: [String: JSONValue] = [:]) throws -> KubernetesSettings {
        try KubernetesSettings(
            .object(
                [
                    "api": .string("http://127.0.0.1:\(server.port)"), "image": .string("faultline:1"),
                    "tokenFile": .string(folder.path("token")), "patienceSeconds": JSONValue(1),
                    "timeoutSeconds": JSONValue(5),
                ].merging(more) { $1 }))
    }

    static func node(
        _ name: String, ready: String = "True", spec: [String: JSONValue] = [:], accelerators: String = "0"
    ) -> JSONValue {
        .object([
            "metadata": .object(["name": .string(name)]), "spec": .object(spec),
            "status": .object([
                "allocatable": .object(["cpu": .string("4"), "nvidia.com/gpu": .string(accelerators)]),
                "conditions": .array([
                    .object([
                        "type": .string("Ready"), "status": .string(ready), "reason": .string("Kubelet"),
                        "message": .string("stopped posting"),
                    ])
                ]),
            ]),
        ])
    }

    private let request = EngineJobRequest(worker: "w1", node: "edge-1", role: .worker, generation: 3)
    private let command = EngineCommand(arguments: ["--name", "w1"], token: "word")

    /// Asks again and again until there is an answer: the adapter's threads are real. A minute is never needed.
    private func until<Answer>(_ what: String, _ answer: () throws -> Answer?) throws -> Answer {
        var found: Answer?
        _ = try eventually {
            found = try answer()
            return found != nil
        }
        return try #require(found, "\(what): not within a minute")
    }

    /// Observes until something holds.
    private func observe(
        _ adapter: KubernetesAdapter, until holds: (EngineObservation) -> Bool
    ) throws -> EngineObservation {
        try until("something holds") { (try? adapter.observe()).flatMap { holds($0) ? $0 : nil } }
    }

    /// Waits until observing fails, and how, and returns why.
    private func failure(_ adapter: KubernetesAdapter, _ code: EngineError.Code? = nil) throws -> EngineError {
        try until("a failure") {
            do throws(EngineError) {
                _ = try adapter.observe()
                return nil
            } catch {
                return code == nil || error.code == code ? error : nil
            }
        }
    }

    @Test func aCopyLivesAndEnds() throws {
        let adapter = KubernetesAdapter(try settings())
        #expect(try adapter.observe().nodes.map(\.name) == ["edge-1", "edge-2", "edge-3"])
        try adapter.start(request, command)
        // Known at once, whatever the watch says when.
        let first = try adapter.observe().jobs
        let unseen = "no scheduler has looked at it"
        #expect(first == [EngineJob(id: "faultline--w1-3", request: request, state: .pending, reason: unseen)])
        #expect(Array(try server.all("pods").keys) == ["faultline--w1-3"])
        #expect(Array(try server.all("secrets").keys) == ["faultline--w1-3"])
        // Asked again, with another word: the pod and its Secret are the same.
        try adapter.start(request, EngineCommand(arguments: [], token: "other"))
        #expect(try server.all("pods").count == 1)
        #expect(!"\(try server.all("secrets"))".contains("other"))

        try server.patch("faultline--w1-3", .object(["status": .object(["phase": .string("Running")])]))
        _ = try observe(adapter) { $0.jobs.first?.state == .running }
        try adapter.stop(first[0])
        #expect(try adapter.observe().jobs.first?.state == .stopping)
        try server.remove("pods", "faultline--w1-3")
        _ = try observe(adapter) { $0.jobs.isEmpty }
        #expect(try server.all("secrets").isEmpty)
        // One that is gone is no error.
        try adapter.stop(first[0])
    }

    @Test func tokensAreReadAnew() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        try folder.write("token", "second")
        try adapter.start(request, command)
        let asked = try server.requests()
        #expect(asked.contains { $0.hasPrefix("GET /api/v1/nodes?limit=250 Bearer first") })
        #expect(asked.contains { $0.hasPrefix("POST /api/v1/namespaces/faultline/pods Bearer second") })
        // Nodes came in pages of two.
        #expect(asked.contains { $0.contains("continue=edge-2") })
    }

    @Test func onlyTheMeantPodIsEnded() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        try adapter.start(request, command)
        let job = try #require(try adapter.observe().jobs.first)
        // Another takes its name while the adapter sees nothing: that one stays.
        try server.answer(503, method: "GET")
        _ = try failure(adapter)
        try server.patch(job.id, .object(["metadata": .object(["uid": .string("another")])]))
        try adapter.stop(job)
        #expect("\(try server.all("pods"))".contains("another"))
        #expect(!"\(try server.all("pods"))".contains("deletionTimestamp"))
        // Once it sees, it is known.
        try server.answer(nil)
        _ = try observe(adapter) { $0.jobs.count == 1 }
        try adapter.stop(job)
        #expect("\(try server.all("pods"))".contains("deletionTimestamp"))
    }

    @Test func whatIsTooLongAgoIsListedAnew() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        try server.remove("nodes", "edge-2")
        try server.tell(.object(["forget": .bool(true)]))
        try server.put("nodes", Self.node("edge-4"))
        let seen = try observe(adapter) { $0.nodes.count == 3 && $0.nodes.last?.name == "edge-4" }
        #expect(seen.nodes.map(\.name) == ["edge-1", "edge-3", "edge-4"])
    }

    private static func status(_ text: String) throws -> JSONValue {
        .object(["status": try DeterministicJSON.decode(JSONValue.self, from: Array(text.utf8))])
    }

    @Test func aRefusedPodIsTheControllersToEnd() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        try adapter.start(request, command)
        try server.patch(
            "faultline--w1-3",
            Self.status(
                #"""
                {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                "message": "0/3 nodes are available: 1 Insufficient nvidia.com/gpu."}]}
                """#))
        let seen = try observe(adapter) { $0.jobs.first?.state == .refused }
        let job = try #require(seen.jobs.first)
        #expect(job.reason == "Unschedulable: 0/3 nodes are available: 1 Insufficient nvidia.com/gpu.")
        // A round may need it: it stays until the controller ends it.
        #expect(try adapter.observe().jobs.first?.state == .refused)
        #expect(!"\(try server.all("pods"))".contains("deletionTimestamp"))
        // What the controller wants and does not get is wanted on, and keeps nobody from looking.
        try server.answer(403, method: "DELETE")
        #expect(throws: EngineError.self) { try adapter.stop(job) }
        _ = try observe(adapter) { $0.jobs.first?.state == .refused && $0.nodes.count == 3 }
        try server.answer(nil)
        _ = try observe(adapter) { $0.jobs.first?.state == .stopping }
        try server.remove("pods", "faultline--w1-3")
        _ = try observe(adapter) { $0.jobs.isEmpty }
        #expect(try server.all("secrets").isEmpty)
    }

    private static let crashed = #"""
        {"phase": "Running", "containerStatuses": [{"name": "worker", "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}
        """#

    @Test func oneThatCannotBeEndedKeepsNoOther() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        for worker in ["w1", "w2", "w3"] {
            let request = EngineJobRequest(worker: worker, node: "edge-1", role: .worker, generation: 3)
            try adapter.start(request, command)
            try server.patch("faultline--\(worker)-3", Self.status(Self.crashed))
        }
        try server.answer(403, method: "DELETE", path: "faultline--w1-3")
        let seen = try observe(adapter) { $0.jobs.filter { $0.state == .stopping }.count == 2 }
        #expect(seen.jobs.map(\.state) == [.ended, .stopping, .stopping])
    }

    @Test func aDryRunEndsNothing() throws {
        let maker = KubernetesAdapter(try settings())
        _ = try maker.observe()
        try maker.start(request, command)
        try server.patch("faultline--w1-3", Self.status(#"{"phase": "Failed"}"#))
        let watcher = KubernetesAdapter(try settings(), buries: false)
        for _ in 0..<3 { #expect(try watcher.observe().jobs.map(\.state) == [.ended]) }
        #expect(!(try server.requests()).contains { $0.hasPrefix("DELETE") })
    }

    @Test func aDisruptedPodIsARefusal() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        try adapter.start(request, command)
        try server.patch(
            "faultline--w1-3",
            Self.status(
                #"""
                {"phase": "Running", "conditions": [{"type": "DisruptionTarget", "status": "True",
                "reason": "PreemptionByScheduler", "message": "preempting to accommodate a higher priority pod"}]}
                """#))
        try server.remove("pods", "faultline--w1-3")
        let seen = try observe(adapter) { $0.jobs.first?.state == .refused }
        let job = try #require(seen.jobs.first)
        #expect(job.reason == "PreemptionByScheduler: preempting to accommodate a higher priority pod")
        // Its Secret went with it, and ending it asks for nothing.
        #expect(try server.all("secrets").isEmpty)
        try adapter.stop(job)
        #expect(try adapter.observe().jobs.isEmpty)
        #expect(!(try server.requests()).contains { $0.hasPrefix("DELETE") })
    }

    // MARK: Secrets

    @Test func aRefusedPodLeavesNoSecret() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        let quota = #"{"kind": "Status", "reason": "Forbidden", "message": "exceeded quota", "code": 403}"#
        try server.answer(403, quota, method: "POST", path: "/pods")
        #expect(throws: EngineError.self) { try adapter.start(request, command) }
        try server.answer(nil)
        _ = try observe(adapter) { $0.jobs.isEmpty }
        #expect(try server.all("secrets").isEmpty)
    }

    @Test func aPodWithoutItsSecretGoes() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        let quota = #"{"kind": "Status", "reason": "Forbidden", "message": "exceeded quota", "code": 403}"#
        try server.answer(403, quota, method: "POST", path: "/secrets")
        #expect(
            throws: EngineError(.refused, "the API server refuses a Secret for w1 (403): exceeded quota")
        ) {
            try adapter.start(request, command)
        }
        _ = try observe(adapter) { $0.jobs.map(\.state) == [.stopping] }
    }

    @Test(arguments: [true, false])
    func aSecretComesLater(_ isAnswerLost: Bool) throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        if isAnswerLost {
            // The pod is made, and nobody hears of it but by the watch.
            try server.losesAnswers(true)
        } else {
            try server.answer(503, method: "POST", path: "/secrets")
        }
        let error = #expect(throws: EngineError.self) { try adapter.start(request, command) }
        #expect(error?.code == .unavailable)
        #expect(try server.all("secrets").isEmpty)
        try server.losesAnswers(false)
        try server.answer(nil)
        _ = try observe(adapter) { _ in (try? server.all("secrets").isEmpty) == false }
        let secret = try #require(try server.all("secrets")["faultline--w1-3"])
        let pod = try #require(try server.all("pods")["faultline--w1-3"])
        #expect("\(secret)".contains("word") && "\(pod)".contains(#""uid":"uid-4""#))
        #expect("\(secret)".contains(#""uid":"uid-4""#))
        _ = try observe(adapter) { $0.jobs.map(\.state) == [.pending] }
    }

    @Test func refusalsOfPodsAreSaid() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        let quota = #"{"kind": "Status", "reason": "Forbidden", "message": "exceeded quota:\nno more", "code": 403}"#
        for (status, body, code) in [
            (403, quota, EngineError.Code.refused), (422, "no JSON", .refused), (503, "", .unavailable),
            (429, "", .unavailable), (401, "", .configuration), (404, "", .configuration),
        ] {
            try server.answer(status, body)
            do throws(EngineError) {
                try adapter.start(request, command)
                Issue.record("\(status) is taken")
            } catch {
                #expect(error.code == code, "\(error)")
                #expect(!error.text.contains("\n"))
                #expect(error.text.contains("(\(status))"))
            }
        }
        try server.answer(403, quota)
        #expect(
            throws: EngineError(.refused, "the API server refuses a pod for w1 (403): exceeded quota:\\u{A}no more")
        ) {
            try adapter.start(request, command)
        }
    }

    /// Waits until the API server was asked for more than so many requests that have a text in them.
    private func wait(for text: String, moreThan count: Int) throws {
        try until("a request for \(text)") {
            try server.requests().count { $0.contains(text) } > count ? () : nil
        }
    }

    @Test func halfAListAfterAnOutageSaysNothing() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        try server.answer(503, method: "GET")
        _ = try failure(adapter)
        try server.remove("nodes", "edge-2")
        try server.put("nodes", Self.node("edge-4"))
        try server.holdsPages(true)
        let count = try server.requests().filter { $0.contains("continue=") }.count
        try server.answer(nil)
        // The first page has come by now: what was known before the outage is no answer.
        try wait(for: "continue=", moreThan: count)
        #expect(throws: EngineError.self) { try adapter.observe() }
        try server.holdsPages(false)
        let seen = try observe(adapter) { _ in true }
        #expect(seen.nodes.map(\.name) == ["edge-1", "edge-3", "edge-4"])
    }

    @Test func hostileAnswersEndNothing() throws {
        let adapter = KubernetesAdapter(try settings())
        _ = try adapter.observe()
        let deep = String(repeating: "[", count: 200)
        for (status, body, repeated, code) in [
            (200, "<html>", 1, EngineError.Code.unreadable), (200, "", 1, .unreadable), (200, "[]", 1, .unreadable),
            (200, deep, 1, .unreadable), (200, #"{"items": {}, "metadata": {"resourceVersion": "1"}}"#, 1, .unreadable),
            (200, String(repeating: "x", count: 1 << 20), 34, .unreadable),
            (200, #"{"items": [], "metadata": {"resourceVersion": "1", "continue": "again"}}"#, 1, .unreadable),
            (500, "\u{0}\u{1b}[2J", 1, .unavailable), (403, "{", 1, .refused),
        ] {
            try server.answer(status, body, repeated: repeated)
            let error = try failure(adapter, code)
            #expect(error.text.unicodeScalars.allSatisfy { $0.value >= 0x20 } && error.text.count < 600)
            try server.answer(nil)
            _ = try observe(adapter) { $0.nodes.count == 3 }
        }
    }

    @Test func nobodyThere() throws {
        var settings = try settings()
        settings.api = "http://127.0.0.1:1"
        let error = #expect(throws: EngineError.self) { try KubernetesAdapter(settings).observe() }
        #expect(error == EngineError(.unavailable, "no API server answers at http://127.0.0.1:1"))
        settings.tokenFile = folder.path("none")
        let missing = #expect(throws: EngineError.self) { try KubernetesAdapter(settings).observe() }
        #expect(missing?.code == .configuration)
        #expect(missing?.text.hasPrefix("kubernetes.tokenFile: ") == true)
    }
}
