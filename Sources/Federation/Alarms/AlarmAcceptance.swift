package import Platform

/// Decides which alarms count, as a value: no clock, no disk, no socket.
///
/// An alarm counts when it comes, under a lease, from a worker that has the entity's samples or has served the entity, in
/// the one domain that the entity belongs to; so nobody speaks for what another domain watches. Having the samples is
/// enough: a server that has lost its folder does not know who has served what, and loses no alarm for it. An event that is not newer than the last one
/// of its alarm is a repetition: it is safe already. Everything else is refused, and the sender hears which and why. What
/// counts is answered for only when it is durable.
package struct AlarmAcceptance: Sendable {
    /// Bounds of what is remembered, whoever sends what.
    package struct Limits: Sendable {
        /// Alarms.
        package var alarms = 100_000
        /// Entities that somebody has served.
        package var entities = 262_144
        /// Workers that are remembered for one entity.
        package var workersOfAnEntity = 64
        /// Workers whose spools are remembered.
        package var senders = 16_384
        /// Spools of one worker, the latest: it begins one with each start.
        package var spoolsOfAWorker = 16
        /// Alarms of one worker that may be news, in the long run.
        package var alarmsPerSecond = 100.0
        /// Those that may be after a pause, as when a worker was cut off for days.
        package var burst = 20_000.0
        /// Those of one worker that may be of what is wrong with the watching, in the long run and after a pause: what is
        /// more is left out, so that no alarm goes for it.
        package var (findingsPerSecond, findingsBurst) = (0.5, 2_000.0)
        /// Bytes of batches that wait for the disk.
        package var waitingBytes = 64 << 20

        /// The defaults.
        package init() {}
    }

    private struct Spool: Sendable {
        var number: UInt64
        var delivered: UInt64
    }

    private struct Home: Sendable {
        var domain: String
        var workers: [String]
    }

    private struct Waiting: Sendable {
        var batch: AlarmBatch
        var claims: [AlarmClaim?]
        var sender: AlarmSender

        var bytes: Int { batch.alarms.reduce(64) { $0 + $1.count } }
    }

    /// What is on its way to the disk.
    private struct InFlight: Sendable {
        var store: AlarmStore
        var sender: AlarmSender?
        var refused: [AlarmReceipt.Refused] = []
    }

    private let limits: Limits
    private var accepted: AcceptedAlarms
    /// By worker; the latest at the end.
    private var spools: [String: [Spool]] = [:]
    private var spoolOrder: [String] = []
    private var quotas: [String: TokenBucket] = [:]
    private var findingQuotas: [String: TokenBucket] = [:]
    private var homes: [String: Home] = [:]
    private var newServices: [AlarmStore.Service] = []
    private var inFlight: InFlight?
    private var waiting: [Waiting] = []
    private var nextStore: UInt64 = 1
    private var notes = NoteLimiter()

    /// The number of the last alarm that is durable.
    package private(set) var lastSequence: Int64
    /// Alarms that were refused, by reason.
    package private(set) var refusals: [AlarmRefusal: Int] = [:]
    /// Events of what is wrong with the watching that were left out: their workers say too much of that.
    package private(set) var leftOut = 0
    /// Alarms that were repetitions.
    package private(set) var repetitions = 0

    /// Goes on where the log ends.
    package init(recovery: AlarmRecovery = AlarmRecovery(), limits: Limits = Limits()) {
        self.limits = limits
        accepted = AcceptedAlarms(memory: limits.alarms)
        lastSequence = recovery.lastSequence
        for claim in recovery.alarms { accepted.add(claim) }
        for (worker, spool, delivered) in recovery.spools {
            set(spool, of: worker, to: delivered)
        }
        for service in recovery.services { _ = remember(service) }
    }

    /// One event, at its time; what to do about it.
    package mutating func step(_ event: AlarmAcceptanceEvent, at now: Instant) -> [AlarmAcceptanceDirective] {
        var directives: [AlarmAcceptanceDirective] = []
        switch event {
        case .serving(let worker, let domain, let entities):
            serve(worker, domain, entities, at: now, &directives)
        case .received(let batch, let claims, let sender):
            guard claims.count == batch.alarms.count else { break }
            take(Waiting(batch: batch, claims: claims, sender: sender))
        case .stored(let id): stored(id, &directives)
        case .storeFailed(let id, let reason):
            guard let failed = inFlight, failed.store.id == id else { break }
            inFlight = nil
            // Without a receipt the worker keeps them and sends them again.
            newServices = failed.store.services + newServices
            note(
                Note(.error, "alarms could not be stored", ["worker": failed.store.worker, "reason": reason]), "",
                at: now, &directives)
        case .tick: break
        }
        proceed(at: now, &directives)
        return directives
    }

    // MARK: Who serves what

    private mutating func serve(
        _ worker: String, _ domain: String, _ entities: [String], at now: Instant,
        _ directives: inout [AlarmAcceptanceDirective]
    ) {
        for entity in entities {
            let service = AlarmStore.Service(entity: entity, domain: domain, worker: worker)
            if let home = homes[entity], home.domain != domain {
                note(
                    Note(
                        .warning, "an entity of this name is another domain's, its alarms will be refused",
                        ["entity": entity, "domain": domain, "worker": worker, "holder": home.domain]), entity,
                    at: now, &directives)
            } else if remember(service) {
                newServices.append(service)
            }
        }
    }

    /// Whether it was not known.
    private mutating func remember(_ service: AlarmStore.Service) -> Bool {
        guard var home = homes[service.entity] else {
            guard homes.count < limits.entities else { return false }
            homes[service.entity] = Home(domain: service.domain, workers: [service.worker])
            return true
        }
        guard home.domain == service.domain, !home.workers.contains(service.worker) else { return false }
        home.workers.append(service.worker)
        if home.workers.count > limits.workersOfAnEntity { home.workers.removeFirst() }
        homes[service.entity] = home
        return true
    }

    private func refusal(of claim: AlarmClaim?, from sender: AlarmSender) -> (reason: AlarmRefusal, text: String)? {
        guard sender.mayWatch else { return (.notAllowed, "this worker's key has not the role watch") }
        guard let claim else { return (.unusable, "no alarm event") }
        if let flaw = claim.flaw { return (.unusable, flaw) }
        let home = homes[claim.entity]
        if let home, home.domain != sender.domain {
            return (.foreignEntity, "the entity is of domain \(home.domain)")
        }
        guard home?.workers.contains(sender.worker) == true || sender.reaches(claim.entity) else {
            return (.notServed, "the worker does not have the entity's samples, and was never given it")
        }
        return nil
    }

    // MARK: Batches

    /// One batch of each worker waits, the latest; what does not fit comes again.
    private mutating func take(_ new: Waiting) {
        waiting.removeAll { $0.sender.worker == new.sender.worker }
        guard waiting.reduce(new.bytes, { $0 + $1.bytes }) <= limits.waitingBytes else { return }
        waiting.append(new)
    }

    private mutating func proceed(at now: Instant, _ directives: inout [AlarmAcceptanceDirective]) {
        while inFlight == nil, !waiting.isEmpty { decide(waiting.removeFirst(), at: now, &directives) }
        if inFlight == nil, !newServices.isEmpty {
            start(
                InFlight(
                    store: AlarmStore(
                        id: nextStore, worker: "", spool: 0, delivered: 0, entries: [], services: newServices)),
                &directives)
        }
    }

    private mutating func start(_ new: InFlight, _ directives: inout [AlarmAcceptanceDirective]) {
        nextStore += 1
        newServices = []
        inFlight = new
        directives.append(.store(new.store))
    }

    private mutating func decide(
        _ waiting: Waiting, at now: Instant, _ directives: inout [AlarmAcceptanceDirective]
    ) {
        let (batch, sender) = (waiting.batch, waiting.sender)
        // A sender's claims: numbers that the log cannot hold are no numbers of a spool.
        let most = UInt64(Int64.max) - UInt64(batch.alarms.count)
        guard batch.first > 0, batch.first <= most, (1...batch.first).contains(batch.oldest) else { return }
        // A spool that is new here gives what it still has, from its beginning.
        let before = delivered(batch.spool, of: sender.worker)
        let known = before ?? batch.oldest - 1
        var delivered = known
        if batch.first - 1 > delivered {
            guard batch.first == batch.oldest else {
                return answer(sender, AlarmReceipt(spool: batch.spool, delivered: delivered), &directives)
            }
            // This log has been restored from an older copy, and the worker has no more what lies between.
            note(
                Note(
                    .warning, "alarms of a spool are missing here and are gone at the worker",
                    ["worker": sender.worker, "from": "\(delivered + 1)", "to": "\(batch.first - 1)"]), sender.worker,
                at: now, &directives)
            delivered = batch.first - 1
        }
        var entries: [AlarmStore.Entry] = []
        var refused: [AlarmReceipt.Refused] = []
        var latest: [String: Int] = [:]
        // Kept below, when nothing of the batch is held back.
        var findings =
            findingQuotas[sender.worker]
            ?? TokenBucket(capacity: limits.findingsBurst, perSecond: limits.findingsPerSecond, at: now)
        var surplus = 0
        for (index, claim) in waiting.claims.enumerated() {
            let number = batch.first + UInt64(index)
            if let refusal = refusal(of: claim, from: sender) {
                refused.append(.init(number: number, reason: refusal.reason))
                count(refusal, of: sender, at: now, &directives)
                continue
            }
            // Whoever speaks for an entity before anybody was given it binds it to its domain, as being given it does.
            if let claim, homes[claim.entity] == nil {
                serve(sender.worker, sender.domain, [claim.entity], at: now, &directives)
            }
            // What is refused is said again when it comes again; what counts does so once.
            guard number > known, let claim else { continue }
            if let last = latest[claim.id] ?? accepted.revision(of: claim), claim.revision <= last {
                repetitions += 1
                continue
            }
            // What was told to begin is told to be over; no other end means anything.
            let isEnd = claim.revision == 1 && (latest[claim.id] ?? accepted.revision(of: claim)) == 0
            if claim.isFinding, !isEnd, !findings.take(at: now) {
                surplus += 1
                continue
            }
            latest[claim.id] = claim.revision
            entries.append(
                AlarmStore.Entry(
                    sequence: lastSequence + Int64(entries.count) + 1, claim: claim, bytes: batch.alarms[index]))
        }
        guard mayAdd(entries.count, for: sender.worker, at: now) else {
            // It sends again what is not answered.
            return note(
                Note(.warning, "alarms held back: beyond the quota", ["worker": sender.worker]), sender.worker, at: now,
                &directives)
        }
        Self.makeRoom(in: &findingQuotas, most: limits.senders, for: sender.worker, at: now)
        findingQuotas[sender.worker] = findings
        if surplus > 0 {
            leftOut += surplus
            note(
                Note(
                    .warning, "findings of the watching left out: the worker tells too many",
                    ["worker": sender.worker, "leftOut": "\(leftOut)"]), sender.worker, at: now, &directives)
        }
        // What is left out is taken over, too: it does not come again.
        delivered = max(delivered, batch.first - 1 + UInt64(batch.alarms.count))
        guard delivered != known || before == nil else {
            return answer(
                sender, AlarmReceipt(spool: batch.spool, delivered: delivered, refused: refused), &directives)
        }
        start(
            InFlight(
                store: AlarmStore(
                    id: nextStore, worker: sender.worker, spool: batch.spool, delivered: delivered, entries: entries,
                    services: newServices), sender: sender, refused: refused), &directives)
    }

    private mutating func stored(_ id: UInt64, _ directives: inout [AlarmAcceptanceDirective]) {
        guard let done = inFlight, done.store.id == id else { return }
        inFlight = nil
        guard let sender = done.sender else { return }
        for entry in done.store.entries { accepted.add(entry.claim) }
        lastSequence += Int64(done.store.entries.count)
        set(done.store.spool, of: sender.worker, to: done.store.delivered)
        answer(
            sender,
            AlarmReceipt(spool: done.store.spool, delivered: done.store.delivered, refused: done.refused),
            &directives)
    }

    private func delivered(_ spool: UInt64, of worker: String) -> UInt64? {
        spools[worker]?.last { $0.number == spool }?.delivered
    }

    private mutating func set(_ spool: UInt64, of worker: String, to delivered: UInt64) {
        if spools[worker] == nil { spoolOrder.append(worker) }
        var own = (spools[worker] ?? []).filter { $0.number != spool }
        own.append(Spool(number: spool, delivered: delivered))
        if own.count > limits.spoolsOfAWorker { own.removeFirst() }
        spools[worker] = own
        if spoolOrder.count > limits.senders { spools[spoolOrder.removeFirst()] = nil }
    }

    /// Whether so many more of its alarms may be news now: nobody fills the log, out of which the oldest go.
    private mutating func mayAdd(_ count: Int, for worker: String, at now: Instant) -> Bool {
        guard count > 0 else { return true }
        Self.makeRoom(in: &quotas, most: limits.senders, for: worker, at: now)
        let fresh = TokenBucket(capacity: limits.burst, perSecond: limits.alarmsPerSecond, at: now)
        return quotas[worker, default: fresh].take(Double(count), at: now)
    }

    /// Forgets who has used nothing lately, where there are too many.
    private static func makeRoom(
        in quotas: inout [String: TokenBucket], most: Int, for worker: String, at now: Instant
    ) {
        guard quotas.count >= most, quotas[worker] == nil else { return }
        quotas = quotas.filter { entry in
            var bucket = entry.value
            return !bucket.isFull(at: now)
        }
    }

    private func answer(
        _ sender: AlarmSender, _ receipt: AlarmReceipt, _ directives: inout [AlarmAcceptanceDirective]
    ) {
        directives.append(.answer(receipt, worker: sender.worker, leaseEpoch: sender.leaseEpoch))
    }

    // MARK: What is said

    private mutating func count(
        _ refusal: (reason: AlarmRefusal, text: String), of sender: AlarmSender, at now: Instant,
        _ directives: inout [AlarmAcceptanceDirective]
    ) {
        refusals[refusal.reason, default: 0] += 1
        note(
            Note(
                .warning, "alarm refused",
                ["worker": sender.worker, "why": "\(refusal.reason)", "reason": refusal.text]),
            "\(sender.worker) \(refusal.reason)", at: now, &directives)
    }

    private mutating func note(
        _ note: Note, _ key: String, at now: Instant, _ directives: inout [AlarmAcceptanceDirective]
    ) {
        if let passed = notes.pass(note, key, at: now) { directives.append(.note(passed)) }
    }
}
