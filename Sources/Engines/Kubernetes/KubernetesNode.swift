import Platform

/// What nodes of the API server are to the controller.
struct KubernetesNode: Sendable {
    /// The resource that counts as accelerators.
    let accelerator: String
    /// What pods of workers bear.
    let tolerations: [Toleration]

    /// What a pod bears: a taint of a key, a value and an effect, each of which may be any.
    struct Toleration: Equatable, Sendable {
        var key: String?
        var value: String?
        var effect: String?

        func bears(_ taint: KubernetesDocument) -> Bool {
            (key == nil || key == taint["key"].text) && (value == nil || value == taint["value"].words)
                && (effect == nil || effect == taint["effect"].text)
        }
    }

    init(settings: KubernetesSettings) {
        accelerator = settings.accelerator
        var tolerations: [Toleration] = []
        if case .object(let fields) = settings.pod, case .array(let list)? = fields["tolerations"] {
            for case .object(let one) in list {
                func text(_ name: String) -> String? {
                    if case .string(let text)? = one[name], !text.isEmpty { text } else { nil }
                }
                let value = text("operator") == "Exists" ? nil : text("value") ?? ""
                tolerations.append(Toleration(key: text("key"), value: value, effect: text("effect")))
            }
        }
        self.tolerations = tolerations
    }

    /// A node; `nil` where it has no name.
    func read(_ document: KubernetesDocument) -> EngineNode? {
        guard let name = document["metadata", "name"].text, NameRule.flaw(in: name, limit: NameRule.longestPart) == nil
        else { return nil }
        let count = document["status", "allocatable", accelerator]
        var node = EngineNode(name, accelerators: max(0, count.whole ?? Int(count.words) ?? 0))
        let ready = document.condition("Ready")
        if ready["status"].text != "True" {
            node.state = .gone
            node.reason = KubernetesDocument.line("NotReady", ready["message"].text ?? ready["reason"].words)
        } else if document["metadata", "deletionTimestamp"].exists {
            (node.state, node.reason) = (.draining, "being deleted")
        } else if document["spec", "unschedulable"].isTrue {
            (node.state, node.reason) = (.draining, "cordoned")
        } else if let taint = document["spec", "taints"].elements.first(where: { isShut($0) }) {
            node.state = .draining
            let value = taint["value"].words
            node.reason = PrintableText.line(
                "taint \(taint["key"].words)\(value.isEmpty ? "" : "=" + value):\(taint["effect"].words)", limit: 300)
        }
        return node
    }

    private func isShut(_ taint: KubernetesDocument) -> Bool {
        guard ["NoSchedule", "NoExecute"].contains(taint["effect"].words) else { return false }
        return !tolerations.contains { $0.bears(taint) }
    }
}
