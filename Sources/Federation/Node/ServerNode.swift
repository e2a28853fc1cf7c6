import Placement
import Platform

/// A server: its machine with an inbox, a port, a disk and a clock. The same code serves ZeroMQ, SQLite and the system's
/// clock in `fl-server`, and the simulator's fakes.
///
/// Used by one thread, which calls ``turn()`` whenever something may have happened and at least every ``tickInterval``.
/// A turn takes what is there, finishes the directives of each event before the next, starts slow work and never waits for
/// it. It does a bounded amount: whatever peers send, the clock, the disk's answers and a signal to stop get their turn.
package final class ServerNode {
    /// Longest time between two turns.
    package static let tickInterval: Duration = .milliseconds(50)
    /// Messages of the control channel in one turn.
    static let controlPerTurn = 256
    /// Messages of the bulk channel in one turn.
    static let bulkPerTurn = 16
    /// Bytes of the bulk channel in one turn, beyond the last message.
    static let bulkBytesPerTurn = 4 << 20

    /// What decides.
    package private(set) var machine: ServerRoundMachine
    /// How placement stands, where there is one.
    package private(set) var placement: PlacementLoop?
    /// Results and orders from elsewhere.
    package let inbox: Inbox<Input>
    private let port: any NodePort
    let disk: any ServerDisk
    let clock: any NodeClock
    let tasks: any NodeTasks
    private let arithmetic: RoundArithmetic
    private let keepsContributions: Bool
    private let keeper: (any IdentityKeeper)?
    /// Who may take part; `nil` in plain mode.
    private var identities: IdentityRegistry?
    private var principals: [PrincipalID: Principal] = [:]
    private var enrolling: Set<Peer> = []
    private var quota: MessageQuota
    private let log: (Note) -> Void
    private var provoked = NoteLimiter()
    private var lastTurn: Instant?
    var lastCheck = Instant.zero
    let isAnswered = Box(true)
    private let seen = Box<[String: WorkerView]>([:])
    /// Used by tasks of the placement lane only, and by nobody while there is none.
    let placing: Box<PlacementLoop?>
    var isPlacing = false
    var lastPlaced: (at: Instant, stage: FederationStage)?
    var placementEvents: [PlacementLoop.Event] = []
    var published: UInt64?
    /// Which alarms count.
    package private(set) var acceptance: AlarmAcceptance
    /// Workers whose alarms are being read.
    private var reading: Set<String> = []
    private var failure: (any Error)?
    private let backlog: Backlog
    let kept: KeptContributions
    /// When what the disk did not take may be offered again.
    var nextKeeping = Instant.zero
    /// Who waits for a version to be restored.
    private var restorations: [UInt64: @Sendable (RestorationOutcome) -> Void] = [:]
    private var lastRestoration: UInt64 = 0
    private var commitAsked: (round: UInt32, at: Instant)?
    /// How long the last commit waited for the disk.
    package private(set) var commitWait: CommitWait?

    /// Whether its next turn looks at messages of the bulk channel.
    package var takesBulk: Bool { !backlog.isFull }

    /// How entities were scored in the last hour; to be looked at from any thread.
    package let scores = Box(ScoreStrips())

    /// Names of which a second copy was turned away within the last minute.
    package var fenced: Set<String> { machine.fenced(at: clock.now) }

    /// A server that goes on where `recovery` says.
    ///
    /// - Parameters:
    ///   - placement: chooses who trains and serves; `nil`: all do.
    ///   - access: how it knows whose message it takes.
    ///   - keepsContributions: whether accepted contributions are kept for replaying.
    ///   - note: writes to the log.
    package init(
        configuration: ServerConfiguration, strategy: any Strategy, maker: any InitialModelMaker,
        recovery: ServerRecovery, alarms: AlarmRecovery = AlarmRecovery(), placement: PlacementLoop? = nil,
        keepsContributions: Bool = true, access: Access = .plain,
        port: any NodePort, disk: any ServerDisk, clock: any NodeClock, tasks: any NodeTasks, inbox: Inbox<Input>,
        note: @escaping (Note) -> Void
    ) {
        machine = ServerRoundMachine(configuration: configuration, strategy: strategy, recovery: recovery)
        arithmetic = RoundArithmetic(
            gate: configuration.gate, strategy: strategy, maker: maker, history: recovery.history)
        acceptance = AlarmAcceptance(recovery: alarms)
        self.placement = placement
        placing = Box(placement)
        self.keepsContributions = keepsContributions
        quota = MessageQuota(configuration.messages)
        backlog = Backlog(limit: configuration.backlogBytes)
        kept = KeptContributions(backlog)
        switch access {
        case .plain: keeper = nil
        case .identified(let registry, let keeper):
            self.keeper = keeper
            identities = registry
        }
        self.port = port
        self.disk = disk
        self.clock = clock
        self.tasks = tasks
        self.inbox = inbox
        log = note
        index()
    }

    /// One turn.
    ///
    /// - Throws: what makes going on impossible, such as a disk that is full.
    package func turn() throws {
        let now = clock.now
        if let lastTurn, now - lastTurn > machine.configuration.heartbeatInterval { step(.deaf(now - lastTurn)) }
        lastTurn = now
        for input in inbox.take() { take(input) }
        try receive()
        step(.tick)
        accept(.tick)
        storeContributionsAgain(at: now)
        place(at: now)
        publish()
        check(at: now)
        if let failure { throw failure }
    }

    /// Messages, control before bulk; each channel takes turns between its peers.
    private func receive() throws {
        var control = 0
        var bulk = (messages: 0, bytes: 0)
        var isQuiet = false
        let start = clock.now
        // A message that takes long, such as one of thousands of entities, is the turn's last.
        while !isQuiet, clock.now - start < Self.tickInterval {
            isQuiet = true
            var burst = 0
            while control < Self.controlPerTurn, burst < 32, clock.now - start < Self.tickInterval,
                let message = try port.receive(on: .control)
            {
                take(message)
                control += 1
                burst += 1
                isQuiet = false
            }
            if bulk.messages < Self.bulkPerTurn, bulk.bytes < Self.bulkBytesPerTurn, takesBulk,
                let message = try port.receive(on: .bulk)
            {
                take(message)
                bulk.messages += 1
                bulk.bytes += message.bytes.count
                isQuiet = false
            }
        }
    }

    private func take(_ message: ArrivedMessage) {
        let peer = Peer(message.peer)
        var principal: Principal?
        if identities != nil {
            if case .principal(let id) = message.caller {
                principal = principals[id]
                // Shut out while the connection stood: nothing that comes over it is looked at.
                guard principal != nil else { return machine.refusals.count("revoked", of: RefusalBook.others) }
            } else if message.caller == .anybody {
                return machine.refusals.count("no key", of: RefusalBook.others)
            }
            if let reason = quota.refusal(of: message.bytes.count, from: principal?.id, at: clock.now) {
                let name = principal?.grant.name ?? RefusalBook.others
                machine.refusals.count(reason, of: name)
                return note(Note(.warning, "message dropped: beyond the quota", ["worker": name, "reason": reason]))
            }
        }
        do throws(FederationError) {
            var envelope = try Envelope(decoding: message.bytes, limit: WireLimits.message)
            switch envelope.message {
            case .enrolment(let enrolment) where identities != nil:
                let request = EnrolmentRequest(caller: message.caller, name: envelope.sender, enrolment: enrolment)
                return enrol(request, for: peer)
            case .registration(var registration):
                // A copy counts where somebody of the domain may have the entity.
                if let identities, let domain = principal?.grant.domain {
                    registration.mirrored = registration.mirrored.filter { identities.covers($0, inDomain: domain) }
                    envelope.message = .registration(registration)
                }
            default: break
            }
            guard identities == nil || principal != nil else {
                return machine.refusals.count("not enrolled", of: RefusalBook.others)
            }
            step(.received(envelope, from: peer, by: principal))
        } catch {
            step(.unreadable(error, from: peer))
        }
    }

    // MARK: Who is who

    private func index() {
        guard let identities else { return }
        principals = Dictionary(
            identities.active.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Others may take part, or as something else: leases that do not fit any more end.
    private func take(_ new: IdentityRegistry) {
        guard identities != nil else { return }
        identities = new
        index()
        let unfit = machine.members.filter { _, member in
            guard let principal = member.principal else { return true }
            return principals[principal.id]?.grant != principal.grant
        }
        if !unfit.isEmpty { step(.expelled(unfit.keys.sorted())) }
    }

    private func enrol(_ request: EnrolmentRequest, for peer: Peer) {
        // One at a time for each; whoever hears nothing asks again.
        guard let keeper, enrolling.count < 1_024, enrolling.insert(peer).inserted else { return }
        let held = machine.members[request.name]
        let isHeld = held.map { clock.now - $0.lastHeard <= machine.configuration.lease } ?? false
        keeper.enrol(request, isHeld: isHeld) { [inbox] in inbox.put(.enrolled($0, to: peer)) }
    }

    private func take(_ input: Input) {
        switch input {
        case .machine(let event):
            if case .committed = event, let (round, asked) = commitAsked {
                commitWait = CommitWait(round: round, duration: clock.now - asked)
                commitAsked = nil
            }
            if case .tuned(let tuning) = event { tellPlacement(tuning) }
            step(event)
        case .placed(let directives, let loop):
            isPlacing = false
            placement = loop
            for directive in directives {
                switch directive {
                case .choose(let choice, let isUrgent): step(.chosen(choice, isUrgent: isUrgent))
                case .keep(let profile):
                    store("training times could not be stored") { [disk] in try disk.keep(profile) }
                case .note(let line): note(line)
                }
            }
        case .identities(let registry): take(registry)
        case .enrolled(let answer, let peer):
            enrolling.remove(peer)
            var answer = answer
            answer.patienceMilliseconds = UInt32(clamping: machine.configuration.lease.milliseconds)
            step(.answering(answer, to: peer))
        case .alarms(let event):
            if case .received(_, _, let sender) = event { reading.remove(sender.worker) }
            accept(event)
        case .noted(let lines): for line in lines { note(line) }
        case .tune(let tuning, let keep, let answer): tune(tuning, keep, answer)
        case .restore(var wanted, let answer):
            lastRestoration += 1
            wanted.id = lastRestoration
            restorations[wanted.id] = answer
            step(.restoring(wanted))
        case .target(let seconds, let rounds): placementEvents.append(.target(seconds: seconds, rounds: rounds))
        case .candidates(let list):
            // Only the latest counts, however long placement takes.
            placementEvents.removeAll { if case .candidates = $0 { true } else { false } }
            placementEvents.append(.candidates(list))
        case .failed(let what, let error):
            // What the disk refuses ends the server at once, so that whoever supervises it hears of it; what was accepted is
            // safe, and what was not is offered again after the next start. Other failures pass.
            if Self.endsTheNode(error) {
                failure = failure ?? error
            } else {
                note(Note(.error, "a write failed", ["what": what, "reason": "\(error)"]))
            }
        }
    }

    private static func endsTheNode(_ error: any Error) -> Bool {
        guard let error = error as? StorageError else { return false }
        return error.code == .full || error.code == .unwritable || error.code == .missing
    }

    private func step(_ event: ServerEvent) {
        for directive in machine.step(event, at: clock.now) { carryOut(directive) }
    }

    private func carryOut(_ directive: ServerDirective) {
        let (inbox, arithmetic, disk, backlog) = (inbox, arithmetic, disk, backlog)
        switch directive {
        case .send(let envelope, let peer): send(envelope, to: peer)
        case .begin(let base): tasks.start(NodeTask(.arithmetic, "begin")) { arithmetic.begin(base) }
        case .judge(let upload):
            backlog.add(upload.bytes.count)
            tasks.start(NodeTask(.arithmetic, "judge")) {
                inbox.put(.machine(.judged(arithmetic.judge(upload))))
                _ = backlog.remove(upload.bytes.count)
            }
        case .fold(let round, let attempt, let contribution, let worker, let site):
            let bytes = contribution.groups.reduce(contribution.statistics.count) { $0 + $1.parameters.count * 4 }
            backlog.add(bytes)
            tasks.start(NodeTask(.arithmetic, "fold")) {
                arithmetic.fold(round: round, attempt: attempt, contribution, from: worker, site: site)
                // Wakes the node, which may take more.
                if backlog.remove(bytes) { inbox.put(.noted([])) }
            }
        case .aggregate(let round, let attempt, let names):
            tasks.start(NodeTask(.arithmetic, "aggregate")) {
                let outcome = arithmetic.aggregate(round: round, attempt: attempt, leavingOut: names)
                inbox.put(.noted(arithmetic.takeNotes()))
                inbox.put(.machine(.aggregated(round: round, attempt: attempt, outcome)))
            }
        case .tune(let gate, let strategy, let maker):
            tasks.start(NodeTask(.arithmetic, "tune")) {
                arithmetic.tune(gate: gate, strategy: strategy, maker: maker)
            }
        case .restorationEnded(let id, let outcome): restorations.removeValue(forKey: id)?(outcome)
        case .commit(let commit):
            if commit.record.restoredBy == nil {
                placementEvents.append(.ended(commit.record))
                commitAsked = (commit.record.round, clock.now)
            }
            tasks.start(NodeTask(.disk, "commit")) { [kept] in
                do {
                    // What could not be kept when it came is kept now, or there is no commit: it could not be replayed.
                    try kept.write(to: disk)
                    try disk.commit(commit)
                    inbox.put(.machine(.committed(version: commit.record.version)))
                } catch {
                    inbox.put(.failed("a version", error))
                    inbox.put(.machine(.commitFailed("\(error)")))
                }
            }
        case .keep(let accepted, let payload):
            guard keepsContributions else { break }
            if kept.put(KeptContribution(accepted: accepted, payload: payload)) { storeContributions() }
        case .recall(let round, let worker, let digest):
            tasks.start(NodeTask(.disk, "recall")) { [keepsContributions] in
                var bytes: Bytes?
                do {
                    if keepsContributions {
                        bytes = try disk.contribution(to: round, of: worker, digest: digest).map { Bytes($0) }
                    }
                } catch {
                    inbox.put(.failed("a contribution of an earlier attempt", error))
                }
                inbox.put(.machine(.recalled(bytes, digest: digest, worker: worker)))
            }
        case .recordAbandoned(let record):
            placementEvents.append(.ended(record))
            store("an abandoned round") { [kept] in
                try disk.recordAbandoned(record)
                // What the disk did not take when it came would otherwise keep others from coming.
                try kept.write(to: disk)
            }
        case .recordWorker(let view):
            let isFirst = seen.with { seen in
                seen[view.name] = view
                return seen.count == 1
            }
            guard isFirst else { break }
            store("workers") { [seen] in
                let waiting = seen.with { seen in
                    defer { seen = [:] }
                    return seen
                }
                if !waiting.isEmpty { try disk.record(waiting.values.sorted { $0.name < $1.name }) }
            }
        case .takeAlarms(let batch, let sender):
            // One batch of a worker at a time; it sends what was not answered again.
            guard reading.insert(sender.worker).inserted else { break }
            tasks.start(NodeTask(.alarms, "read")) {
                inbox.put(.alarms(.received(batch, claims: disk.claims(batch.alarms), from: sender)))
            }
        case .serving(let worker, let domain, let entities):
            accept(.serving(worker: worker, domain: domain, entities: entities))
        case .takeScores(let report, let worker, let domain):
            let now = clock.now
            scores.with { $0.take(report, from: worker, inDomain: domain, at: now) }
        case .note(let line): note(line)
        }
    }

    private func accept(_ event: AlarmAcceptanceEvent) {
        for directive in acceptance.step(event, at: clock.now) {
            switch directive {
            case .store(let alarms):
                tasks.start(NodeTask(.alarms, "store")) { [inbox, disk] in
                    do {
                        try disk.store(alarms)
                        inbox.put(.alarms(.stored(alarms.id)))
                    } catch {
                        inbox.put(.failed("alarms", error))
                        inbox.put(.alarms(.storeFailed(alarms.id, reason: "\(error)")))
                    }
                }
            case .answer(let receipt, let worker, let epoch):
                step(.alarmsDecided(receipt, worker: worker, leaseEpoch: epoch))
            case .note(let line): note(line)
            }
        }
    }

    private func send(_ envelope: Envelope, to peer: Peer) {
        do {
            let outcome = try port.send(envelope.parts(), to: peer.identity, on: envelope.message.channel)
            if outcome != .queued { note(Note(.debug, "message dropped", ["why": "\(outcome)"])) }
        } catch {
            failure = failure ?? error
        }
    }

    /// What a peer can provoke as often as it likes is said once a minute, with how often it was.
    private func note(_ line: Note) {
        let key: String
        switch "\(line.message)" {
        case "claim refused":
            key = (line.fields["worker"] ?? "") + " " + (line.fields["why"] ?? "")
        case "message dropped: beyond the quota":
            key = (line.fields["worker"] ?? "") + " " + (line.fields["reason"] ?? "")
        case "duplicate worker name refused", "contribution rejected",
            "worker comes from another federation and starts over here":
            key = line.fields["worker"] ?? ""
        case "message refused", "unreadable message", "message dropped": key = ""
        default: return log(line)
        }
        guard let passed = provoked.pass(line, key, at: clock.now) else { return }
        log(passed)
        if "\(line.message)" == "claim refused" {
            keeper?.audit(AuditEvent(.refused, of: line.fields["worker"] ?? "", passed.fields["reason"] ?? ""))
        }
    }

    /// Starts a write of which only a failure is news.
    func store(_ what: String, _ work: @escaping @Sendable () throws -> Void) {
        tasks.start(NodeTask(.disk, "store")) { [inbox] in
            do {
                try work()
            } catch {
                inbox.put(.failed(what, error))
            }
        }
    }
}
