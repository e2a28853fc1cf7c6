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
        metadata: String = "", generation: String = "1", node: String? = "edge-1"
    ) throws -> JSONValue {
        try DeterministicJSON.decode(
            JSONValue.self,
            from: Array(
                """
                {"kind": "Pod", "metadata": {"name": "\(name)", "uid": "\(uid)"\(metadata), "annotations": {
                "faultline/worker": "w1", "faultline/node": "edge-1", "faultline/role": "worker",
                "faultline/generation": "\(generation)"}}, "spec": {\(node.map { #""nodeName": "\#($0)""# } ?? "")},
                "status": \(status)}
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
        cache.note(bytes(try pod("before", uid: "u1")), isNew: true, at: .zero)
        #expect(cache.pods.ask() == .list(continuation: nil))
        try cache.pods.take(page: page([try pod("old", uid: "u0")], more: "mark"))
        cache.note(bytes(try pod("within", uid: "u2", generation: "2")), isNew: true, at: .zero)
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

    private static let worker = #"{"name": "worker", "state": {"running": {}}}"#
    private static let initializing = #"{"name": "worker", "state": {"waiting": {"reason": "PodInitializing"}}}"#
    private static let noImage = #"{"name": "beside", "state": {"waiting": {"reason": "ImagePullBackOff"}}}"#
    private static func crashed(_ name: String, _ count: Int = 3) -> String {
        #"""
        {"name": "\#(name)", "restartCount": \#(count), "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"exitCode": 78, "reason": "Error"}}}
        """#
    }
    private static let disrupted =
        #""conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}]"#

    @Test(arguments: [
        (#"{"phase": "Pending"}"#, EngineJob.State.pending, ""), (#"{"phase": "Running"}"#, .running, ""),
        ("{}", .pending, ""), (#"{"phase": "Unknown"}"#, .running, ""),
        (#"{"phase": "Succeeded"}"#, .ended, "Completed"),
        (#"{"phase": "Failed", "reason": "Evicted", "message": "low on memory"}"#, .refused, "Evicted: low on memory"),
        (#"{"phase": "Failed", "reason": "OutOfnvidia.com/gpu"}"#, .refused, "OutOfnvidia.com/gpu"),
        (#"{"phase": "Failed", \#(disrupted)}"#, .refused, "PreemptionByScheduler"),
        (#"{"phase": "Succeeded", \#(disrupted)}"#, .refused, "PreemptionByScheduler"),
        (#"{"phase": "Running", \#(disrupted)}"#, .running, ""),
        (
            #"{"phase": "Failed", "containerStatuses": [{"name": "worker", "state": {"terminated": {"reason": "Error", "exitCode": 65}}}]}"#,
            .ended, "Error: exit status 65"
        ),
        (
            #"{"phase": "Pending", "containerStatuses": [{"name": "worker", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no\nsuch"}}}]}"#,
            .refused, "ImagePullBackOff: no\\u{A}such"
        ),
        (
            #"{"phase": "Running", "containerStatuses": [\#(crashed("worker"))]}"#, .ended,
            "CrashLoopBackOff: Error: exit status 78"
        ),
        (#"{"phase": "Running", "containerStatuses": [\#(crashed("worker", 1))]}"#, .running, ""),
        // What fails beside a worker that runs is nothing of the worker's, whatever the pod's phase says for it.
        (#"{"phase": "Running", "containerStatuses": [\#(crashed("beside")), \#(worker)]}"#, .running, ""),
        (#"{"phase": "Pending", "containerStatuses": [\#(noImage), \#(worker)]}"#, .running, ""),
        (
            #"{"phase": "Running", "initContainerStatuses": [\#(crashed("proxy", 9))], "containerStatuses": [\#(worker)]}"#,
            .running, ""
        ),
        (
            #"{"phase": "Pending", "containerStatuses": [\#(noImage), {"name": "worker", "state": {"waiting": {"reason": "ContainerCreating"}}}]}"#,
            .pending, ""
        ),
        (
            #"{"phase": "Running", "containerStatuses": [{"name": "beside", "state": {"running": {}}}, \#(crashed("worker"))]}"#,
            .ended, "CrashLoopBackOff: Error: exit status 78"
        ),
        // What comes before it keeps it from running.
        (
            #"{"phase": "Pending", "initContainerStatuses": [\#(noImage)], "containerStatuses": [\#(initializing)]}"#,
            .refused, "ImagePullBackOff"
        ),
        (
            #"{"phase": "Pending", "initContainerStatuses": [\#(crashed("own-folder"))], "containerStatuses": [\#(initializing)]}"#,
            .ended, "CrashLoopBackOff: Error: exit status 78"
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
        var cache = try cache([try pod(metadata: leaves)])
        #expect(cache.observe(at: .zero).jobs.first?.state == .stopping)
    }

    private let unschedulable =
        #"{"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}"#

    @Test func patienceWithTheScheduler() throws {
        var cache = try cache([try pod("p", unschedulable, node: nil)])
        #expect(cache.observe(at: at(100)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(109)).jobs.first?.state == .pending)
        // A place is found after all, and lost: patience begins anew.
        try cache.pods.take(event: event("MODIFIED", try pod("p", #"{"phase": "Pending"}"#)))
        #expect(cache.observe(at: at(110)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(500)).jobs.first?.state == .pending)
        try cache.pods.take(event: event("MODIFIED", try pod("p", unschedulable, node: nil)))
        #expect(cache.observe(at: at(501)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(510)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(511)).jobs.first?.state == .refused)
        // It may still come: whether it goes is for who knows the quorum.
        #expect(cache.burials(at: at(512)).isEmpty)
        // Who wants it to go, and does not get through, is heard later.
        _ = cache.end("p")
        #expect(cache.burials(at: at(513)).map(\.state) == [.refused])
        try cache.pods.take(event: event("DELETED", try pod("p", unschedulable, node: nil)))
        #expect(cache.observe(at: at(514)).jobs.isEmpty)
    }

    @Test func aSchedulerThatDoesNotLook() throws {
        var cache = try cache([try pod("p", #"{"phase": "Pending"}"#, node: nil)])
        #expect(cache.observe(at: at(100)).jobs.first?.state == .pending)
        #expect(cache.observe(at: at(129)).jobs.first?.state == .pending)
        let seen = cache.observe(at: at(130)).jobs.first
        #expect(seen?.state == .refused && seen?.reason == "no scheduler has looked at it")
    }

    @Test func whatRunsAgainIsNotBuried() throws {
        let status = #"{"phase": "Running", "containerStatuses": [\#(Self.crashed("worker"))]}"#
        var cache = try cache([try pod("a", status, uid: "a"), try pod("b", status, uid: "b")])
        // Not before the controller knows.
        #expect(cache.burials(at: at(1)).isEmpty)
        #expect(cache.observe(at: at(1)).jobs.map(\.state) == [.ended, .ended])
        try cache.pods.take(
            event: event(
                "MODIFIED",
                try pod("a", #"{"phase": "Running", "containerStatuses": [\#(Self.worker)]}"#, uid: "a")))
        #expect(cache.burials(at: at(2)).map(\.id) == ["b"])
        #expect(cache.observe(at: at(2)).jobs.map(\.state) == [.running, .ended])
        // One that is told to end by now is not told again, and leaves nothing behind.
        _ = cache.end("b")
        let leaving = try pod("b", status, uid: "b", metadata: leaves)
        try cache.pods.take(event: event("MODIFIED", leaving))
        #expect(cache.burials(at: at(3)).isEmpty)
        try cache.pods.take(event: event("DELETED", leaving))
        #expect(cache.observe(at: at(4)).jobs.map(\.id) == ["a"])
    }

    @Test func aRefusedPodThatCannotRunAnyMoreGoes() throws {
        var cache = try cache([try pod("p", #"{"phase": "Failed", "reason": "Evicted"}"#)])
        #expect(cache.observe(at: at(1)).jobs.map(\.state) == [.refused])
        #expect(cache.burials(at: at(2)).map(\.id) == ["p"])
    }

    private let leaves = #", "deletionTimestamp": "2030-01-01T00:00:00Z""#

    @Test(arguments: ["Running", "Succeeded", "Failed"])
    func disruptionIsARefusal(_ phase: String) throws {
        var cache = try cache([try pod()])
        #expect(cache.observe(at: at(0)).jobs.map(\.state) == [.running])
        let status = #"{"phase": "\#(phase)", \#(Self.disrupted)}"#
        try cache.pods.take(event: event("MODIFIED", try pod("faultline--w1-1", status, metadata: leaves)))
        let going = cache.observe(at: at(1)).jobs
        #expect(going.map(\.state) == [phase == "Running" ? .stopping : .refused])
        #expect(going.map(\.reason) == ["PreemptionByScheduler"])
        // Somebody else deletes it.
        #expect(cache.burials(at: at(2)).isEmpty)
        try cache.pods.take(event: event("DELETED", try pod("faultline--w1-1", status, metadata: leaves)))
        for time in [3.0, 62] {
            let gone = cache.observe(at: at(time)).jobs
            #expect(gone.map(\.state) == [.refused] && gone.map(\.reason) == ["PreemptionByScheduler"])
        }
        #expect(cache.observe(at: at(63)).jobs.isEmpty)
    }

    @Test func aRefusalThatWasDealtWithIsForgotten() throws {
        let status = #"{"phase": "Running", \#(Self.disrupted)}"#
        var cache = try cache([try pod("faultline--w1-1", status)])
        try cache.pods.take(event: event("DELETED", try pod("faultline--w1-1", status, metadata: leaves)))
        #expect(cache.observe(at: at(1)).jobs.map(\.state) == [.refused])
        #expect(cache.end("faultline--w1-1") == nil)
        #expect(cache.observe(at: at(2)).jobs.isEmpty)
    }

    @Test func whatSomebodyDeletesIsSimplyGone() throws {
        for phase in ["Running", "Succeeded", "Failed"] {
            var cache = try cache([try pod()])
            let leaving = try pod("faultline--w1-1", #"{"phase": "\#(phase)"}"#, metadata: leaves)
            try cache.pods.take(event: event("MODIFIED", leaving))
            #expect(cache.observe(at: at(1)).jobs.map(\.state) == [.stopping])
            try cache.pods.take(event: event("DELETED", leaving))
            #expect(cache.observe(at: at(2)).jobs.isEmpty)
        }
        // What had ended before says how.
        var cache = try cache([try pod("p", #"{"phase": "Failed"}"#)])
        try cache.pods.take(event: event("DELETED", try pod("p", #"{"phase": "Failed"}"#)))
        #expect(cache.observe(at: at(2)).jobs.map(\.state) == [.ended])
    }

    @Test func whatTheControllerEndsIsNoRefusal() throws {
        var cache = try cache([try pod()])
        #expect(cache.end("faultline--w1-1") == "u1")
        let status = #"{"phase": "Succeeded", \#(Self.disrupted)}"#
        try cache.pods.take(event: event("DELETED", try pod("faultline--w1-1", status, metadata: leaves)))
        #expect(cache.observe(at: at(1)).jobs.isEmpty)
    }

    @Test func whatIsRememberedIsBounded() throws {
        var cache = try cache([])
        let status = #"{"phase": "Running", \#(Self.disrupted)}"#
        for index in 0..<1_100 {
            let one = try pod("p\(index)", status, uid: "u\(index)")
            try cache.pods.take(event: event("ADDED", one))
            try cache.pods.take(event: event("DELETED", one))
        }
        let seen = cache.observe(at: at(1)).jobs.map(\.id)
        #expect(seen.count == 1_000 && seen.first == "p100" && seen.last == "p1099")
    }

    @Test func answersAndTheWatchInEitherOrder() throws {
        let made = bytes(try pod())
        var first = try cache([])
        first.note(made, isNew: true, at: .zero)
        #expect(first.observe(at: .zero).jobs.count == 1)
        // The watch was faster: the pod came and went.
        var second = try cache([])
        try second.pods.take(event: event("ADDED", try pod()))
        try second.pods.take(event: event("DELETED", try pod()))
        second.note(made, isNew: true, at: .zero)
        #expect(second.observe(at: .zero).jobs.isEmpty)
        // What was told to end is another's by now.
        var third = try cache([try pod(uid: "u2")])
        third.note(bytes(try pod(metadata: leaves)), isNew: false, at: .zero)
        #expect(third.observe(at: .zero).jobs.first?.state == .running)
        third.note(Array("nonsense".utf8), isNew: true, at: .zero)
        #expect(third.observe(at: .zero).jobs.count == 1)
    }
}
