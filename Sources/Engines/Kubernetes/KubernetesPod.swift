import Platform

/// What counts of a pod of this federation.
package struct KubernetesPod: Equatable, Sendable {
    /// Tells it from an earlier one of the same name.
    package var uid: String
    /// What it is as a job; its state is that of the pod alone, without patience.
    package var job: EngineJob
    /// The scheduler found no place for it.
    package var isUnschedulable: Bool

    /// Names of labels and annotations that say what was asked for.
    enum Key {
        static let worker = "faultline/worker"
        static let node = "faultline/node"
        static let role = "faultline/role"
        static let generation = "faultline/generation"
    }

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
        let request = EngineJobRequest(worker: worker, node: node, role: role, generation: generation)
        let (state, reason) = Self.state(document)
        self.uid = uid
        job = EngineJob(id: name, request: request, state: state, reason: reason)
        let scheduled = document.condition("PodScheduled")
        isUnschedulable = state == .pending && scheduled["status"].text == "False"
        if isUnschedulable {
            job.reason = KubernetesDocument.line(scheduled["reason"].words, scheduled["message"].words)
        }
    }

    private static func state(_ document: KubernetesDocument) -> (EngineJob.State, String) {
        let status = document["status"]
        let said = KubernetesDocument.line(status["reason"].words, status["message"].words)
        let disruption = document.condition("DisruptionTarget")
        let isDisrupted = disruption["status"].text == "True"
        let taken = KubernetesDocument.line(disruption["reason"].words, disruption["message"].words)
        let containers = ["initContainerStatuses", "containerStatuses"].flatMap { status[$0].elements }
        switch status["phase"].text {
        case "Succeeded": return (.ended, said.isEmpty ? "Completed" : said)
        case "Failed":
            if isDisrupted { return (.refused, taken) }
            let reason = status["reason"].words
            if refusals.contains(reason) || reason.hasPrefix("OutOf") { return (.refused, said) }
            return (.ended, said.isEmpty ? exit(containers) ?? "Failed" : said)
        default: break
        }
        if document["metadata", "deletionTimestamp"].exists { return (.stopping, isDisrupted ? taken : said) }
        for container in containers {
            let waiting = container["state", "waiting"]
            guard let reason = waiting["reason"].text else { continue }
            if hopeless.contains(reason) {
                return (.refused, KubernetesDocument.line(reason, waiting["message"].words))
            }
            // The kubelet starts it again and again: after a few times that is left to those who can choose another node.
            if reason == "CrashLoopBackOff", container["restartCount"].whole ?? 0 >= 3 {
                return (.ended, KubernetesDocument.line(reason, exit([container]) ?? ""))
            }
        }
        return (status["phase"].text == "Pending" || !status["phase"].exists ? .pending : .running, said)
    }

    /// How a container ended that did.
    private static func exit(_ containers: [KubernetesDocument]) -> String? {
        for container in containers {
            for state in ["state", "lastState"] {
                let ended = container[state, "terminated"]
                guard ended.exists else { continue }
                let code = ended["exitCode"].whole.map { "exit status \($0)" } ?? ""
                return KubernetesDocument.line(ended["reason"].words, code)
            }
        }
        return nil
    }
}
