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

    /// Observes until something holds; a minute is never needed.
    private func observe(
        _ adapter: KubernetesAdapter, until holds: (EngineObservation) -> Bool
    ) throws -> EngineObservation {
        let end = ContinuousClock.now + .seconds(60)
        while true {
            if let seen = try? adapter.observe(), holds(seen) { return seen }
            guard ContinuousClock.now < end else {
                Issue.record("never seen; the last is \(String(describing: try? adapter.observe()))")
                return EngineObservation(nodes: [], jobs: [])
            }
            usleep(5_000)
        }
    }

    /// Waits until observing fails, and how, and returns why.
    private func failure(_ adapter: KubernetesAdapter, _ code: EngineError.Code? = nil) throws -> EngineError {
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            do throws(EngineError) {
                _ = try adapter.observe()
            } catch {
                if code == nil || error.code == code { return error }
            }
            usleep(5_000)
        }
        Issue.record("it goes on")
        return EngineError(.refused, "")
    }

    @Test func aCopyLivesAndEnds() throws {
        let adapter = KubernetesAdapter(try settings())
        #expect(try adapter.observe().nodes.map(\.name) == ["edge-1", "edge-2", "edge-3"])
        try adapter.start(request, command)
        // Known at once, whatever the watch says when.
        let first = try adapter.observe().jobs
        #expect(first == [EngineJob(id: "faultline--w1-3", request: request, state: .pending)])
        #expect(Array(try server.all("pods").keys) == ["faultline--w1-3"])
        #expect(Array(try server.all("secrets").keys) == ["faultline--w1-3"])
        // Asked again, with another word: the pod is the same, its Secret has the new one.
        try adapter.start(request, EngineCommand(arguments: [], token: "other"))
        #expect(try server.all("pods").count == 1)
        #expect("\(try server.all("secrets"))".contains("other"))

        try server.patch("faultline--w1-3", .object(["status": .object(["phase": .string("Running")])]))
        _ = try observe(adapter) { $0.jobs.first?.state == .running }
        try adapter.stop(first[0])
        #expect(try adapter.observe().jobs.first?.state == .stopping)
        #expect(try server.all("secrets").isEmpty)
        try server.remove("pods", "faultline--w1-3")
        _ = try observe(adapter) { $0.jobs.isEmpty }
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

    @Test func aRefusedPodIsToldOnceAndGoes() throws {
        let adapter = KubernetesAdapter(try settings())
        try adapter.start(request, command)
        try server.patch(
            "faultline--w1-3",
            .object([
                "status": .object([
                    "conditions": .array([
                        .object([
                            "type": .string("PodScheduled"), "status": .string("False"),
                            "reason": .string("Unschedulable"),
                            "message": .string("0/3 nodes are available: 1 Insufficient nvidia.com/gpu."),
                        ])
                    ])
                ])
            ]))
        let seen = try observe(adapter) { $0.jobs.first?.state == .refused }
        #expect(
            seen.jobs.first?.reason == "Unschedulable: 0/3 nodes are available: 1 Insufficient nvidia.com/gpu.")
        // That it may not be ended keeps nobody from looking.
        try server.answer(403, method: "DELETE")
        #expect(try adapter.observe().jobs.first?.state == .refused)
        #expect(try adapter.observe().nodes.count == 3)
        try server.answer(nil)
        // Now the controller knows: the pod is ended, and known on.
        _ = try observe(adapter) { $0.jobs.first?.state == .stopping }
        try server.remove("pods", "faultline--w1-3")
        _ = try observe(adapter) { $0.jobs.first?.state == .refused }
        #expect(try server.all("secrets").isEmpty)
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
            throws: EngineError(.refused, "the API server refuses a Secret for w1 (403): exceeded quota:\\u{A}no more")
        ) {
            try adapter.start(request, command)
        }
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
