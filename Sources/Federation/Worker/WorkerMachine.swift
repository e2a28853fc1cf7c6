import Checksums
package import TensorModule

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

    struct Download: Sendable {
        var version: UInt64
        var assembly: PieceAssembly?
        var lastRequest: Instant
    }

    enum Work: Sendable {
        case running(WorkKey)
        case done(WorkKey, payload: [UInt8], digest: [UInt8])
    }

    struct Upload: Sendable {
        var attempt: UInt32
        /// Where the piece on its way begins.
        var offset: Int
        /// What the server has, by its last receipt.
        var acknowledged: Int
        var lastSent: Instant
        var accepted = false
    }

    /// What it was told.
    package let configuration: WorkerConfiguration
    var generator: CounterBasedGenerator
    var sequence: UInt64 = 0
    var lease: Lease?
    var nextRegistration = Instant.zero
    var refusedSince: Instant?
    var lastHeard: Instant?
    var unreachable = false
    var lastHeartbeat = Instant.zero
    var lastStatus: UInt64 = 0
    var status: ServerStatus?
    var work: Work?
    var upload: Upload?
    var download: Download?
    var scoring: UInt64?
    var spool: UInt64 = 0
    var spooled: UInt64 = 0
    var delivered: UInt64 = 0
    var lastAlarms: Instant?
    var streamEnded = false
    var scoredSamples: UInt64 = 0
    var stopped = false

    /// The version that it holds; 0 for none.
    package private(set) var version: UInt64
    /// The entities that it serves.
    package private(set) var entities: [String]

    /// A worker that holds a version and serves entities from an earlier start, or neither.
    package init(
        configuration: WorkerConfiguration, generator: CounterBasedGenerator, version: UInt64 = 0,
        entities: [String] = []
    ) {
        self.configuration = configuration
        self.generator = generator
        self.version = version
        self.entities = entities
    }

    /// The lease under which it works, if the server let it in.
    package var leaseEpoch: UInt64? { lease?.epoch }
    /// The entities that the server gave it under its present lease; `nil` until it has heard. What it serves from an
    /// earlier lease it goes on serving until then, without being accepted for it.
    package var acceptedEntities: [String]? { lease == nil ? nil : status?.entities }
    /// The last alarm that is safe with the server.
    package var deliveredAlarms: UInt64 { delivered }

    /// One event, at its time; what to do about it.
    package mutating func step(_ event: WorkerEvent, at now: Instant) -> [WorkerDirective] {
        guard !stopped else { return [] }
        var directives: [WorkerDirective] = []
        switch event {
        case .received(let envelope): receive(envelope, at: now, &directives)
        case .tick: break
        case .workFinished(let key, let payload):
            guard case .running(key) = work else { break }
            work = .done(key, payload: payload, digest: SHA256.digest(payload))
            pursuePlan(at: now, &directives)
        case .workFailed(let key, let reason):
            guard case .running(key) = work else { break }
            directives.append(
                .note(Note(.error, "local work failed", ["round": "\(key.round)", "reason": reason])))
            // The others shall not wait for it until the deadline: it gives nothing.
            let payload = Contribution(kind: key.kind, rawBytes: 0).encoded()
            work = .done(key, payload: payload, digest: SHA256.digest(payload))
            pursuePlan(at: now, &directives)
        case .alarmsSpooled(let spool, let latest, let delivered):
            self.spool = spool
            spooled = max(spooled, latest)
            self.delivered = max(self.delivered, delivered)
        case .spoolRead(let batch):
            guard lease != nil, !batch.alarms.isEmpty else { break }
            send(.alarmBatch(batch), &directives)
        case .streamProgress(let samples, let ended):
            scoredSamples = samples
            streamEnded = ended
        case .stop:
            if lease != nil { send(.goodbye, &directives) }
            stopped = true
            return directives
        }
        keepUp(at: now, &directives)
        return directives
    }

    // MARK: Receiving

    private mutating func receive(_ envelope: Envelope, at now: Instant, _ directives: inout [WorkerDirective]) {
        switch envelope.message {
        case .welcome(let welcome):
            guard welcome.incarnation == configuration.registration.incarnation else { return }
            heard(at: now, &directives)
            guard lease.map({ envelope.leaseEpoch > $0.epoch }) ?? true else { return }
            lease = Lease(
                epoch: envelope.leaseEpoch,
                heartbeatInterval: .milliseconds(Int64(max(1, welcome.heartbeatMilliseconds))),
                duration: .milliseconds(Int64(welcome.leaseMilliseconds)))
            refusedSince = nil
            status = nil
            lastStatus = 0
            upload = nil
            lastAlarms = nil
            directives.append(.note(Note(.info, "registered", ["lease": "\(envelope.leaseEpoch)"])))
            sendHeartbeat(at: now, &directives)
        case .refusal(let refusal):
            refused(refusal, epoch: envelope.leaseEpoch, at: now, &directives)
        default:
            guard let lease, envelope.leaseEpoch == lease.epoch else { return }
            heard(at: now, &directives)
            switch envelope.message {
            case .status(let status):
                guard envelope.sequence > lastStatus else { return }
                lastStatus = envelope.sequence
                adoptStatus(status, at: now, &directives)
            case .modelPiece(let piece): receive(piece, at: now, &directives)
            case .contributionReceipt(let receipt): receive(receipt, at: now, &directives)
            case .alarmReceipt(let receipt):
                guard receipt.spool == spool, receipt.delivered > delivered else { return }
                delivered = min(receipt.delivered, spooled)
                lastAlarms = nil
                directives.append(.alarmsDelivered(upTo: delivered))
            default: break
            }
        }
    }

    private mutating func heard(at now: Instant, _ directives: inout [WorkerDirective]) {
        lastHeard = now
        guard unreachable else { return }
        unreachable = false
        directives.append(.note(Note(.info, "server is back")))
    }

    private mutating func refused(
        _ refusal: Refusal, epoch: UInt64, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        switch refusal.reason {
        case .notAdmitted:
            // A refusal of an older lease is an echo.
            guard let lease, lease.epoch == epoch else { return }
            heard(at: now, &directives)
            self.lease = nil
            nextRegistration = now
            directives.append(.note(Note(.info, "lease ended, registering again")))
        case .unsupportedVersion, .unknownType, .malformed:
            guard lease == nil else { return }
            directives.append(.fail(refusal.reason, refusal.text))
            stopped = true
        case .unacceptable:
            guard refusal.incarnation == configuration.registration.incarnation, lease == nil else { return }
            directives.append(.fail(refusal.reason, refusal.text))
            stopped = true
        case .duplicateName, .full:
            guard refusal.incarnation == configuration.registration.incarnation, lease == nil else { return }
            heard(at: now, &directives)
            let since = refusedSince ?? now
            if refusedSince == nil {
                directives.append(.note(Note(.warning, "registration refused", ["reason": refusal.text])))
            }
            refusedSince = since
            // A worker that was killed leaves a lease behind, which ends; a living namesake renews it.
            if refusal.reason == .duplicateName,
                now - since > .milliseconds(2 * Int64(refusal.patienceMilliseconds))
            {
                directives.append(.fail(refusal.reason, refusal.text))
                stopped = true
            }
        }
    }

    // MARK: Status and rounds

    private mutating func adoptStatus(_ new: ServerStatus, at now: Instant, _ directives: inout [WorkerDirective]) {
        let reassigned = status?.assignmentRevision != new.assignmentRevision
        status = new
        if entities != new.entities {
            entities = new.entities
            directives.append(.serve(entities: entities))
        }
        // At once: until the server knows, what this worker gave up serves nobody.
        if reassigned { sendHeartbeat(at: now, &directives) }
        if case .running(let key) = work, new.finished || new.version > key.baseVersion {
            directives.append(.cancelWork(key))
            work = nil
        }
        if new.version > version {
            if download?.version != new.version {
                download = Download(version: new.version, assembly: nil, lastRequest: now)
                requestModel(at: now, &directives)
            }
        } else {
            download = nil
        }
        pursuePlan(at: now, &directives)
        scoreIfDone(&directives)
    }

    private mutating func scoreIfDone(_ directives: inout [WorkerDirective]) {
        guard let status, status.finished, status.version == version, scoring != version else { return }
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
        guard plan.kind == .statistics || plan.baseVersion == version else { return }
        let key = WorkKey(
            round: plan.round, kind: plan.kind, baseVersion: plan.baseVersion, entities: entities)
        switch work {
        case .running(key): break
        case .done(key, _, _):
            guard upload?.attempt != plan.attempt else { break }
            upload = Upload(attempt: plan.attempt, offset: 0, acknowledged: 0, lastSent: now)
            sendPiece(at: now, &directives)
        default:
            if case .running(let old) = work { directives.append(.cancelWork(old)) }
            upload = nil
            work = .running(key)
            directives.append(.work(key, hyperparameters: plan.hyperparameters))
        }
    }

    // MARK: Transfers

    mutating func requestModel(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let download else { return }
        self.download?.lastRequest = now
        send(
            .modelRequest(
                ModelRequest(version: download.version, offset: UInt64(download.assembly?.bytes.count ?? 0))),
            &directives)
    }

    private mutating func receive(_ piece: ModelPiece, at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let download, piece.version == download.version, let total = Int(exactly: piece.totalBytes), total > 0
        else { return }
        guard total <= configuration.maximumModelBytes else {
            directives.append(
                .note(
                    Note(
                        .error, "model too large",
                        ["bytes": "\(total)", "allowed": "\(configuration.maximumModelBytes)"])))
            return
        }
        self.download = nil
        var assembly = download.assembly ?? PieceAssembly(digest: piece.digest, totalBytes: total)
        if assembly.digest != piece.digest || assembly.totalBytes != total {
            assembly = PieceAssembly(digest: piece.digest, totalBytes: total)
        }
        let before = assembly.bytes.count
        assembly.add(piece.bytes, at: piece.offset)
        guard assembly.isComplete else {
            let advanced = assembly.bytes.count > before
            self.download = Download(
                version: download.version, assembly: assembly, lastRequest: download.lastRequest)
            if advanced { requestModel(at: now, &directives) }
            return
        }
        guard assembly.isIntact else {
            directives.append(.note(Note(.warning, "model damaged on its way", ["version": "\(piece.version)"])))
            self.download = Download(version: download.version, assembly: nil, lastRequest: now)
            return
        }
        version = download.version
        directives.append(.adopt(version: version, model: assembly.bytes))
        pursuePlan(at: now, &directives)
        scoreIfDone(&directives)
    }

    mutating func sendPiece(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard let upload, !upload.accepted, let status, case .done(let key, let payload, let digest) = work else {
            return
        }
        self.upload?.lastSent = now
        let end = min(payload.count, upload.offset + min(configuration.pieceBytes, WireLimits.piece))
        send(
            .contributionPiece(
                ContributionPiece(
                    round: key.round, attempt: upload.attempt, assignmentRevision: status.assignmentRevision,
                    digest: digest, totalBytes: UInt64(payload.count), offset: UInt64(upload.offset),
                    bytes: Array(payload[upload.offset..<end]))),
            &directives)
    }

    private mutating func receive(
        _ receipt: ContributionReceipt, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        guard let upload, case .done(let key, let payload, let digest) = work, receipt.round == key.round,
            receipt.attempt == upload.attempt, receipt.digest == digest
        else { return }
        switch receipt.outcome {
        case .accepted:
            self.upload?.accepted = true
        case .notWanted:
            // Stays until a status brings another attempt; a status that still wants this one starts it again.
            self.upload = nil
            status?.plan = nil
        case .rejected:
            // Another attempt at the round finds it done again, not sent again.
            self.upload = nil
            work = nil
            status?.plan = nil
            directives.append(
                .note(
                    Note(.error, "contribution rejected", ["round": "\(key.round)", "reason": receipt.text])))
        case .partial:
            guard let received = Int(exactly: receipt.receivedBytes), received < payload.count else { return }
            self.upload?.acknowledged = received
            guard received > upload.offset else { return }
            self.upload?.offset = received
            sendPiece(at: now, &directives)
        }
    }

    // MARK: Time

    private mutating func keepUp(at now: Instant, _ directives: inout [WorkerDirective]) {
        guard !stopped else { return }
        guard let lease else {
            guard now >= nextRegistration else { return }
            // Spread out, so that the workers of a restarted server do not come all at once.
            let interval = configuration.registrationInterval
            nextRegistration =
                now + interval + .nanoseconds(Int64(Double(interval.nanoseconds) / 2 * generator.uniform()))
            sequence += 1
            directives.append(
                .send(
                    Envelope(
                        sender: configuration.name, leaseEpoch: 0, sequence: sequence,
                        message: .registration(configuration.registration))))
            noteSilence(longerThan: interval * 5, at: now, &directives)
            return
        }
        if now - lastHeartbeat >= lease.heartbeatInterval { sendHeartbeat(at: now, &directives) }
        noteSilence(longerThan: lease.duration, at: now, &directives)
        let retry = lease.heartbeatInterval
        if let upload, !upload.accepted, now - upload.lastSent >= retry {
            self.upload?.offset = upload.acknowledged
            sendPiece(at: now, &directives)
        }
        if let download, now - download.lastRequest >= retry { requestModel(at: now, &directives) }
        if spooled > delivered, lastAlarms.map({ now - $0 >= retry }) ?? true {
            lastAlarms = now
            directives.append(.readSpool(after: delivered, limit: configuration.alarmsPerBatch))
        }
    }

    private mutating func noteSilence(
        longerThan limit: Duration, at now: Instant, _ directives: inout [WorkerDirective]
    ) {
        if lastHeard == nil { lastHeard = now }
        guard let lastHeard, !unreachable, now - lastHeard > limit else { return }
        unreachable = true
        directives.append(.note(Note(.warning, "server unreachable")))
    }

    private var activity: Heartbeat.Activity {
        if scoring != nil { return .scoring }
        if let upload, !upload.accepted { return .uploading }
        if case .running = work { return .working }
        return download == nil ? .idle : .fetching
    }

    private mutating func sendHeartbeat(at now: Instant, _ directives: inout [WorkerDirective]) {
        lastHeartbeat = now
        send(
            .heartbeat(
                Heartbeat(
                    assignmentRevision: status?.assignmentRevision ?? 0, activity: activity, version: version,
                    scoredSamples: scoredSamples, streamEnded: streamEnded && spooled == delivered)),
            &directives)
    }

    private mutating func send(_ message: Message, _ directives: inout [WorkerDirective]) {
        guard let lease else { return }
        sequence += 1
        directives.append(
            .send(
                Envelope(
                    sender: configuration.name, leaseEpoch: lease.epoch, sequence: sequence, message: message)))
    }
}
