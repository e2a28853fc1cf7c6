package import Platform

/// What the controller is to do, or is not doing yet.
package enum EngineDirective: Equatable, Sendable {
    /// Ask the engine for a copy.
    case start(EngineJobRequest)
    /// End a job, and why.
    case stop(EngineJob, String)

    /// The worker that it is about.
    package var worker: String {
        switch self {
        case .start(let request): request.worker
        case .stop(let job, _): job.request.worker
        }
    }
}

/// Makes what an engine runs what a federation wants, one step after the other.
///
/// All that matters is in the observation: a new one, in a new process, goes on where the last one was killed. What it keeps
/// besides only makes it patient: how long a wish has held, what was asked for and is not to be seen yet, what failed how often.
///
/// - A worker has at most one change in flight: what was asked for has to be seen, to fail or to be given up first.
/// - Nothing that runs is ended for a wish that has not held for ``Settings/settle``, while a worker that is wanted starts,
///   or so that fewer workers than a round needs are left: counted are those that run for the engine and are here for the
///   federation, so that it takes two to be wrong.
/// - Of several copies the newest that runs stays, and all of them while a round needs the worker. Jobs of workers that nobody
///   speaks of are never touched.
/// - A federation turns a copy away while an older one has the worker's lease. That is no failure, and nothing is started
///   before that lease is over.
package struct EngineReconciler: Sendable {
    /// What is known of a worker besides what can be seen.
    struct Memory {
        /// What is wanted, and since when.
        var want: EngineWish.Want = .nothing
        var wantedSince: Instant?
        /// The generation that was asked for and has not been seen, and when.
        var asked: (generation: UInt64, at: Instant)?
        /// The job that was told to end, and when it was told last.
        var told: (id: String, at: Instant, isFirst: Bool)?
        /// A round does not count on it before: one of two copies was ended, and the lease may have been that one's.
        var countsFrom = Instant.zero
        /// The newest generation that was seen or asked for.
        var generation: UInt64 = 0
        /// Since when the copy of that name waits, or runs.
        var waiting: (id: String, since: Instant)?
        var running: (id: String, since: Instant)?
        /// The copy that ran last, as long as its node has been there since.
        var ran: String?
        /// Since when copies are ending.
        var stopping: [String: Instant] = [:]
        /// The living lease that was there when a copy was asked for, and that copy's generation.
        var lease: (epoch: UInt64, before: UInt64)?
        /// Whether an older copy, which the engine does not show, has the lease.
        var isFenced = false
        var failures = 0
        var failure = ""
        /// Nothing is started before.
        var notBefore = Instant.zero
        /// Until when the node counts as refusing, and why.
        var refused: (until: Instant, reason: String)?
        /// Ended and refused jobs that were looked at, as long as the engine lists them.
        var looked: Set<String> = []
        /// Jobs that were told to end; that they end is no failure.
        var ending: Set<String> = []

        /// Whether a lease is one that was there before a copy was asked for.
        func isOlders(_ epoch: UInt64?, than job: EngineJob) -> Bool {
            lease.map { $0.epoch == epoch && job.request.generation >= $0.before } ?? false
        }

        /// Whether anything is remembered that time or the engine may change.
        var isAwake: Bool {
            asked != nil || told != nil || waiting != nil || running != nil || ran != nil || refused != nil
                || !looked.isEmpty || !ending.isEmpty || !stopping.isEmpty || isFenced || lease != nil
        }
    }

    /// Why something that is wanted is not done, by worker: for people.
    package internal(set) var held: [String: String] = [:]
    let settings: Settings
    private let epoch: UInt64
    var memories: [String: Memory] = [:]
    /// When it looked first.
    var began: Instant?

    /// Nothing observed yet.
    ///
    /// - Parameter epoch: seconds since 1970 at the instant zero: generations grow with time, so that those of a new process are
    ///   above those of jobs that the engine has forgotten.
    package init(settings: Settings = Settings(), epoch: UInt64) {
        self.settings = settings
        self.epoch = epoch
    }

    /// Whether the engine would run a worker on a node, by what is known; the reason is empty where it would.
    package func canHost(_ worker: String, on node: EngineNode?, at now: Instant) -> (
        Bool, reason: String
    ) {
        guard let node else { return (false, "the engine has no such node") }
        switch node.state {
        case .ready: break
        case .draining: return (false, node.reason.isEmpty ? "draining" : "draining: \(node.reason)")
        case .gone: return (false, node.reason.isEmpty ? "gone" : "gone: \(node.reason)")
        }
        guard let memory = memories[worker] else { return (true, "") }
        if let refused = memory.refused, now < refused.until {
            return (false, refused.reason)
        }
        if let since = memory.stopping.values.min(), now - since >= settings.ending {
            return (false, Self.doesNotEnd)
        }
        if memory.failures > 1, now < memory.notBefore {
            return (false, "failed \(memory.failures) times: \(memory.failure)")
        }
        return (true, "")
    }

    /// What to do now. Where the federation says nothing, nothing is done: what runs goes on.
    ///
    /// - Parameters:
    ///   - wish: what the federation wants; `nil` while it is not to be asked.
    ///   - nodes: the node of each worker.
    package mutating func step(
        _ observation: EngineObservation, _ wish: EngineWish?, nodes: [String: String], at now: Instant
    ) -> [EngineDirective] {
        let engine = Dictionary(observation.nodes.map { ($0.name, $0) }) { first, _ in first }
        var jobs: [String: [EngineJob]] = [:]
        for job in observation.jobs where nodes[job.request.worker] != nil {
            jobs[job.request.worker, default: []].append(job)
        }
        held = [:]
        let leases = wish.map { Dictionary($0.nodes.map { ($0.name, $0) }) { first, _ in first } }
        for worker in Set(jobs.keys).union(memories.keys) {
            let isReady = nodes[worker].flatMap { engine[$0] }?.state == .ready
            look(worker, jobs[worker] ?? [], leases.map { $0[worker] }, isReady: isReady, at: now)
        }
        began = began ?? now
        guard let wish else { return [] }
        // Of most nodes of a large cluster nothing is wanted, and nothing is known.
        let wanted = wish.nodes.filter {
            nodes[$0.name] != nil
                && ($0.wants != .nothing || jobs[$0.name] != nil || memories[$0.name] != nil)
        }.sorted { $0.name < $1.name }
        for worker in wanted
        where memories[worker.name]?.wantedSince == nil || memories[worker.name]?.want != worker.wants {
            memories[worker.name, default: Memory()].want = worker.wants
            memories[worker.name, default: Memory()].wantedSince = now
        }
        var round = Round(minimum: wish.minimumWorkers)
        var views: [View] = []
        for worker in wanted {
            guard let node = nodes[worker.name] else { continue }
            let view = view(worker, node: engine[node], called: node, jobs[worker.name] ?? [], at: now)
            if view.counts { round.running += 1 }
            if isArriving(view, at: now) { round.arriving.insert(worker.name) }
            views.append(view)
        }
        return views.flatMap { directives(for: $0, &round, at: now) }
    }

    // MARK: One worker

    /// What counts for all workers together, within one step.
    private struct Round {
        let minimum: Int
        var running = 0
        var arriving: Set<String> = []
    }

    /// A worker as it is seen.
    private struct View {
        var worker: EngineWish.Worker
        var node: EngineNode?
        var called: String
        /// What is to run there: what is wanted, and nothing that cannot be.
        var role: EngineRole?
        /// The copy that is meant.
        var keep: EngineJob?
        /// Others that have not ended.
        var others: [EngineJob]
        /// Whether a round can count on it.
        var counts: Bool
    }

    private func view(
        _ worker: EngineWish.Worker, node: EngineNode?, called name: String, _ jobs: [EngineJob],
        at now: Instant
    ) -> View {
        let living = jobs.filter { $0.state.isLiving }.sorted(by: Self.isNewer)
        let keep =
            living.first { $0.state == .running }
            ?? living.first { $0.state == .pending }
            ?? living.first { $0.state == .stopping }
        let isGone = node.map { $0.state == .gone } ?? true
        let trains = keep.map { $0.state == .running && $0.request.role != .holder } ?? false
        var role = worker.wants.role
        // What an operator empties keeps its worker until placement has moved the work, and then nothing.
        if node?.state == .draining {
            role = trains && role != .holder && role != nil ? keep?.request.role : nil
        }
        return View(
            worker: worker, node: node, called: name, role: role, keep: keep,
            others: living.filter {
                $0.id != keep?.id && $0.state != .stopping && !isTold($0, worker.name)
            },
            counts: trains && !isGone && worker.isHere && !worker.standsBy && !isOlders(worker, than: keep)
                && memories[worker.name]?.told == nil && (memories[worker.name]?.countsFrom ?? .zero) <= now
        )
    }

    private func isOlders(_ worker: EngineWish.Worker, than keep: EngineJob?) -> Bool {
        guard let memory = memories[worker.name], let keep else { return false }
        return memory.isOlders(worker.leaseEpoch, than: keep)
    }

    /// Whether a round needs the worker, so that none of its copies can be ended: the engine may be wrong about which works.
    private func isNeeded(_ view: View, _ round: Round) -> Bool {
        view.worker.isHere && !view.worker.standsBy && round.running - (view.counts ? 1 : 0) < round.minimum
    }

    /// Whether a further copy can be ended, as far as it goes: one that waits may have begun before the engine says so.
    private func isOver(_ job: EngineJob, _ memory: Memory, at now: Instant) -> Bool {
        guard job.state == .pending else { return true }
        return memory.waiting.map { $0.id == job.id && now - $0.since >= settings.sight } ?? false
    }

    /// What an engine refused is told to end once: it may list it for long.
    private func isTold(_ job: EngineJob, _ worker: String) -> Bool {
        job.state == .refused && (memories[worker]?.ending.contains(job.id) ?? false)
    }

    static func isNewer(_ a: EngineJob, _ b: EngineJob) -> Bool {
        (a.request.generation, a.id) > (b.request.generation, b.id)
    }

    private func isBarred(_ view: View, at now: Instant) -> Bool {
        !canHost(view.worker.name, on: view.node, at: now).0
            || (view.role == .acceleratedWorker && (view.node?.accelerators ?? 0) < 1)
    }

    /// Whether a worker is about to come: others stay until it is here, for a while.
    private func isArriving(_ view: View, at now: Instant) -> Bool {
        guard let role = view.role, role != .holder, !view.counts, !isBarred(view, at: now) else {
            return false
        }
        // It works already, as a copy that the engine does not show.
        if memories[view.worker.name]?.isFenced ?? false { return false }
        guard view.keep?.state == .running, let running = memories[view.worker.name]?.running else {
            return true
        }
        return now - running.since < settings.arrival
    }

    private mutating func directives(for view: View, _ round: inout Round, at now: Instant)
        -> [EngineDirective]
    {
        let name = view.worker.name
        // What is on a node that nobody hears of can neither be started nor ended; it does not count either.
        guard let node = view.node, node.state != .gone else {
            if view.role != nil { held[name] = "node \(view.called): gone" }
            return []
        }
        let memory = memories[name] ?? Memory()
        if memory.told != nil || memory.asked != nil {
            held[name] = memory.asked == nil ? ending(memory, at: now) : "was asked for, and is not to be seen yet"
            return []
        }
        if !view.others.isEmpty, isNeeded(view, round) {
            held[name] =
                "\(view.others.count + 1) copies stay: a round needs \(round.minimum) workers, and nobody knows which works"
            return []
        }
        if let other = view.others.last(where: { isOver($0, memory, at: now) }) {
            // It may be the one that the federation knows: the other then has to come first.
            if other.state == .running {
                if view.counts { round.running -= 1 }
                memories[name, default: Memory()].countsFrom = now + settings.sight * 2
            }
            return [stop(other, other.state == .refused ? "refused" : "another copy runs", name, at: now)]
        }
        if !view.others.isEmpty { return [] }
        guard let keep = view.keep else {
            guard let role = view.role else { return [] }
            return start(role, view, memory, at: now)
        }
        switch keep.state {
        case .pending:
            // It waits, and the worker works: it has begun meanwhile, or an earlier copy goes on somewhere.
            if view.worker.isHere, !view.worker.standsBy, round.running < round.minimum {
                held[name] =
                    "stays: a round needs \(round.minimum) workers and \(round.running) others are here"
                return []
            }
            guard view.role == keep.request.role, keep.request.node == view.called else {
                return [stop(keep, "not wanted any more", name, at: now)]
            }
            let patience = keep.isWaking ? max(settings.waking, settings.patience) : settings.patience
            guard let waiting = memory.waiting, now - waiting.since >= patience else {
                return []
            }
            let reason = keep.reason.isEmpty ? "not started in time" : keep.reason
            refuse(name, "refused by the engine: \(reason)", at: now)
            return [stop(keep, "the engine does not start it", name, at: now)]
        case .running where keep.request.role != view.role || keep.request.node != view.called:
            return change(keep, view, memory, &round, at: now)
        case .stopping:
            held[name] = ending(memory, at: now)
            return []
        default: return []
        }
    }

    private func ending(_ memory: Memory, at now: Instant) -> String {
        let isLate = memory.stopping.values.min().map { now - $0 >= settings.ending } ?? false
        return isLate ? Self.doesNotEnd : "its last copy is to end"
    }

    private static let doesNotEnd = "its last copy does not end"

    /// Something runs as what is not wanted.
    private mutating func change(
        _ keep: EngineJob, _ view: View, _ memory: Memory, _ round: inout Round, at now: Instant
    ) -> [EngineDirective] {
        let name = view.worker.name
        guard now - (memory.wantedSince ?? now) >= settings.settle,
            now - (began ?? now) >= settings.caution
        else {
            held[name] = "the wish is new"
            return []
        }
        // It would not come back.
        if view.role != nil, isBarred(view, at: now) {
            let reason = canHost(name, on: view.node, at: now).reason
            held[name] = "stays: node \(view.called): \(reason.isEmpty ? "no accelerator" : reason)"
            return []
        }
        if keep.request.role != .holder {
            let others = round.arriving.subtracting([name])
            guard others.isEmpty else {
                held[name] = "stays until \(others.sorted().prefix(3).joined(separator: ", ")) is here"
                return []
            }
            if view.counts {
                guard round.running - 1 >= round.minimum else {
                    held[name] = "stays: a round needs \(round.minimum) workers and \(round.running) are here"
                    return []
                }
                round.running -= 1
            } else if view.worker.isHere, !view.worker.standsBy, round.running < round.minimum {
                // One that is not counted on works all the same.
                held[name] = "stays: a round needs \(round.minimum) workers and \(round.running) others are here"
                return []
            }
            // It comes back as something else: the next one waits for it.
            if view.role != nil, view.role != .holder { round.arriving.insert(name) }
        }
        let becomes = view.role.map { "to be \($0.rawValue)" } ?? "not wanted any more"
        return [stop(keep, becomes, name, at: now)]
    }

    private mutating func start(
        _ role: EngineRole, _ view: View, _ memory: Memory, at now: Instant
    ) -> [EngineDirective] {
        let name = view.worker.name
        if view.worker.hasLease, view.worker.isFenced || memory.isFenced {
            memories[name, default: Memory()].isFenced = true
            held[name] = "an older copy has the lease"
            return []
        }
        let (canHost, reason) = canHost(name, on: view.node, at: now)
        guard canHost else {
            held[name] = "node \(view.called): \(reason)"
            return []
        }
        guard now >= memory.notBefore else {
            held[name] = "waits after \(memory.failures) failures: \(memory.failure)"
            return []
        }
        guard role != .acceleratedWorker || (view.node?.accelerators ?? 0) > 0 else {
            held[name] = "node \(view.called) has no accelerator"
            return []
        }
        let generation = max(
            memory.generation + 1, epoch + UInt64(max(0, now.nanoseconds / 1_000_000_000)))
        memories[name, default: Memory()].asked = (generation, now)
        memories[name, default: Memory()].generation = generation
        let lease = view.worker.hasLease ? view.worker.leaseEpoch : nil
        memories[name, default: Memory()].lease = lease.map { ($0, generation) }
        return [
            .start(EngineJobRequest(worker: name, node: view.called, role: role, generation: generation))
        ]
    }

    private mutating func stop(_ job: EngineJob, _ why: String, _ name: String, at now: Instant)
        -> EngineDirective
    {
        let isFirst = memories[name, default: Memory()].ending.insert(job.id).inserted
        memories[name, default: Memory()].told = (job.id, now, isFirst)
        return .stop(job, why)
    }
}

extension EngineJob.State {
    /// Whether a copy may still run, or come to run.
    var isLiving: Bool {
        self == .pending || self == .running || self == .stopping || self == .refused
    }
}
