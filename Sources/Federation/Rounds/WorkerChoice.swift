import Platform

/// Who trains and serves: the outcome of a placement. Workers that are not in it stand by: they keep their leases, and get
/// no plan and no entity that a chosen one can serve.
package struct WorkerChoice: Equatable, Sendable {
    /// The chosen workers.
    package var active: Set<String>
    /// Those of them that may use their accelerators.
    package var accelerated: Set<String>

    /// A choice with every field given.
    package init(active: Set<String>, accelerated: Set<String>) {
        self.active = active
        self.accelerated = accelerated
    }
}

/// Workers of one domain that can serve the same entities, directly or by having the samples sent to them: one of them
/// must be chosen, or those entities are served by a worker that stands by.
package struct ReachGroup: Equatable, Sendable {
    /// The domain.
    package var domain: String
    /// The workers, by name.
    package var workers: Set<String>
    /// How many entities they all reach and nobody else does.
    package var entities: Int
}

extension ServerRoundMachine {
    /// Whether a worker is chosen; all are where nobody has chosen, except those that only offer their samples.
    func isChosen(_ name: String) -> Bool {
        members[name]?.registration.standsBy != true && choice.map { $0.active.contains(name) } ?? true
    }

    /// Whether a worker may use its accelerator; all may where nobody has chosen.
    func mayAccelerate(_ name: String) -> Bool { choice.map { $0.accelerated.contains(name) } ?? true }

    /// Active workers without which no round starts: as configured, but never more than are chosen.
    var neededWorkers: Int {
        max(1, choice.map { min(configuration.minimumWorkers, $0.active.count) } ?? configuration.minimumWorkers)
    }

    /// Contributions without which a round is abandoned: as configured, but never more than workers are chosen.
    var neededContributions: Int {
        max(1, choice.map { min(configuration.quorum, $0.active.count) } ?? configuration.quorum)
    }

    /// Whether entities are on their way from one worker to another because the choice changed.
    var isHandingOver: Bool {
        choice != nil && domains.values.contains { !$0.releasing.isEmpty || $0.bereavedUntil != nil || $0.isDirty }
    }

    /// Whether every entity of a domain that a worker reaches has an owner, or gets one with the next event.
    package func isEveryEntityOwned(inDomain domain: String) -> Bool {
        guard let place = domains[domain], !place.isDirty else { return true }
        let reached = fullReach(inDomain: domain).values.reduce(into: Set<String>()) { $0.formUnion($1) }
        return reached.allSatisfy { place.owners[$0] != nil }
    }

    /// Takes over a choice: at once where no round runs, where a chosen worker is gone or where it is urgent; otherwise
    /// when the round ends.
    mutating func choose(
        _ new: WorkerChoice, isUrgent: Bool, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        nextChoice = new
        let isBroken = choice.map { $0.active.contains { members[$0] == nil } } ?? true
        if case .running = phase, !isUrgent, !isBroken { return }
        takeOverChoice(at: now, &directives)
    }

    /// Makes the choice that waits the one that holds.
    mutating func takeOverChoice(at now: Instant, _ directives: inout [ServerDirective]) {
        guard let next = nextChoice else { return }
        nextChoice = nil
        choice = next
        for domain in domains.keys.sorted() { rebalance(domain: domain, at: now, &directives) }
        announce(at: now, &directives)
    }
}
