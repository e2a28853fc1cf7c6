import Platform

/// What counts of a pod of this federation.
package struct KubernetesPod: Equatable, Sendable {
    /// Tells it from an earlier one of the same name.
    package var uid: String
    /// What it is as a job; its state is that of the pod alone, without patience.
    package var job: EngineJob
    /// What keeps it from a node; `nil` where it has one, or needs none any more.
    var delay: Delay?
    /// Whether somebody deletes it.
    var isLeaving: Bool
    /// Whether its containers have ended for good.
    var isOver: Bool
    /// Why the cluster takes its place away; `nil` where it does not.
    var disruption: String?

    /// What a pod without a node waits for.
    enum Delay: Equatable, Sendable {
        /// The scheduler has not looked at it.
        case unseen
        /// The scheduler found no place for it.
        case noPlace
    }

    /// Names of labels and annotations that say what was asked for.
    enum Key {
        static let worker = "faultline/worker"
        static let node = "faultline/node"
        static let role = "faultline/role"
        static let generation = "faultline/generation"
    }

    /// The name of the worker's own container; a pod may have others.
    static let container = "worker"

    /// What waits for something that does not come by itself.
    private static let hopeless: Set<String> = [
        "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "CreateContainerConfigError",
        "CreateContainerError",
    ]
    /// What a failed pod says where it was not its worker that failed: a kubelet or the cluster did not let it run.
    private static let refusals: Set<String> = [
        "Evicted", "Preempting", "Preempted", "NodeAffinity", "NodeLost", "NodeShutdown", "Shutdown", "Terminated",
        "UnexpectedAdmissionError", "MatchNodeSelector", "HostPortConflict", "InsufficientResourceError",
    ]

    /// A pod of the API server; `nil` where it does not say which copy of which worker it is.
    init?(_ document: KubernetesDocument) {
        let metadata = document["metadata"]
        let annotations = metadata["annotations"]
        guard let name = metadata["name"].text, let uid = metadata["uid"].text, !name.isEmpty,
            let worker = annotations[Key.worker].text, let node = annotations[Key.node].text,
            let role = annotations[Key.role].text.flatMap({ EngineRole(rawValue: $0) }),
            let generation = annotations[Key.generation].text.flatMap({ UInt64($0) }),
            NameRule.flaw(in: worker, limit: NameRule.longestPart) == nil,
            NameRule.flaw(in: node, limit: NameRule.longestPart) == nil
        else { return nil }
        self.uid = uid
        isLeaving = metadata["deletionTimestamp"].exists
        isOver = ["Succeeded", "Failed"].contains(document["status", "phase"].words)
        let target = document.condition("DisruptionTarget")
        let words = KubernetesDocument.line(target["reason"].words, target["message"].words)
        disruption = target["status"].text == "True" ? (words.isEmpty ? "disrupted" : words) : nil
        let request = EngineJobRequest(worker: worker, node: node, role: role, generation: generation)
        job = EngineJob(id: name, request: request, state: .pending)
        (job.state, job.reason) = state(document)
        guard job.state == .pending, !document["spec", "nodeName"].exists else { return }
        let scheduled = document.condition("PodScheduled")
        switch scheduled["status"].text {
        case "True"?: break
        case "False"?:
            delay = .noPlace
            job.reason = KubernetesDocument.line(scheduled["reason"].words, scheduled["message"].words)
        default:
            delay = .unseen
            job.reason = "no scheduler has looked at it"
        }
    }

    /// How it is: what ends or takes away the whole pod first, then its containers.
    private func state(_ document: KubernetesDocument) -> (EngineJob.State, String) {
        let status = document["status"]
        let said = KubernetesDocument.line(status["reason"].words, status["message"].words)
        let phase = status["phase"].text
        // Disrupted, it may have ended well, or not.
        if let disruption, isOver { return (.refused, disruption) }
        if phase == "Failed" {
            let reason = status["reason"].words
            if Self.refusals.contains(reason) || reason.hasPrefix("OutOf") { return (.refused, said) }
        }
        // How a worker ends that somebody tells to end says nothing against it.
        if isLeaving { return (.stopping, disruption ?? said) }
        let worker = status["containerStatuses"].elements.first { $0["name"].text == Self.container }
        if isOver {
            let end = worker.flatMap { Self.exit($0) } ?? (phase == "Failed" ? "Failed" : "Completed")
            return (.ended, said.isEmpty ? end : said)
        }
        // Beside a worker that runs others may fail, and the phase may be that of theirs.
        if let worker, worker["state", "running"].exists { return (.running, said) }
        if let trouble = Self.trouble(status, worker) { return trouble }
        return (phase == "Pending" || phase == nil ? .pending : .running, said)
    }

    /// What keeps the worker from running: those that come before it, as long as they are not done, or its own container.
    private static func trouble(
        _ status: KubernetesDocument, _ worker: KubernetesDocument?
    ) -> (EngineJob.State, String)? {
        let waits = worker?["state", "waiting", "reason"].text
        let isFirst = worker == nil || waits == "PodInitializing"
        for container in (isFirst ? status["initContainerStatuses"].elements : []) + (worker.map { [$0] } ?? []) {
            let waiting = container["state", "waiting"]
            guard let reason = waiting["reason"].text else { continue }
            if hopeless.contains(reason) {
                return (.refused, KubernetesDocument.line(reason, waiting["message"].words))
            }
            // The kubelet starts it again and again: after a few times that is left to those who can choose another node.
            if reason == "CrashLoopBackOff", container["restartCount"].whole ?? 0 >= 3 {
                return (.ended, KubernetesDocument.line(reason, exit(container) ?? ""))
            }
        }
        return nil
    }

    /// How a container ended that did.
    private static func exit(_ container: KubernetesDocument) -> String? {
        for state in ["state", "lastState"] {
            let ended = container[state, "terminated"]
            guard ended.exists else { continue }
            let code = ended["exitCode"].whole.map { "exit status \($0)" } ?? ""
            return KubernetesDocument.line(ended["reason"].words, code)
        }
        return nil
    }
}
