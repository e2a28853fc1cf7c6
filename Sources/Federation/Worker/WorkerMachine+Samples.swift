import Platform

/// Entities whose samples another worker of the domain has.
extension WorkerMachine {
    /// What it can serve of what it was given: what it reaches by itself, and what it has a copy of.
    private func reachable(_ entities: [String]) -> [String] {
        entities.filter { ownEntities.contains($0) || mirrored.contains($0) }
    }

    mutating func adoptSamples(_ new: Assignment, _ directives: inout [WorkerDirective]) {
        directives.append(.allow(falseAlarmsPerDay: new.falseAlarmsPerDay))
        grant(new.grants, &directives)
        if sources != new.sources {
            sources = new.sources
            directives.append(.mirror(sources))
        }
        serveReachable(&directives)
    }

    mutating func grant(_ new: [SampleGrant], _ directives: inout [WorkerDirective]) {
        guard grants != new else { return }
        grants = new
        directives.append(.grant(new))
    }

    private mutating func serveReachable(_ directives: inout [WorkerDirective]) {
        guard let assignment else { return }
        let served = reachable(assignment.entities)
        guard entities != served else { return }
        entities = served
        directives.append(.serve(entities: served))
    }

    mutating func mirrors(_ copies: [String], at now: Instant, _ directives: inout [WorkerDirective]) {
        guard mirrored != Set(copies) else { return }
        mirrored = Set(copies)
        registration.mirrored = copies.sorted()
        registration.revision += 1
        serveReachable(&directives)
        pursuePlan(at: now, &directives)
    }

    /// The entities to work on for a plan; `nil` while it is worth waiting for copies: for half of the time that the
    /// plan had when it was first seen. Then the work is done with what is there, and stays so for that attempt.
    mutating func entitiesToWorkOn(_ plan: RoundPlan, at now: Instant) -> [String]? {
        guard let assignment else { return nil }
        if patience?.round != plan.round || patience?.attempt != plan.attempt { patience = nil }
        if let begun = patience?.entities { return begun }
        guard entities != assignment.entities else {
            patience = nil
            return entities
        }
        var waiting =
            patience
            ?? Patience(
                round: plan.round, attempt: plan.attempt,
                until: now + .milliseconds(Int64(plan.remainingMilliseconds) / 2))
        if now >= waiting.until { waiting.entities = entities }
        patience = waiting
        return waiting.entities
    }
}
