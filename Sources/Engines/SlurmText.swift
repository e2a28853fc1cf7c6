import Platform

/// What Slurm's commands print, as values. Pure functions of text.
///
/// Columns are asked for by `--format`, separated by `|`, the one that may hold anything last: the JSON of version 22.05 lacks
/// what is needed to tell nodes of a partition, and is a hundred times as long.
package enum SlurmText {
    /// Columns of `squeue`: number, state, nodes, the comment that says what the job is, the name, the reason.
    package static let jobFormat = "%i|%T|%N|%k|%j|%r"
    /// Columns of `sinfo --Node`: name, state, generic resources, reason.
    package static let nodeFormat = "%N|%T|%G|%E"

    /// Makes sure that every line has as many columns as were asked for: with a remark of a wrapper, or of a module system, in it
    /// an answer may not be whole, and what it lacks would be taken for gone.
    ///
    /// - Throws: ``EngineError`` (`unreadable`) with the first line that has not.
    static func check(_ text: String, of command: String, format: String) throws(EngineError) {
        let columns = format.count { $0 == "|" }
        guard let line = lines(text).first(where: { $0.count { $0 == "|" } < columns }) else { return }
        throw EngineError(
            .unreadable,
            "\(command): found the line '\(PrintableText.line(String(line), limit: 80))', expected \(columns + 1) columns"
        )
    }

    /// The jobs of a federation among the lines of `squeue`; other lines are passed over, whatever they are.
    package static func jobs(_ text: String, of federation: String) -> [EngineJob] {
        lines(text).compactMap { line in
            let columns = line.split(separator: "|", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
            guard columns.count == 6, !columns[0].isEmpty, columns[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let request = SlurmLabel(comment: columns[3])?.request,
                columns[4] == SlurmLabel.jobName(federation: federation, worker: request.worker),
                // Every copy is asked for on one node: on another runs what somebody submitted by hand.
                columns[2].isEmpty || columns[2] == request.node
            else { return nil }
            let (state, reason) = state(columns[1], reason: columns[5])
            return EngineJob(
                id: columns[0], request: request, state: state, reason: reason, isWaking: columns[1] == "CONFIGURING",
                isQueued: ["PENDING", "REQUEUED"].contains(columns[1]))
        }
    }

    /// What a state of Slurm means here, and why.
    package static func state(_ word: String, reason: String) -> (EngineJob.State, reason: String) {
        let said = ["None", "none", "(null)", ""].contains(reason) ? "" : PrintableText.line(reason, limit: 200)
        switch word {
        case "RUNNING", "SIGNALING", "STAGE_OUT", "RESIZING": return (.running, "")
        case "COMPLETING": return (.stopping, said)
        case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED":
            return isFinal(said) ? (.refused, said) : (.pending, said)
        case "SUSPENDED", "STOPPED", "PREEMPTED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD":
            return (.refused, word.lowercased() + (said.isEmpty ? "" : ": \(said)"))
        default: return (.ended, word.lowercased() + (said.isEmpty ? "" : ": \(said)"))
        }
    }

    /// Whether a job waits for what does not come by itself.
    private static func isFinal(_ reason: String) -> Bool {
        let words = reason.prefix { $0 != "," && $0 != ":" && $0 != " " }
        return [
            "BadConstraints", "JobHeldAdmin", "JobHeldUser", "PartitionDown", "PartitionInactive", "PartitionNodeLimit",
            "PartitionTimeLimit", "AccountNotAllowed", "QOSNotAllowed", "InvalidAccount", "InvalidQOS",
            "JobLaunchFailure", "NodeDown",
        ].contains { $0 == words }
            || reason.hasPrefix("launch failed") || words.hasPrefix("Assoc") || words.hasPrefix("QOSMax")
            // "job requeued in held state", "job requeued in special exit state", "prolog failed: job held"
            || reason.hasPrefix("job requeued in") || reason.hasSuffix(" held")
    }

    /// The nodes among the lines of `sinfo --Node`, each once, by name. One that several partitions have is as ready as in the
    /// first of them.
    ///
    /// - Parameters:
    ///   - accelerator: the kind of generic resource that counts, as `gpu` or `gpu:tesla`.
    ///   - isReserved: whether they are the nodes of a reservation that jobs ask for.
    package static func nodes(_ text: String, accelerator: String, isReserved: Bool = false) -> [EngineNode] {
        var nodes: [String: EngineNode] = [:]
        for line in lines(text) {
            let columns = line.split(separator: "|", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard columns.count == 4, !columns[0].isEmpty, nodes[columns[0]] == nil else { continue }
            let state = nodeState(columns[1], isReserved: isReserved)
            let said = ["none", "None", ""].contains(columns[3]) ? "" : PrintableText.line(columns[3], limit: 200)
            let reason = said.isEmpty ? columns[1] : "\(columns[1]): \(said)"
            nodes[columns[0]] = EngineNode(
                columns[0], state: state, accelerators: count(of: accelerator, in: columns[2]),
                reason: state == .ready ? "" : reason)
        }
        return nodes.values.sorted { $0.name < $1.name }
    }

    /// What a node's state means here (sinfo(1), 22.05 to 24.05). Marks at its end: `*` does not answer; `~` is powered down, and
    /// `#` powers up: a job wakes it; `!` and `%` are about to be powered down, `@` and `^` about to reboot; `$` is in a reservation
    /// for maintenance; `-` is planned for a job of higher priority.
    static func nodeState(_ word: String, isReserved: Bool) -> EngineNode.State {
        let marks = word.drop { $0.isLetter || $0 == "_" || $0 == "+" }
        let name = word.prefix { $0.isLetter || $0 == "_" || $0 == "+" }.lowercased().prefix { $0 != "+" }
        if marks.contains("*") { return .gone }
        if marks.contains(where: { "!%@^".contains($0) }) || (marks.contains("$") && !isReserved) {
            return ["down", "unknown", "inval", "future"].contains(name) ? .gone : .draining
        }
        switch name {
        case "idle", "mixed", "allocated", "completing", "planned", "power_up", "powering_up", "powered_down":
            return .ready
        case "maint", "reserved": return isReserved ? .ready : .draining
        case "draining", "drained", "drain", "fail", "failing", "blocked", "perfctrs", "power_down", "powering_down",
            "reboot", "reboot_issued", "reboot_requested":
            return .draining
        default: return .gone
        }
    }

    /// The nodes of a reservation, as `scontrol --oneliner show reservation` has them: a list that `sinfo --nodes` takes. `nil` where
    /// there are none.
    package static func reservedNodes(_ text: String) -> String? {
        for word in text.split(whereSeparator: \.isWhitespace) where word.hasPrefix("Nodes=") {
            let nodes = word.dropFirst("Nodes=".count)
            return nodes.isEmpty || nodes == "(null)" ? nil : String(nodes)
        }
        return nil
    }

    /// How many of a kind `gpu:tesla:2(S:0-1),mps:100` has.
    package static func count(of kind: String, in resources: String) -> Int {
        guard !kind.isEmpty else { return 0 }
        var total = 0
        for part in resources.split(separator: ",") {
            let text = part.prefix { $0 != "(" }
            guard text == kind || text.hasPrefix(kind + ":") else { continue }
            // Without a number it is one.
            let last = text.split(separator: ":").last.flatMap { Int($0) }
            total = min(total + min(max(last ?? 1, 0), 65_536), 65_536)
        }
        return total
    }

    /// The number that `sbatch --parsable` prints: `17`, or `17;cluster`.
    package static func submitted(_ text: String) -> String? {
        guard let line = lines(text).last else { return nil }
        let number = line.prefix { $0 != ";" }
        return !number.isEmpty && number.utf8.allSatisfy { (0x30...0x39).contains($0) } ? String(number) : nil
    }

    /// What went wrong, from what a command of Slurm says on standard error.
    package static func failure(_ command: String, _ text: String) -> EngineError {
        let line = lines(text).last { $0.contains("error:") } ?? lines(text).last ?? "no reason given"
        let words = line.range(of: "error: ").map { line[$0.upperBound...] } ?? line[...]
        let reason = PrintableText.line(String(words), limit: 300)
        let away = [
            "Unable to contact", "timed out", "Connection", "Zero Bytes", "try again", "temporarily", "slurm_load",
        ]
        let wrong = [
            "unrecognized option", "invalid option", "Authentication", "authentication",
            "Could not establish a configuration",
        ]
        if wrong.contains(where: { text.contains($0) }) { return EngineError(.configuration, "\(command): \(reason)") }
        if away.contains(where: { text.contains($0) }) { return EngineError(.unavailable, "\(command): \(reason)") }
        return EngineError(.refused, reason)
    }

    private static func lines(_ text: String) -> [Substring] {
        text.split(separator: "\n", omittingEmptySubsequences: true)
    }
}

/// What a job of Slurm says of itself: its name says whose it is, and its comment as what it runs. Both survive a restart of
/// slurmctld.
package struct SlurmLabel: Equatable, Sendable {
    /// What was asked for.
    package var request: EngineJobRequest

    /// The label of a request.
    package init(_ request: EngineJobRequest) { self.request = request }

    /// Reads a comment; `nil` for one that somebody else wrote.
    package init?(comment: String) {
        let parts = comment.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "faultline", let generation = UInt64(parts[1]),
            let role = EngineRole(rawValue: String(parts[2])), let node = PercentEncoding.decoded(parts[3]),
            !node.isEmpty,
            let worker = PercentEncoding.decoded(parts[4]), !worker.isEmpty
        else { return nil }
        request = EngineJobRequest(worker: worker, node: node, role: role, generation: generation)
    }

    /// What Slurm keeps with the job.
    package var comment: String {
        "faultline \(request.generation) \(request.role.rawValue) \(PercentEncoding.encoded(request.node)) \(PercentEncoding.encoded(request.worker))"
    }

    /// The name of a worker's jobs: the same for all copies, so that Slurm itself runs one at a time (`singleton`).
    package static func jobName(federation: String, worker: String) -> String {
        "faultline/\(PercentEncoding.encoded(federation))/\(PercentEncoding.encoded(worker))"
    }
}
