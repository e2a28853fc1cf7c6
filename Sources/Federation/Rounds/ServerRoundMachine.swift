import Numerics
package import Platform

/// The server's side of the federation as a value: who is in, which round runs, what counts.
///
/// It reads no clock and does no I/O; its owner hands it events with the time at which they happened and carries out
/// the directives in their order.
package struct ServerRoundMachine: Sendable {
    /// What the machine is doing.
    enum Phase: Sendable {
        /// Too few workers, or about to start.
        case waiting
        /// A round is open.
        case running(OpenRound)
        /// A commit is on its way to the disk.
        case committing(Commit, bundle: FederatedModel?)
        /// Every round is done.
        case finished
    }

    /// An admitted worker.
    struct Member: Sendable {
        var registration: Registration
        var peer: Peer
        var epoch: UInt64
        var lastHeard: Instant
        var lastHeartbeat: UInt64 = 0
        var heartbeat = Heartbeat(assignmentRevision: 0, activity: .idle, version: 0)
        var assignmentRevision: UInt64 = 0
        var entities: [String] = []
        var rejected = 0
    }

    /// An entity: names are unique within a domain.
    struct EntityKey: Hashable, Sendable {
        var domain: String
        var entity: String
    }

    /// What it was told.
    package let configuration: ServerConfiguration
    /// How contributions become the next version.
    package let strategy: any Strategy
    let maker: any InitialModelMaker
    let term: UInt32

    var phase = Phase.waiting
    var members: [String: Member] = [:]
    var leasesGiven: UInt32 = 0
    var sequence: UInt64 = 0
    var revision: UInt64 = 0
    /// Who may serve an entity now.
    var owners: [EntityKey: String] = [:]
    /// Entities that their owner was told to give up, and the revision that says so.
    var releasing: [EntityKey: UInt64] = [:]
    /// The worker that has the samples of an entity whose owner does not reach it by itself.
    var holders: [EntityKey: String] = [:]
    var uploads: [String: PieceAssembly] = [:]
    var attempt: UInt32 = 0
    /// Who is chosen; `nil` where nobody has chosen, so that all are.
    var choice: WorkerChoice?
    /// Who is chosen from the next round on.
    var nextChoice: WorkerChoice?
    /// Domains that lost a chosen worker; whoever chooses has until the next event to say who takes over.
    var bereaved: Set<String> = []
    /// Grows when a worker comes, goes, or says more of itself.
    package internal(set) var membershipRevision: UInt64 = 0

    /// The committed version.
    package internal(set) var version: UInt64
    /// Its models.
    package internal(set) var bundle: FederatedModel?
    /// The first round that is not committed.
    package internal(set) var nextRound: UInt32
    /// Contributions that failed the gate, by kind of fault.
    package internal(set) var rejections: [FederationError.Code: Int] = [:]
    /// Messages that could not be read or came from nobody who is in, by what was wrong.
    package internal(set) var unusable: [String: Int] = [:]
    var modelBytes: [UInt8] = []
    var modelDigest: [UInt8] = []

    /// A server that goes on where `recovery` says.
    package init(
        configuration: ServerConfiguration, strategy: any Strategy, maker: any InitialModelMaker,
        recovery: ServerRecovery
    ) {
        self.configuration = configuration
        self.strategy = strategy
        self.maker = maker
        term = recovery.term
        version = recovery.version
        bundle = recovery.bundle
        nextRound = recovery.nextRound
        if let bundle {
            modelBytes = bundle.encoded()
            modelDigest = SHA256.digest(modelBytes)
        }
        if nextRound > lastRound { phase = .finished }
    }

    /// Number of the last round: the evaluation's, or the last training round's.
    package var lastRound: UInt32 { configuration.rounds + (configuration.evaluates ? 1 : 0) }

    /// Whether every round is done.
    package var isFinished: Bool {
        if case .finished = phase { true } else { false }
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
        round == 0 ? .statistics : round <= configuration.rounds ? .training : .evaluation
    }

    /// One event, at its time; what to do about it.
    package mutating func step(_ event: ServerEvent, at now: Instant) -> [ServerDirective] {
        var directives: [ServerDirective] = []
        if case .chosen = event {
            // What follows spreads the entities anew.
        } else {
            let domains = bereaved.sorted()
            bereaved = []
            for domain in domains { rebalance(domain: domain, at: now, &directives) }
        }
        switch event {
        case .received(let envelope, let peer): receive(envelope, from: peer, at: now, &directives)
        case .unreadable(let error, let peer): refuse(error, to: peer, &directives)
        case .tick: break
        case .chosen(let choice, let isUrgent): choose(choice, isUrgent: isUrgent, at: now, &directives)
        case .committed(let version): committed(version, at: now, &directives)
        case .commitFailed(let reason): commitFailed(reason, at: now, &directives)
        case .alarmsStored(let worker, let epoch, let spool, let delivered):
            guard let member = members[worker], member.epoch == epoch else { break }
            send(.alarmReceipt(AlarmReceipt(spool: spool, delivered: delivered)), to: member, &directives)
        }
        expireLeases(at: now, &directives)
        advance(at: now, &directives)
        return directives
    }

    private mutating func receive(
        _ envelope: Envelope, from peer: Peer, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        if case .registration(let registration) = envelope.message {
            register(registration, name: envelope.sender, from: peer, at: now, &directives)
            return
        }
        guard var member = members[envelope.sender], member.epoch == envelope.leaseEpoch, member.peer == peer,
            now - member.lastHeard <= configuration.lease
        else {
            unusable["no such lease", default: 0] += 1
            let text = "no lease \(envelope.leaseEpoch) for \(envelope.sender) here: register again"
            send(.refusal(Refusal(.notAdmitted, text: text)), to: peer, epoch: envelope.leaseEpoch, &directives)
            return
        }
        member.lastHeard = now
        members[envelope.sender] = member
        switch envelope.message {
        case .heartbeat(let heartbeat):
            guard envelope.sequence > member.lastHeartbeat else { return }
            members[envelope.sender]?.lastHeartbeat = envelope.sequence
            members[envelope.sender]?.heartbeat = heartbeat
            release(upTo: heartbeat.assignmentRevision, by: envelope.sender, at: now, &directives)
            sendStatus(to: envelope.sender, answering: envelope.sequence, at: now, &directives)
        case .goodbye:
            end(envelope.sender, .left, at: now, &directives)
        case .modelRequest(let request):
            serveModel(request, to: member, &directives)
        case .contributionPiece(let piece):
            receive(piece, from: envelope.sender, at: now, &directives)
        case .alarmBatch(let batch):
            guard !batch.alarms.isEmpty, batch.first > 0 else { return }
            directives.append(
                .storeAlarms(
                    batch, worker: envelope.sender, entities: alarmEntities(of: member), leaseEpoch: member.epoch))
        case .registration, .welcome, .refusal, .status, .modelPiece, .contributionReceipt, .alarmReceipt,
            .samples:
            unusable["a server's message", default: 0] += 1
        }
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
            .send(Envelope(sender: "server", leaseEpoch: epoch, sequence: sequence, message: message), to: peer))
    }

    mutating func send(_ message: Message, to member: Member, _ directives: inout [ServerDirective]) {
        send(message, to: member.peer, epoch: member.epoch, &directives)
    }

    mutating func sendStatus(
        to name: String, answering sequence: UInt64 = 0, at now: Instant, _ directives: inout [ServerDirective]
    ) {
        guard let member = members[name] else { return }
        let status = ServerStatus(
            answers: sequence, version: version, plan: plan(for: name, at: now), finished: isFinished,
            isChosen: isChosen(name), mayAccelerate: mayAccelerate(name),
            assignmentRevision: member.assignmentRevision, entities: member.entities,
            sources: sources(for: name, member), grants: grants(for: name, member))
        send(.status(status), to: member, &directives)
    }

    mutating func announce(at now: Instant, _ directives: inout [ServerDirective]) {
        for name in members.keys.sorted() { sendStatus(to: name, at: now, &directives) }
    }

    private mutating func serveModel(
        _ request: ModelRequest, to member: Member, _ directives: inout [ServerDirective]
    ) {
        // A worker that asks for another version learns of the current one from its next status.
        guard request.version == version, version > 0, let offset = Int(exactly: request.offset),
            offset < modelBytes.count
        else { return }
        let end = min(modelBytes.count, offset + min(configuration.pieceBytes, WireLimits.piece))
        let piece = ModelPiece(
            version: version, digest: modelDigest, totalBytes: UInt64(modelBytes.count), offset: request.offset,
            bytes: Array(modelBytes[offset..<end]))
        send(.modelPiece(piece), to: member, &directives)
    }
}
