import Engines
import Platform
import Testing

/// What a list and a watch make of a cluster, without one.
@Suite struct KubernetesCacheTests {
    private func settings(_ pod: JSONValue = .object([:])) throws -> KubernetesSettings {
        try KubernetesSettings(.object(["image": .string("faultline:1"), "pod": pod]))
    }

    private func bytes(_ value: JSONValue) -> [UInt8] { Array(value.description.utf8) }

    private func page(_ items: [JSONValue], version: String = "7", more: String? = nil) -> [UInt8] {
        var metadata: [String: JSONValue] = ["resourceVersion": .string(version)]
        metadata["continue"] = more.map { .string($0) }
        return bytes(.object(["metadata": .object(metadata), "items": .array(items)]))
    }

    private func event(_ type: String, _ object: JSONValue, version: String = "8") -> [UInt8] {
        var object = object
        if case .object(var fields) = object, case .object(var metadata)? = fields["metadata"] {
            metadata["resourceVersion"] = .string(version)
            fields["metadata"] = .object(metadata)
            object = .object(fields)
        }
        return bytes(.object(["type": .string(type), "object": object]))
    }

    private func node(_ name: String, _ spec: String = "{}", ready: String = "True") throws -> JSONValue {
        try DeterministicJSON.decode(
            JSONValue.self,
            from: Array(
                """
                {"metadata": {"name": "\(name)"}, "spec": \(spec), "status": {"allocatable": {"nvidia.com/gpu": "2"},
                "conditions": [{"type": "Ready", "status": "\(ready)", "message": "Kubelet stopped posting node status."}]}}
                """.utf8))
    }

    private func pod(
        _ name: String = "faultline--w1-1", _ status: String = #"{"phase": "Running"}"#, uid: String = "u1",
        metadata: String = "", generation: String = "1"
    ) throws -> JSONValue {
        try DeterministicJSON.decode(
            JSONValue.self,
            from: Array(
                """
                {"kind": "Pod", "metadata": {"name": "\(name)", "uid": "\(uid)"\(metadata), "annotations": {
                "faultline/worker": "w1", "faultline/node": "edge-1", "faultline/role": "worker",
                "faultline/generation": "\(generation)"}}, "status": \(status)}
                """.utf8))
    }

    private func at(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

    private func cache(_ pods: [JSONValue], template: JSONValue = .object([:])) throws -> KubernetesCache {
        var cache = KubernetesCache(try settings(template))
        try cache.nodes.take(page: page([]))
        try cache.pods.take(page: page(pods))
        return cache
    }

    @Test func pagesThenAWatch() throws {
        var cache = KubernetesCache(try settings())
        #expect(cache.nodes.next == .list(continuation: nil))
        try cache.nodes.take(page: page([try node("b")], more: "mark"))
        #expect(cache.nodes.next == .list(continuation: "mark") && !cache.nodes.isComplete)
        // Half a list says nothing.
        #expect(cache.observe(at: .zero).nodes.isEmpty)
        try cache.nodes.take(page: page([try node("a")], version: "9"))
        #expect(cache.nodes.next == .watch(version: "9") && cache.nodes.isComplete)
        #expect(cache.observe(at: .zero).nodes == [EngineNode("a", accelerators: 2), EngineNode("b", accelerators: 2)])
        try cache.nodes.take(event: event("DELETED", try node("a"), version: "11"))
        try cache.nodes.take(event: event("ADDED", try node("c"), version: "12"))
        try cache.nodes.take(event: event("BOOKMARK", .object(["metadata": .object([:])]), version: "40"))
        #expect(cache.nodes.next == .watch(version: "40"))
        #expect(cache.observe(at: .zero).nodes.map(\.name) == ["b", "c"])
    }

    @Test func tooOldIsListedAnew() throws {
        var cache = try cache([])
        try cache.nodes.take(page: page([]))
        cache.nodes.expire()
        try cache.nodes.take(page: page([try node("a"), try node("b")]))
        #expect(cache.isComplete)
        try cache.nodes.take(
            event: bytes(.object(["type": .string("ERROR"), "object": .object(["code": JSONValue(410)])])))
        #expect(cache.nodes.next == .list(continuation: nil) && !cache.isComplete)
        // A mark that is too old is a list from the beginning.
        try cache.nodes.take(page: page([try node("x")], more: "mark"))
        cache.nodes.expire()
        #expect(cache.nodes.next == .list(continuation: nil))
        // Half a list says nothing, after an earlier one neither.
        try cache.nodes.take(page: page([try node("b")], version: "50", more: "mark"))
        #expect(!cache.isComplete)
        try cache.nodes.take(page: page([try node("c")], version: "50"))
        #expect(cache.isComplete && cache.observe(at: .zero).nodes.map(\.name) == ["b", "c"])
    }

    @Test func whatIsMadeWhileAListComesIsNotGone() throws {
        var cache = try cache([try pod("old", uid: "u0")])
        cache.pods.expire()
        // Made before the list was asked for: that would have it.
        cache.note(bytes(try pod("before", uid: "u1")), isNew: true)
        #expect(cache.pods.ask() == .list(continuation: nil))
        try cache.pods.take(page: page([try pod("old", uid: "u0")], more: "mark"))
        cache.note(bytes(try pod("within", uid: "u2", generation: "2")), isNew: true)
        #expect(cache.pods.ask() == .list(continuation: "mark"))
        try cache.pods.take(page: page([]))
        #expect(cache.observe(at: .zero).jobs.map(\.id) == ["old", "within"])
        // The next list knows.
        cache.pods.expire()
        _ = cache.pods.ask()
        try cache.pods.take(page: page([]))
        #expect(cache.observe(at: .zero).jobs.isEmpty)
    }

    @Test func onlyWhatDiffersIsAChange() throws {
        var cache = try cache([try pod()])
        try cache.nodes.take(event: event("ADDED", try node("a")))
        let before = cache.changes
        // A kubelet says every few seconds that all is as it was.
        for version in 9...30 {
            try cache.nodes.take(event: event("MODIFIED", try node("a"), version: "\(version)"))
            try cache.pods.take(event: event("MODIFIED", try pod(), version: "\(version)"))
        }
        #expect(cache.changes == before && cache.nodes.next == .watch(version: "30"))
        cache.pods.expire()
        try cache.pods.take(page: page([try pod()]))
        // That all is known again is one.
        #expect(cache.changes == before + 1)
        try cache.nodes.take(event: event("MODIFIED", try node("a", ready: "False")))
        #expect(cache.changes == before + 2)
    }

    @Test(arguments: [
        #"{"type": "ERROR", "object": {"code": 500, "reason": "InternalError", "message": "etcd\nis away"}}"#,
        #"{"type": "MOVED", "object": {}}"#, #"{"type": 3}"#, "null", "[]", "{", "", "\u{FF}",
    ])
    func aWatchThatSaysNonsense(_ line: String) throws {
        var cache = KubernetesCache(try settings())
        try cache.nodes.take(page: page([try node("a")]))
        let error = #expect(throws: EngineError.self) { try cache.nodes.take(event: Array(line.utf8)) }
        #expect(error?.text.contains("\n") == false && error?.text.contains("watch of nodes") == true)
        #expect(cache.nodes.next == .list(continuation: nil))
        #expect(cache.observe(at: .zero).nodes.count == 1)
    }

    @Test func objectsOfOtherFormsAreNobodys() throws {
        let odd = [
            "{}", #"{"metadata": null}"#, #"{"metadata": {"name": 3}}"#, "7", "null",
            #"{"metadata": {"name": "p", "uid": "u", "annotations": {"faultline/worker": "w"}}}"#,
            #"""
            {"metadata": {"name": "p", "uid": "u", "annotations": {"faultline/worker": "w\u001b", "faultline/node": "n",
            "faultline/role": "worker", "faultline/generation": "1"}}}
            """#,
        ].map { try? DeterministicJSON.decode(JSONValue.self, from: Array($0.utf8)) }.compactMap { $0 }
        let others = [try pod("p1", generation: "-1"), try pod("p2", generation: "many")]
        #expect(try cache(odd + others).pods.items.isEmpty)
        #expect(try cache([try pod()]).pods.items.count == 1)
    }

    @Test func memoryIsBounded() throws {
        var cache = KubernetesCache(try settings(), limit: 30)
        let many = try (0...30).map { try node("n\($0)") }
        #expect(throws: EngineError.self) { try cache.nodes.take(page: page(many)) }
        #expect(cache.nodes.items.isEmpty && cache.nodes.next == .list(continuation: nil))
        try cache.nodes.take(page: page(Array(many.dropLast())))
        #expect(throws: EngineError.self) { try cache.nodes.take(event: event("ADDED", try node("more"))) }
    }

    @Test func nodesAsTheyAre() throws {
        let tolerated = try DeterministicJSON.decode(
            JSONValue.self,
            from: Array(#"{"tolerations": [{"key": "edge", "operator": "Exists", "effect": "NoSchedule"}]}"#.utf8))
        var cache = KubernetesCache(try settings(tolerated))
        func taint(_ key: String, _ value: String, _ effect: String) -> String {
            #"{"taints": [{"key": "\#(key)", "value": "\#(value)", "effect": "\#(effect)"}]}"#
        }
        try cache.nodes.take(
            page: page([
                try node("away", ready: "Unknown"), try node("cordoned", #"{"unschedulable": true}"#),
                try node("other", taint("owner", "lab", "NoSchedule")),
                try node("leaving", taint("edge", "", "NoExecute")),
                try node("edge", taint("edge", "5g", "NoSchedule")),
                try node("soft", taint("owner", "lab", "PreferNoSchedule")),
                .object(["metadata": .object(["name": .string("bare")])]),
            ]))
        let seen = cache.observe(at: .zero).nodes
        #expect(
            seen == [
                EngineNode(
                    "away", state: .gone, accelerators: 2, reason: "NotReady: Kubelet stopped posting node status."),
                EngineNode("bare", state: .gone, reason: "NotReady"),
                EngineNode("cordoned", state: .draining, accelerators: 2, reason: "cordoned"),
                EngineNode("edge", accelerators: 2),
                EngineNode("leaving", state: .draining, accelerators: 2, reason: "taint edge:NoExecute"),
                EngineNode("other", state: .draining, accelerators: 2, reason: "taint owner=lab:NoSchedule"),
                EngineNode("soft", accelerators: 2),
            ])
    }

    @Test(arguments: [
        (#"{"phase": "Pending"}"#, EngineJob.State.pending, ""), (#"{"phase": "Running"}"#, .running, ""),
        ("{}", .pending, ""), (#"{"phase": "Unknown"}"#, .running, ""),
        (#"{"phase": "Succeeded"}"#, .ended, "Completed"),
        (#"{"phase": "Failed", "reason": "Evicted", "message": "low on memory"}"#, .refused, "Evicted: low on memory"),
        (#"{"phase": "Failed", "reason": "OutOfnvidia.com/gpu"}"#, .refused, "OutOfnvidia.com/gpu"),
        (
            #"{"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]}"#,
            .refused, "PreemptionByScheduler"
        ),
        (
            #"{"phase": "Failed", "containerStatuses": [{"state": {"terminated": {"reason": "Error", "exitCode": 65}}}]}"#,
            .ended, "Error: exit status 65"
        ),
        (
            #"{"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no\nsuch"}}}]}"#,
            .refused, "ImagePullBackOff: no\\u{A}such"
        ),
        (
            #"{"phase": "Running", "containerStatuses": [{"restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 78, "reason": "Error"}}}]}"#,
            .ended, "CrashLoopBackOff: Error: exit status 78"
        ),
        (
            #"{"phase": "Running", "containerStatuses": [{"restartCount": 1, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}"#,
            .running, ""
        ),
    ])
    func podsAsTheyAre(_ status: String, _ state: EngineJob.State, _ reason: String) throws {
        var cache = try cache([try pod("faultline--w1-1", status)])
        let request = EngineJobRequest(worker: "w1", node: "edge-1", role: .worker, generation: 1)
        #expect(
            cache.observe(at: .zero).jobs == [
                EngineJob(id: "faultline--w1-1", request: request, state: state, reason: reason)
            ])
    }

    @Test func aPodThatWasToldToEnd() throws {
        let gone = #", "deletionTimestamp": "2030-01-01T00:00:00Z""#
        var cache = try cache([try pod(metadata: gone)])
        #expect(cache.observe(at: .zero).jobs.first?.state == .stopping)
    }

    private let unschedulable =
        #"{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}"#

    @Test func patienceWithTheScheduler() throws {
        var cache = try cache([try pod("p", unschedulable)])
        #expect(cache.observe(at: at(100)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(109)).jobs.first?.state == .pending)
        #expect(cache.burials(at: at(109)).isEmpty)
        // A place is found after all, and lost: patience begins anew.
        try cache.pods.take(event: event("MODIFIED", try pod("p", #"{"phase": "Pending"}"#)))
        #expect(cache.observe(at: at(110)).jobs.first?.state == .pending)
        try cache.pods.take(event: event("MODIFIED", try pod("p", unschedulable)))
        #expect(cache.observe(at: at(111)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(120)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(121)).jobs.first?.state == .refused)
        #expect(cache.burials(at: at(122)).map(\.state) == [.refused])
        try cache.pods.take(event: event("DELETED", try pod("p", unschedulable)))
        #expect(cache.observe(at: at(123)).jobs.map(\.state) == [.refused])
        #expect(cache.observe(at: at(181)).jobs.map(\.state) == [.refused])
        #expect(cache.observe(at: at(182)).jobs.isEmpty)
    }

    @Test func answersAndTheWatchInEitherOrder() throws {
        let made = bytes(try pod())
        var first = try cache([])
        first.note(made, isNew: true)
        #expect(first.observe(at: .zero).jobs.count == 1)
        // The watch was faster: the pod came and went.
        var second = try cache([])
        try second.pods.take(event: event("ADDED", try pod()))
        try second.pods.take(event: event("DELETED", try pod()))
        second.note(made, isNew: true)
        #expect(second.observe(at: .zero).jobs.isEmpty)
        // What was told to end is another's by now.
        var third = try cache([try pod(uid: "u2")])
        third.note(bytes(try pod(metadata: #", "deletionTimestamp": "2030-01-01T00:00:00Z""#)), isNew: false)
        #expect(third.observe(at: .zero).jobs.first?.state == .running)
        third.note(Array("nonsense".utf8), isNew: true)
        #expect(third.observe(at: .zero).jobs.count == 1)
    }
}
