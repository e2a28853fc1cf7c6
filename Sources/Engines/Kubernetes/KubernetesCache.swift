package import Platform

/// What is known of a cluster: its nodes, the pods of the federation, and what of it the controller was told. A value.
package struct KubernetesCache: Sendable {
    /// The nodes.
    package var nodes: KubernetesStore<EngineNode>
    /// The pods of this federation.
    package var pods: KubernetesStore<KubernetesPod>

    private let patience: Duration
    /// Since when a pod has no node, and what for, by uid.
    private var waiting: [String: (delay: KubernetesPod.Delay, since: Instant)] = [:]
    /// Pods that ended or were refused, as the controller was told at the last look, by uid.
    private var told: Set<String> = []
    /// Pods that the controller ends, by uid: that they go says nothing of the cluster.
    private var ending: Set<String> = []
    /// What the controller is to hear of pods that are gone, for a while; the latest last.
    private var remembered: [(job: EngineJob, at: Instant)] = []
    /// Pods that went, the latest last: an answer about one may come later than the watch.
    private var departed: [String] = []

    /// How long what became of a pod is told after it is gone.
    private static let memory: Duration = .seconds(60)
    private static let mostRemembered = 1_000
    /// How much longer than for a place a pod waits for the scheduler's first look: another may have to take over.
    private static let unseenFactor = 3

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
    package mutating func note(_ bytes: [UInt8], isNew: Bool, at now: Instant) {
        guard let document = try? KubernetesDocument(bytes, of: "pod"), document["kind"].text == "Pod",
            let pod = KubernetesPod(document)
        else { return }
        let known = pods.items[pod.job.id]
        // The watch is as fast, and may have said more by now.
        followDepartures(at: now)
        guard isNew ? known == nil && !departed.contains(pod.uid) : known?.uid == pod.uid else { return }
        pods.put(pod.job.id, pod)
    }

    private mutating func followDepartures(at now: Instant) {
        for pod in pods.takeGone() {
            departed.append(pod.uid)
            if ending.remove(pod.uid) != nil { continue }
            var job = pod.job
            if let disruption = pod.disruption { (job.state, job.reason) = (.refused, disruption) }
            // Of one that somebody else deleted there is nothing to say: it is gone.
            if job.state == .refused || job.state == .ended { remembered.append((job, now)) }
        }
        departed.removeFirst(max(0, departed.count - Self.mostRemembered))
        remembered.removeAll { now - $0.at >= Self.memory }
        remembered.removeFirst(max(0, remembered.count - Self.mostRemembered))
    }

    /// A pod as a job now, patience with the scheduler included.
    private func job(_ pod: KubernetesPod, at now: Instant) -> EngineJob {
        var job = pod.job
        guard let delay = pod.delay, let wait = waiting[pod.uid], wait.delay == delay else { return job }
        let patience = delay == .unseen ? patience * Self.unseenFactor : patience
        if now - wait.since >= patience { job.state = .refused }
        return job
    }

    /// What the controller sees now.
    package mutating func observe(at now: Instant) -> EngineObservation {
        followDepartures(at: now)
        let present = pods.items.values.sorted { $0.job.id < $1.job.id }
        waiting = Dictionary(
            present.compactMap { pod in
                guard let delay = pod.delay else { return nil }
                if let wait = waiting[pod.uid], wait.delay == delay { return (pod.uid, wait) }
                return (pod.uid, (delay, now))
            }
        ) { $1 }
        var jobs = present.map { job($0, at: now) }
        told = Set(zip(present, jobs).filter { $1.state == .refused || $1.state == .ended }.map(\.0.uid))
        ending.formIntersection(present.map(\.uid))
        let names = Set(jobs.map(\.id))
        jobs += remembered.map(\.job).filter { !names.contains($0.id) }
        return EngineObservation(nodes: nodes.items.values.sorted { $0.name < $1.name }, jobs: jobs)
    }

    /// Pods that are to go, so that they do not start after all: what the controller was told to have ended, and what it refused
    /// to wait for and could not end. Whether a round can do without one that may still come is the controller's to know.
    package func burials(at now: Instant) -> [EngineJob] {
        pods.items.values.filter { !$0.isLeaving && told.contains($0.uid) }.sorted { $0.job.id < $1.job.id }
            .compactMap { pod in
                let job = job(pod, at: now)
                let isRefused = job.state == .refused && (pod.isOver || ending.contains(pod.uid))
                return job.state == .ended || isRefused ? job : nil
            }
    }

    /// The uid of a pod that the controller ends, so that only this one is ended; `nil` where there is none, and nothing more to
    /// be said of it.
    package mutating func end(_ name: String) -> String? {
        remembered.removeAll { $0.job.id == name }
        guard let uid = uid(of: name) else { return nil }
        ending.insert(uid)
        return uid
    }

    /// The API server does not know a pod any more.
    mutating func lose(_ name: String, uid: String) {
        if self.uid(of: name) == uid { pods.drop(name) }
    }

    /// The uid of a pod.
    func uid(of name: String) -> String? { pods.items[name]?.uid }
}
