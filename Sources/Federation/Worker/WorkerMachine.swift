package import Numerics
package import Platform

/// The worker's side of the federation as a value: registration, rounds, transfers and delivery of alarms.
///
/// It reads no clock and does no I/O; its owner hands it events with the time at which they happened and carries out
/// the directives in their order.
package struct WorkerMachine: Sendable {
    struct Lease: Sendable {
        var epoch: UInt64
        var heartbeatInterval: Duration
        var duration: Duration
    }

    /// A version of the model: its number, and what tells it from another of the same number.
    struct Version: Hashable, Sendable {
        var number: UInt64
        var digest: [UInt8]

        static let none = Version(number: 0, digest: [])
    }

    struct Download: Sendable {
        var version: UInt64
        var digest: [UInt8]
        var assembly: PieceAssembly?
        var lastRequest: Instant
        /// When the bytes that are waited for were first asked for.
        var asked: Instant
        /// Requests for them that were not answered in time.
        var silences = 0
    }

    enum Work: Sendable {
        case running(WorkKey)
        case done(WorkKey, payload: Bytes, digest: [UInt8], seconds: Double)
    }

    struct Upload: Sendable {
        var attempt: UInt32
        /// Where the piece on its way begins.
        var offset: Int
        /// What the server has, by its last receipt.
        var acknowledged: Int
        var lastSent: Instant
        var accepted = false
        /// Whether the server has said that it may send.
        var isInvited = false
        /// Bytes that were sent and have no receipt yet: where they begin and end, and since when.
        var flight: (range: Range<Int>, since: Instant)?
        /// Questions about them that were not answered in time.
        var silences = 0
    }

    /// How long a plan waits for copies of samples.
    struct Patience: Sendable {
        var round: UInt32
        var attempt: UInt32
        var until: Instant
        /// The entities that it was begun with.
        var entities: [String]?
    }

    /// What it was told.
    package let configuration: WorkerConfiguration
    /// What it says of itself.
    var registration: Registration
    /// The revision of that which the server has.
    var registeredRevision: UInt32 = 0
    /// Until when it waits to know what it can do.
    var waitsForCapabilities: Instant?
    var generator: CounterBasedGenerator
    var sequence: UInt64 = 0
    var lease: Lease?
    var nextRegistration = Instant.zero
    var refusedSince: Instant?
    var lastHeard: Instant?
    var unreachable = false
    var lastHeartbeat = Instant.zero
    /// Heartbeats that wait for their answers.
    var heartbeats: [(sequence: UInt64, at: Instant)] = []
    /// When the latest of those was sent that were answered.
    var answeredHeartbeat: Instant?
    var roundTrip: Duration?
    /// The shortest round trip under this lease: what the way takes when nothing else is on it.
    var leastRoundTrip: Duration?
    /// What is known of the way up.
    var uploadPace = PiecePace()
    /// What is known of the way down.
    var downloadPace = PiecePace()
    var lastStatus: UInt64 = 0
    /// The latest receipt for alarms.
    var lastAlarmReceipt: UInt64 = 0
    /// The latest list of alarms that were called false.
    var lastFalseAlarms: UInt64 = 0
    var status: ServerStatus?
    /// What it was given under its present lease.
    var assignment: Assignment?
    /// The number of that.
    var assignmentRevision: UInt64 = 0
    /// Its connections.
    var links = ServerLinks()
    /// How long the connection for transfers has brought nothing.
    var transferSilence = TransferSilence()
    /// The version that it holds.
    var held: Version
    /// One that is on its way to the disk.
    var adopting: Version?
    /// Entities that it reaches by itself.
    var ownEntities: Set<String>
    /// Entities of which it has a copy.
    var mirrored: Set<String>
    var sources: [SampleSource] = []
    var grants: [SampleGrant] = []
    /// The plan that waits for copies, or was begun without all of them.
    var patience: Patience?
    var work: Work?
    var upload: Upload?
    var download: Download?
    var scoring: UInt64?
    var delivery: SpoolDelivery
    /// The key that the server will have, and from when on.
    var nextKey: (key: PublicKey, at: Instant)?
    /// What is said of the work that is done before it is sent.
    var announced: [AnnouncedChange] = []
    var streamEnded = false
    var scoredSamples: UInt64 = 0
    /// How its entities were scored since the server was last told.
    var scoreTelling = ScoreTelling()
    var stopped = false
    /// The attempt at a round in which the work that is done failed; `nil` when it did not.
    var failedAttempt: UInt32?

    /// The federation that it belongs to; none before it has met its server.
    package internal(set) var federation: FederationIdentity
    /// The entities that it serves.
    package internal(set) var entities: [String]
    /// The version that it holds; 0 for none.
    package var version: UInt64 { held.number }
    /// SHA-256 of that; empty for none.
    package var digest: [UInt8] { held.digest }

    /// A worker that holds a version of a federation and serves entities from an earlier start, or neither.
    package init(
        configuration: WorkerConfiguration, generator: CounterBasedGenerator,
        federation: FederationIdentity = .none, version: UInt64 = 0, digest: [UInt8] = [], entities: [String] = []
    ) {
        self.configuration = configuration
        delivery = SpoolDelivery(limit: configuration.alarmsPerBatch)
        registration = configuration.registration
        ownEntities = Set(registration.entities)
        mirrored = Set(registration.mirrored)
        self.generator = generator
        self.federation = federation
        held = Version(number: version, digest: digest)
        self.entities = entities
    }

    /// The lease under which it works, if the server let it in.
    package var leaseEpoch: UInt64? { lease?.epoch }
    /// The entities that the server gave it under its present lease; `nil` until it has heard. What it serves from an
    /// earlier lease it goes on serving until then, without being accepted for it.
    package var acceptedEntities: [String]? { lease == nil ? nil : assignment?.entities }

    /// The last alarm that is safe with the server, or refused.
    package var decidedAlarms: UInt64 { delivery.delivered }

    /// One event, at its time; what to do about it.
    package mutating func step(_ event: WorkerEvent, at now: Instant) -> [WorkerDirective] {
        guard !stopped else { return [] }
        var directives: [WorkerDirective] = []
        switch event {
        case .received(let envelope): receive(envelope, at: now, &directives)
        case .tick: break
        case .link(let channel, let link): linked(channel, link, at: now, &directives)
        case .capable(let capabilities):
            waitsForCapabilities = now
            registration.capabilities = capabilities
            registration.revision += 1
        case .reaches(let entities):
            let reach = Set(entities)
            guard !reach.isEmpty, reach != ownEntities else { break }
            ownEntities = reach
            registration.entities = reach.sorted()
            registration.revision += 1
        case .mirrored(let entities): mirrors(entities, at: now, &directives)
        case .heeding(let revision):
            guard lease != nil, revision == lastFalseAlarms else { break }
            send(.falseAlarmReceipt(FalseAlarmReceipt(revision: revision)), &directives)
        case .adopted(let version, let digest):
            adopted(Version(number: version, digest: digest), at: now, &directives)
        case .adoptionFailed(let version, let reason):
            guard adopting?.number == version else { break }
            adopting = nil
            directives.append(
                .note(Note(.error, "model could not be taken over", ["version": "\(version)", "reason": reason])))
        case .workFinished(let key, let payload, let digest, let seconds, let changes):
            guard case .running(key) = work else { break }
            failedAttempt = nil
            announced = changes
            work = .done(
                key, payload: payload, digest: digest, seconds: seconds.isFinite ? max(0, seconds) : 0)
            pursuePlan(at: now, &directives)
        case .workFailed(let key, let reason):
            guard case .running(key) = work else { break }
            directives.append(
                .note(Note(.warning, "local work failed", ["round": "\(key.round)", "reason": reason])))
            announced = []
            // The others shall not wait for it until the deadline: it gives nothing.
            let payload = Contribution(
                kind: key.kind, base: key.baseDigest, entities: key.entities, rawBytes: 0
            ).encoded()
            work = .done(key, payload: Bytes(payload), digest: SHA256.digest(payload), seconds: 0)
            failedAttempt = status?.plan?.attempt
            pursuePlan(at: now, &directives)
        case .alarmsSpooled(let spool, let oldest, let latest, let delivered, let earlier):
            delivery.spooled(spool: spool, oldest: oldest, latest: latest, delivered: delivered, earlier: earlier)
        case .spoolRead(let first, let alarms):
            guard lease != nil else { break }
            carryOut(delivery.read(alarms, first: first, at: now), &directives)
        case .streamProgress(let samples, let ended):
            scoredSamples = samples
            streamEnded = ended
        case .scores(let news): scoreTelling.add(news, at: now)
        case .stop:
            if lease != nil { send(.goodbye, &directives) }
            stopped = true
            return directives
        }
        keepUp(at: now, &directives)
        return directives
    }

    // MARK: Status and rounds

    mutating func adoptStatus(_ new: ServerStatus, at now: Instant, _ directives: inout [WorkerDirective]) {
        if status?.isChosen ?? true != new.isChosen {
            directives.append(.note(Note(.info, new.isChosen ? "chosen to train and serve" : "standing by")))
        }
        status = new
        learn(new.nextKey, at: now, &directives)
        if let given = new.assignment, assignment == nil || new.assignmentRevision != assignmentRevision {
            assignment = given
            assignmentRevision = new.assignmentRevision
            adoptSamples(given, &directives)
            // At once: until the server knows, what this worker gave up serves nobody.
            sendHeartbeat(at: now, &directives)
        }
        if let assignment { grant(assignment.grants, &directives) }
        // Without a plan the work may be wanted again, unless others do it.
        let standsBy = !new.isChosen && assignment?.entities.isEmpty ?? true
        let current = Version(number: new.version, digest: new.digest)
        if case .running(let key) = work,
            new.finished || standsBy || current != Version(number: key.baseVersion, digest: key.baseDigest)
        {
            directives.append(.cancelWork(key))
            work = nil
        }
        follow(current, at: now, &directives)
        pursuePlan(at: now, &directives)
        scoreIfDone(&directives)
    }

    /// Gets the server's version where this worker holds another: mostly the one before. A server that was restored from
    /// a backup has an older one, or another of the same number.
    private mutating func follow(_ current: Version, at now: Instant, _ directives: inout [WorkerDirective]) {
        guard held != current, adopting != current else {
            download = nil
            return
        }
        if held.number > current.number || (held.number == current.number && held != .none) {
            directives.append(
                .note(
                    Note(
                        .warning,
                        "the server went back to another version than this worker holds: it goes on from there",
                        ["held": "\(version)", "server": "\(current.number)"])))
            forget(&directives)
        }
        guard current.number > 0 else { return }
        if download?.version != current.number || download?.digest != current.digest {
            download = Download(
                version: current.number, digest: current.digest, assembly: nil, lastRequest: now, asked: now)
            requestModel(at: now, &directives)
        }
    }

    mutating func scoreIfDone(_ directives: inout [WorkerDirective]) {
        guard let status, status.finished, status.version == version, status.digest == digest, scoring != version else {
            return
        }
        scoring = version
        work = nil
        upload = nil
        directives.append(.score(version: version))
    }

    /// Does what the plan of the last status asks for: work, then upload.
    mutating func pursuePlan(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let plan = status?.plan, lease != nil else {
            upload = nil
            return
        }
        guard plan.kind == .statistics || (plan.baseVersion == version && plan.baseDigest == digest) else { return }
        guard let served = entitiesToWorkOn(plan, at: now) else { return }
        let covered = Set(plan.covered)
        let key = WorkKey(
            round: plan.round, kind: plan.kind, baseVersion: plan.baseVersion, baseDigest: plan.baseDigest,
            entities: covered.isEmpty ? served : served.filter { !covered.contains($0) })
        switch work {
        case .running(key): break
        // What failed in one attempt may work in the next.
        case .done(key, _, _, _) where failedAttempt == nil || failedAttempt == plan.attempt:
            guard upload?.attempt != plan.attempt else { break }
            upload = Upload(attempt: plan.attempt, offset: 0, acknowledged: 0, lastSent: now)
            sendPiece(at: now, &directives)
        default:
            if case .running(let old) = work { directives.append(.cancelWork(old)) }
            upload = nil
            work = .running(key)
            directives.append(
                .work(
                    key, hyperparameters: plan.hyperparameters, mayAccelerate: status?.mayAccelerate ?? false))
        }
    }

    mutating func send(_ message: Message, _ directives: inout [WorkerDirective]) {
        guard let lease else { return }
        if message.channel == .bulk { transferSilence.asked() }
        sequence += 1
        directives.append(
            .send(
                Envelope(
                    sender: configuration.name, federation: federation, leaseEpoch: lease.epoch, sequence: sequence,
                    message: message)))
    }
}
