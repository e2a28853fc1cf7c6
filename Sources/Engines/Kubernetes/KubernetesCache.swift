package import Platform

/// What is known of a cluster: its nodes, the pods of the federation, and what of it the controller was told. A value.
package struct KubernetesCache: Sendable {
    /// The nodes.
    package var nodes: KubernetesStore<EngineNode>
    /// The pods of this federation.
    package var pods: KubernetesStore<KubernetesPod>

    private let patience: Duration
    /// Since when the scheduler has no place, by pod.
    private var waiting: [String: Instant] = [:]
    /// Pods that ended or were refused, by uid, since when the controller knows it.
    private var told: [String: Instant] = [:]
    /// The same whose pods are gone, for a while.
    private var buried: [(job: EngineJob, at: Instant)] = []
    /// Pods that went, the latest: an answer about one may come later than the watch.
    private var departed: [String] = []

    /// How long the controller sees what ended after its pod is gone.
    private static let memory: Duration = .seconds(60)
    private static let mostDeparted = 1_000

    /// Nothing yet.
    ///
    /// - Parameter limit: most nodes, and most pods, that are kept.
    package init(_ settings: KubernetesSettings, limit: Int = 20_000) {
        patience = .seconds(settings.patienceSeconds)
        let reader = KubernetesNode(settings: settings)
        nodes = KubernetesStore(kind: "nodes", limit: limit) { reader.read($0) }
        pods = KubernetesStore(kind: "pods", limit: limit) { KubernetesPod($0) }
    }

    /// Whether there were whole lists of both.
    package var isComplete: Bool { nodes.isComplete && pods.isComplete }
    /// Grows with each change.
    package var changes: UInt64 { nodes.changes &+ pods.changes }

    /// The API server answered with a pod that it made, or was told to end.
    package mutating func note(_ bytes: [UInt8], isNew: Bool) {
        guard let document = try? KubernetesDocument(bytes, of: "pod"), document["kind"].text == "Pod",
            let pod = KubernetesPod(document)
        else { return }
        let known = pods.items[pod.job.id]
        // The watch is as fast, and may have said more by now.
        followDepartures()
        guard isNew ? known == nil && !departed.contains(pod.uid) : known?.uid == pod.uid else { return }
        pods.put(pod.job.id, pod)
    }

    private mutating func followDepartures() {
        departed += pods.takeGone().map(\.uid)
        if departed.count > Self.mostDeparted { departed.removeFirst(departed.count - Self.mostDeparted) }
    }

    /// What the controller sees now.
    package mutating func observe(at now: Instant) -> EngineObservation {
        followDepartures()
        var jobs: [EngineJob] = []
        var (stillWaiting, stillTold): ([String: Instant], [String: Instant]) = ([:], [:])
        for (_, pod) in pods.items.sorted(by: { $0.key < $1.key }) {
            var job = pod.job
            if pod.isUnschedulable {
                let since = waiting[pod.uid] ?? now
                stillWaiting[pod.uid] = since
                if now - since >= patience { job.state = .refused }
            }
            if job.state == .refused || job.state == .ended { stillTold[pod.uid] = told[pod.uid] ?? now }
            jobs.append(job)
        }
        buried.removeAll { now - $0.at >= Self.memory }
        let present = Set(jobs.map(\.id))
        jobs += buried.map(\.job).filter { !present.contains($0.id) }
        (waiting, told) = (stillWaiting, stillTold)
        return EngineObservation(nodes: nodes.items.values.sorted { $0.name < $1.name }, jobs: jobs)
    }

    /// Pods that the controller was told to have ended, or to be refused, at an earlier observation: they are to go, so that what is
    /// refused does not start after all. They stay known for a while.
    package mutating func burials(at now: Instant) -> [EngineJob] {
        var jobs: [EngineJob] = []
        for (name, pod) in pods.items.sorted(by: { $0.key < $1.key }) {
            guard let since = told[pod.uid], since < now else { continue }
            var job = pod.job
            if pod.isUnschedulable { job.state = .refused }
            jobs.append(job)
            if !buried.contains(where: { $0.job.id == name }) { buried.append((job, now)) }
        }
        return jobs
    }

    /// The uid of a pod, so that only this one is ended.
    func uid(of name: String) -> String? { pods.items[name]?.uid }
}
