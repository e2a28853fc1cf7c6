package import Platform

extension EngineReconciler {
    /// - Parameter lease: what the federation says of the worker; `nil` while it is not to be asked.
    mutating func look(
        _ name: String, _ jobs: [EngineJob], _ lease: EngineWish.Worker??, isReady: Bool, at now: Instant
    ) {
        guard !jobs.isEmpty || memories[name]?.isAwake ?? false else { return }
        var memory = memories[name] ?? Memory()
        if let newest = jobs.map(\.request.generation).max() {
            memory.generation = max(memory.generation, newest)
        }
        if let asked = memory.asked {
            if jobs.contains(where: { $0.request.generation >= asked.generation }) {
                memory.asked = nil
            } else if now - asked.at >= settings.sight {
                memory.asked = nil
                Self.fail(&memory, "the engine does not show what was asked for", settings, at: now)
            }
        }
        if let told = memory.told {
            let job = jobs.first { $0.id == told.id && $0.state.isLiving }
            // One that is still there as if nothing had been said: it is looked at as if nothing had been.
            if job == nil || (job?.state != .stopping && now - told.at >= settings.sight) {
                memory.told = nil
            }
        }
        for job in jobs where job.state == .ended || job.state == .refused {
            // Whether a copy failed or was turned away is known together with the leases.
            if job.state == .ended, lease == nil, began != nil { continue }
            let isNew = memory.looked.insert(job.id).inserted
            // What ended before this process began to look says nothing of what goes on now; a refusal does.
            guard isNew, !memory.ending.contains(job.id) else { continue }
            let reason = job.reason.isEmpty ? "no reason given" : job.reason
            if job.state == .refused {
                memory.refused = (now + settings.refusal, "refused by the engine: \(reason)")
            } else if let worker = lease ?? nil, worker.hasLease,
                worker.isFenced || memory.isOlders(worker.leaseEpoch, than: job)
            {
                // It was turned away: the lease is one that it did not have.
                memory.isFenced = true
            } else if began != nil {
                Self.fail(&memory, reason, settings, at: now)
            }
        }
        let ids = Set(jobs.map(\.id))
        memory.looked.formIntersection(ids)
        memory.ending.formIntersection(ids)
        // For a node that is away the queue is not to blame.
        memory.waiting = isReady ? Self.since(memory.waiting, jobs, .pending, at: now) : nil
        memory.running = Self.since(memory.running, jobs, .running, at: now)
        lookForLostPlace(&memory, jobs, isReady: isReady, at: now)
        let ending = jobs.filter { $0.state == .stopping }.map { ($0.id, memory.stopping[$0.id] ?? now) }
        memory.stopping = Dictionary(ending) { first, _ in first }
        if let lease {
            let isHeld = lease?.hasLease ?? false
            if !isHeld || jobs.contains(where: \.state.isLiving) { memory.isFenced = false }
            if !isHeld { memory.lease = nil }
        }
        if let running = memory.running, now - running.since >= settings.recovery {
            memory.failures = 0
        }
        if let refused = memory.refused, now >= refused.until { memory.refused = nil }
        memories[name] = memory
    }

    /// A copy that ran, and waits in the queue of an engine whose node is there, was preempted: placement hears of it at once. It
    /// goes on waiting where nobody else could be in its place. What a node that was away leaves behind is no such copy.
    private func lookForLostPlace(
        _ memory: inout Memory, _ jobs: [EngineJob], isReady: Bool, at now: Instant
    ) {
        if let ran = memory.ran, isReady,
            let job = jobs.first(where: { $0.id == ran && $0.state == .pending && $0.isQueued }),
            !memory.ending.contains(ran)
        {
            let reason = job.reason.isEmpty ? "" : ": \(job.reason)"
            memory.refused = (now + settings.refusal, "preempted by the engine\(reason)")
            memory.ran = nil
        }
        if let running = memory.running { memory.ran = running.id }
        if let ran = memory.ran, !isReady || !jobs.contains(where: { $0.id == ran }) { memory.ran = nil }
    }

    /// Since when the newest job of a state has been in it.
    private static func since(
        _ before: (id: String, since: Instant)?, _ jobs: [EngineJob], _ state: EngineJob.State,
        at now: Instant
    ) -> (id: String, since: Instant)? {
        guard let job = jobs.filter({ $0.state == state }).min(by: isNewer) else { return nil }
        return before?.id == job.id ? before : (job.id, now)
    }

    private static func fail(
        _ memory: inout Memory, _ why: String, _ settings: Settings, at now: Instant
    ) {
        memory.failures += 1
        memory.failure = why
        let wait = settings.backOff * (1 << min(memory.failures - 1, 16))
        memory.notBefore = now + min(wait, settings.longestBackOff)
    }

    /// Something does not want a copy on the node of a worker: placement does without it for a while.
    mutating func refuse(_ name: String, _ reason: String, at now: Instant) {
        memories[name, default: Memory()].refused = (now + settings.refusal, reason)
    }

    /// The federation does not let a worker in: its node hosts nothing for a while.
    package mutating func refused(_ request: EngineJobRequest, _ reason: String, at now: Instant) {
        withdraw(.start(request))
        refuse(request.worker, "refused by the federation: \(reason)", at: now)
    }

    /// Something was not asked after all: it is as if it had not been said, and no failure.
    package mutating func withdraw(_ directive: EngineDirective) {
        let name = directive.worker
        switch directive {
        case .start(let request):
            guard memories[name]?.asked?.generation == request.generation else { return }
            memories[name]?.asked = nil
        case .stop(let job, _):
            guard let told = memories[name]?.told, told.id == job.id else { return }
            memories[name]?.told = nil
            if told.isFirst { memories[name]?.ending.remove(job.id) }
        }
        held[name] = "waits for the next look"
    }

    /// What the adapter said to a start: a refusal is known at once, and whatever else went wrong is tried again later.
    package mutating func failed(_ request: EngineJobRequest, _ error: EngineError, at now: Instant) {
        var memory = memories[request.worker] ?? Memory()
        if memory.asked?.generation == request.generation, error.code != .unavailable {
            memory.asked = nil
        }
        switch error.code {
        case .refused: memory.refused = (now + settings.refusal, "refused by the engine: \(error.text)")
        // It may have been heard: what was asked for is waited for.
        case .unavailable: break
        case .unreadable, .configuration: Self.fail(&memory, error.text, settings, at: now)
        }
        memories[request.worker] = memory
    }
}
