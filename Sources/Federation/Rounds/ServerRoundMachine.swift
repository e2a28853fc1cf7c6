import Numerics
package import Platform

/// The server's side of the federation as a value: who is in, which round runs, what counts.
///
/// It reads no clock and does no I/O; its owner hands it events with the time at which they happened and carries out
/// the directives in their order, all of one event before the next event. What takes long (gates, sums, initial models,
/// the disk) is a directive too, and what comes of it an event.
package struct ServerRoundMachine: Sendable {
    /// What the machine is doing.
    enum Phase: Sendable {
        /// Too few workers, or about to start.
        case waiting
        /// A round is open.
        case running(OpenRound)
        /// The contributions of a round are being put together.
        case aggregating(OpenRound)
        /// A commit is on its way to the disk.
        case committing(Commit, bundle: FederatedModel?)
        /// Every round is done.
        case finished
    }

    /// An admitted worker.
    struct Member: Sendable {
        var registration: Registration
        /// Whose key its connections have; `nil` where nobody has keys.
        var principal: Principal?
        /// The entities that it reaches by itself.
        var reach: Set<String>
        var peer: Peer
        var epoch: UInt64
        var lastHeard: Instant
        var lastHeartbeat: UInt64 = 0
        /// The latest message with scores; one that others overtook says what was before them.
        var lastScores: UInt64 = 0
        var heartbeat = Heartbeat(assignmentRevision: 0, activity: .idle, version: 0)
        var assignment = Assignment()
        var assignmentRevision: UInt64 = 0
        /// The latest assignment that it has taken over.
        var acknowledged: UInt64 = 0
        /// Since when there is an assignment that it has not taken over.
        var assignedSince: Instant?
        /// When it was last sent its assignment.
        var assignmentSent: Instant?
        var rejected = 0
        /// When a second copy of it was turned away.
        var copyRefused: Instant?
        /// The piece of a model that it was last sent.
        var download: Download?
        /// What is known of the way down to it.
        var downloadPace = PiecePace()
        /// The shortest round trip that it told.
        var leastRoundTrip: Duration?
        /// Which of its entities' alarms were called false, and whether it knows.
        var falseAlarms = FalseAlarmDelivery()

        var entities: [String] { assignment.entities }
    }

    /// An entity: names are unique within a domain.
    struct EntityKey: Hashable, Sendable {
        var domain: String
        var entity: String
    }

    /// Who serves the entities of a domain.
    struct Domain: Sendable {
        /// Its active workers.
        var workers: Set<String> = []
        /// Who may serve an entity now.
        var owners: [String: String] = [:]
        /// Entities that their owner was told to give up, and the revision that says so.
        var releasing: [String: UInt64] = [:]
        /// Entities that their owner has lost and was not yet told to give up, or has not given up yet.
        var forsaken: Set<String> = []
        /// The worker that has the samples of an entity whose owner does not reach it by itself.
        var holders: [String: String] = [:]
        /// Whether its entities have to be spread anew.
        var isDirty = false
        /// A large domain is not spread anew before.
        var nextBalance = Instant.zero
        /// It lost a chosen worker; whoever chooses has until then to say who takes over.
        var bereavedUntil: Instant?
    }

    /// What it was told.
    package internal(set) var configuration: ServerConfiguration
    /// How contributions become the next version.
    package internal(set) var strategy: any Strategy
    /// What it was told anew, until no round is in progress.
    var nextTuning: ServerTuning?
    let term: UInt32

    var phase = Phase.waiting
    var members: [String: Member] = [:]
    var domains: [String: Domain] = [:]
    /// Those whose entities have to be spread anew.
    var unsettled: Set<String> = []
    /// Workers that were lost, until they are back; the latest few.
    var departed: [String] = []
    /// How workers that are gone went; the latest few.
    package internal(set) var departures: [(name: String, state: WorkerView.State)] = []
    /// Workers whose contributions could not be used, and until when they are left out.
    var excluded: [String: Exclusion] = [:]
    /// Workers that were refused in the latest rounds.
    var conduct: [String: Conduct] = [:]
    /// The last version that most sites were content with; `nil` before one was judged.
    var lastGood: GoodVersion?
    var leasesGiven: UInt32
    var lastTick = Instant.zero
    /// No lease ends before.
    var nextExpiry = Instant.zero
    /// No lease ends before because an assignment is not taken over.
    var nextHandOver = Instant(nanoseconds: .max)
    /// Of a large federation what it waits for is not looked at again before.
    var nextReason = Instant.zero
    var sequence: UInt64 = 0
    var revision: UInt64 = 0
    var uploads: [String: Upload] = [:]
    var uploadTurns = UploadTurns()
    /// Whom rounds wait for.
    var patience: RoundPatience
    /// What they are to.
    var uploadBase: UploadBase?
    /// What counted in earlier attempts at that.
    var recalled = Recalls()
    /// Bytes of unfinished contributions that are held.
    package internal(set) var uploadBytes = 0
    var attempt: UInt32 = 0
    /// Rounds in a row that failed without waiting for their deadline; the next one waits the longer.
    var failures = 0
    var retryAt: Instant?
    /// When it is next looked at whether a round can still reach its quorum.
    var nextHopeless = Instant.zero
    var failure = ""
    /// Who is chosen; `nil` where nobody has chosen, so that all are.
    var choice: WorkerChoice?
    /// Who is chosen from the next round on.
    var nextChoice: WorkerChoice?
    /// What it waited for when it was last said, and since when.
    var saidWaiting = ""
    /// When that was.
    var saidWaitingAt = Instant.zero
    /// What it waits for, without how far that has come.
    var waitingReason: String?
    var waitingSince = Instant.zero
    /// Grows when a worker comes, goes, or says more of itself.
    package internal(set) var membershipRevision: UInt64 = 0
    /// Alarms that are called false, by entity, and how often that changed.
    var falseAlarms: (known: [String: [FalseAlarmNotice]], revision: UInt64) = ([:], 0)
    /// Grows when a worker heeds alarms that were called false.
    package internal(set) var heededRevision: UInt64 = 0
    /// Workers whose assignments changed since somebody took them.
    var reassigned: Set<String> = []

    /// The committed version.
    package internal(set) var version: UInt64
    /// SHA-256 of its bytes; empty when there is none.
    package internal(set) var digest: [UInt8] = []
    /// Its models.
    package internal(set) var bundle: FederatedModel?
    /// The first round that is not committed.
    package internal(set) var nextRound: UInt32
    /// Contributions that failed the gate, by kind of fault.
    package internal(set) var rejections: [FederationError.Code: Int] = [:]
    /// Messages that could not be read or came from nobody who is in, by what was wrong.
    package internal(set) var unusable: [String: Int] = [:]
    /// What was refused, by worker and reason.
    package internal(set) var refusals = RefusalBook()
    /// What the machine waits for; `nil` when nothing does.
    package internal(set) var waitingFor: String?
    var modelBytes = Bytes([])
    /// The key that the server will have, and from when on.
    var nextKey: (key: PublicKey, at: Instant)?
    /// What changes were in the rounds before.
    var history: ChangeHistory
    /// The round of statistics with which the present loop began, and how many loops were before it.
    package internal(set) var loop: (start: UInt32, number: UInt32)
    /// Rounds of training that the present loop has.
    var loopRounds: UInt32
    /// The present loop, or the last one.
    var course = LoopCourse()
    /// A version that is being restored.
    var restoring: Restoring?
    /// Whether the next round's changes are not to be held against those of earlier rounds.
    var forgetsChanges = false
    /// Those without whom rounds cannot be, one of which failed because they were refused for changes far beyond the others'.
    /// Until theirs are within, or there are enough others, they are scaled down to what they may be at most.
    var spared: Set<String> = []

    /// A server that goes on where `recovery` says.
    package init(configuration: ServerConfiguration, strategy: any Strategy, recovery: ServerRecovery) {
        self.configuration = configuration
        self.strategy = strategy
        patience = RoundPatience(memory: configuration.maximumWorkers)
        term = recovery.term
        version = recovery.version
        bundle = recovery.bundle
        history = recovery.history
        nextRound = recovery.nextRound
        loopRounds = configuration.rounds
        let length = configuration.rounds + (configuration.evaluates ? 1 : 0) + 1
        let before = configuration.loops.every == nil || nextRound == 0 ? 0 : (nextRound - 1) / length
        loop = recovery.loop ?? (before * length, before)
        // A folder that was restored counts its starts again: leases of two starts shall not have the same numbers.
        leasesGiven = configuration.tokenSecret.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } >> 1
        if let bundle {
            let bytes = bundle.encoded()
            digest = SHA256.digest(bytes)
            modelBytes = Bytes(bytes)
        }
        if nextRound > 0, endsLoop(nextRound - 1) { phase = .finished }
    }

    /// Number of the last round within the present loop: the evaluation's, or the last training round's.
    package var lastRound: UInt32 { loopRounds + (configuration.evaluates ? 1 : 0) }

    /// Whether a round is the last of the present loop.
    func endsLoop(_ round: UInt32) -> Bool { place(ofRound: round) >= lastRound }

    /// Number of a round within the present loop.
    func place(ofRound round: UInt32) -> UInt32 { round >= loop.start ? round - loop.start : 0 }

    /// Whether another loop follows the present one.
    var loopGoesOn: Bool { configuration.loops.goesOn(after: loop.number, length: 1) }

    /// Whether every round is done, or those of a loop, until the next begins.
    package var isFinished: Bool {
        if case .finished = phase { true } else { false }
    }

    /// Whether every round is done, and no loop follows.
    package var isOver: Bool {
        isFinished && !(nextRound > 0 && loopGoesOn)
    }

    /// Whether it waits for workers.
    package var isWaiting: Bool {
        if case .waiting = phase { true } else { false }
    }

    /// The open round, its kind and attempt.
    package var openRound: (round: UInt32, attempt: UInt32, kind: RoundKind, accepted: Int)? {
        guard case .running(let round) = phase else { return nil }
        return (round.number, round.attempt, round.kind, round.accepted.count)
    }

    /// What a round is for.
    package func kind(ofRound round: UInt32) -> RoundKind {
        let place = place(ofRound: round)
        return place == 0 ? .statistics : place <= loopRounds ? .training : .evaluation
    }

    /// One event, at its time; what to do about it.
    package mutating func step(_ event: ServerEvent, at now: Instant) -> [ServerDirective] {
        var directives: [ServerDirective] = []
        switch event {
        case .received(let envelope, let peer, let principal):
            receive(envelope, from: peer, by: principal, at: now, &directives)
        case .answering(let answer, let peer): send(.enrolled(answer), to: peer, epoch: 0, &directives)
        case .expelled(let names):
            for name in names { expel(name, at: now, &directives) }
        case .keyAnnounced(let key, let delay): nextKey = key.map { ($0, now + delay) }
        case .unreadable(let error, let peer): refuse(error, to: peer, &directives)
        case .tick:
            lastTick = now
            expireLeases(at: now, &directives)
            endHandOvers(at: now, &directives)
            passTurns(at: now, &directives)
        case .deaf(let pause):
            // Nobody listened: silence says nothing.
            for name in members.keys { members[name]?.lastHeard = now }
            for name in members.keys where members[name]?.assignedSince != nil { members[name]?.assignedSince = now }
            nextExpiry = now + configuration.lease
            guard pause > configuration.lease else { break }
            directives.append(
                .note(
                    Note(
                        .warning, "the server did not listen for longer than a lease: every lease begins anew",
                        ["seconds": "\(pause.seconds)"])))
        case .chosen(let choice, let isUrgent): choose(choice, isUrgent: isUrgent, at: now, &directives)
        case .judged(let judgement): judged(judgement, at: now, &directives)
        case .aggregated(let round, let attempt, let outcome):
            aggregated(outcome, round: round, attempt: attempt, at: now, &directives)
        case .recalled(let bytes, let digest, let worker):
            recalled(bytes, digest: digest, of: worker, at: now, &directives)
        case .committed(let version): committed(version, at: now, &directives)
        case .commitFailed(let reason): commitFailed(reason, at: now, &directives)
        case .tuned(let tuning): nextTuning = tuning
        case .restoring(let wanted): restore(wanted, at: now, &directives)
        case .alarmsDecided(let receipt, let worker, let epoch):
            guard let member = members[worker], member.epoch == epoch else { break }
            send(.alarmReceipt(receipt), to: member, &directives)
        case .falseAlarms(let known):
            // That there are none is news where a worker may hold what was said before.
            guard falseAlarms.revision == 0 || known != falseAlarms.known else { break }
            falseAlarms = (known, falseAlarms.revision + 1)
            for name in members.keys.sorted() { tellFalseAlarms(to: name, at: now, &directives) }
        }
        settleDomains(at: now, &directives)
        // What only says that a worker is alive changes nothing of a round; the next tick is near.
        if event.mayMoveRounds { advance(at: now, &directives) }
        return directives
    }

    private mutating func receive(
        _ envelope: Envelope, from peer: Peer, by principal: Principal?, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        if case .registration(let registration) = envelope.message {
            register(registration, envelope, from: peer, by: principal, at: now, &directives)
            return
        }
        guard envelope.federation == configuration.federation else {
            unusable["another federation", default: 0] += 1
            let text = "this is federation \(configuration.federation), not \(envelope.federation): register again"
            send(.refusal(Refusal(.otherFederation, text: text)), to: peer, epoch: envelope.leaseEpoch, &directives)
            return
        }
        if let principal, principal.grant.name != envelope.sender {
            let claim = "name: found '\(PrintableText.line(envelope.sender, limit: 80))'"
            refuseClaim("name", claim, of: principal, &directives)
            return
        }
        guard let member = members[envelope.sender], member.epoch == envelope.leaseEpoch, member.peer == peer,
            member.principal?.id == principal?.id, now - member.lastHeard <= configuration.lease
        else {
            unusable["no such lease", default: 0] += 1
            let text = "no lease \(envelope.leaseEpoch) for \(envelope.sender) here: register again"
            send(.refusal(Refusal(.notAdmitted, text: text)), to: peer, epoch: envelope.leaseEpoch, &directives)
            return
        }
        members[envelope.sender]?.lastHeard = now
        switch envelope.message {
        case .heartbeat(let heartbeat): take(heartbeat, envelope, from: member, at: now, &directives)
        case .scores(let report): take(report, envelope, from: member, &directives)
        case .goodbye: end(envelope.sender, .left, at: now, &directives)
        case .modelRequest(let request): serveModel(request, to: envelope.sender, at: now, &directives)
        case .contributionPiece(let piece):
            guard principal?.grant.allows(.train) ?? true else {
                return refuseClaim("role", "role: found a contribution", of: principal, &directives)
            }
            receive(piece, from: envelope.sender, at: now, &directives)
        case .alarmBatch(let batch):
            let sender = AlarmSender(
                worker: envelope.sender, domain: member.registration.domain, leaseEpoch: member.epoch,
                reach: member.reach, copies: member.registration.mirrored,
                mayWatch: principal?.grant.allows(.watch) ?? true)
            directives.append(.takeAlarms(batch, from: sender))
        case .falseAlarmReceipt(let receipt): heeds(receipt, envelope.sender)
        case .enrolment: unusable["an enrolment", default: 0] += 1
        case .registration, .welcome, .refusal, .status, .enrolled, .modelPiece, .contributionReceipt, .alarmReceipt,
            .falseAlarms, .samples:
            unusable["a server's message", default: 0] += 1
        }
    }

    private mutating func take(
        _ heartbeat: Heartbeat, _ envelope: Envelope, from member: Member, at now: Instant,
        _ directives: inout [ServerDirective]
    ) {
        guard envelope.sequence > member.lastHeartbeat else { return }
        members[envelope.sender]?.lastHeartbeat = envelope.sequence
        members[envelope.sender]?.heartbeat = heartbeat
        if heartbeat.roundTripMicroseconds > 0 {
            let time = Duration.microseconds(Int64(heartbeat.roundTripMicroseconds))
            members[envelope.sender]?.leastRoundTrip = min(member.leastRoundTrip ?? time, time)
        }
        if heartbeat.assignmentRevision > member.acknowledged {
            members[envelope.sender]?.acknowledged = heartbeat.assignmentRevision
            if heartbeat.assignmentRevision >= member.assignmentRevision {
                members[envelope.sender]?.assignedSince = nil
            }
            release(upTo: heartbeat.assignmentRevision, by: envelope.sender, at: now)
        }
        sendStatus(to: envelope.sender, answering: envelope.sequence, at: now, &directives)
        tellFalseAlarms(to: envelope.sender, at: now, &directives)
    }

    private mutating func refuse(_ error: FederationError, to peer: Peer, _ directives: inout [ServerDirective]) {
        unusable[error.code.rawValue, default: 0] += 1
        let reason: Refusal.Reason
        switch error.code {
        case .unsupportedVersion: reason = .unsupportedVersion
        case .unknownType: reason = .unknownType
        default:
            // Noise gets no answer: whoever sent it may not be a worker at all.
            directives.append(.note(Note(.debug, "unreadable message", ["error": error.description])))
            return
        }
        directives.append(.note(Note(.warning, "message refused", ["error": error.description])))
        send(.refusal(Refusal(reason, text: "the server: \(error.description)")), to: peer, epoch: 0, &directives)
    }

    // MARK: Sending

    mutating func send(_ message: Message, to peer: Peer, epoch: UInt64, _ directives: inout [ServerDirective]) {
        sequence += 1
        directives.append(
            .send(
                Envelope(
                    sender: "server", federation: configuration.federation, leaseEpoch: epoch, sequence: sequence,
                    message: message), to: peer))
    }

    mutating func send(_ message: Message, to member: Member, _ directives: inout [ServerDirective]) {
        send(message, to: member.peer, epoch: member.epoch, &directives)
    }

    mutating func sendStatus(
        to name: String, answering sequence: UInt64 = 0, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard let member = members[name] else { return }
        // Thousands of names travel only to whoever lacks them, and not more often than that can be wanted.
        var lacksIt =
            member.acknowledged < member.assignmentRevision || member.assignmentRevision == 0
            || member.heartbeat.assignmentRevision < member.assignmentRevision
        if member.entities.count > 64, let sent = member.assignmentSent, lacksIt, sequence > 0 {
            lacksIt = now - sent >= configuration.heartbeatInterval / 2
        }
        if lacksIt { members[name]?.assignmentSent = now }
        let status = ServerStatus(
            answers: sequence, version: version, digest: digest, plan: plan(for: name, at: now),
            finished: isFinished, isChosen: isChosen(name), mayAccelerate: mayAccelerate(name),
            assignmentRevision: member.assignmentRevision, assignment: lacksIt ? member.assignment : nil,
            nextKey: nextKey.map {
                KeyChange(
                    key: $0.key, remainingMilliseconds: UInt32(clamping: max(.zero, $0.at - now).milliseconds))
            })
        send(.status(status), to: member, &directives)
    }

    mutating func announce(at now: Instant, _ directives: inout [ServerDirective]) {
        for name in members.keys.sorted() { sendStatus(to: name, at: now, &directives) }
    }
}
