import Federation
import Numerics
import Placement
import Platform

/// A clock that a test moves.
final class TestClock: NodeClock, @unchecked Sendable {
    // Unchecked: a test runs on one thread.
    var now = Instant.zero
}

/// Sockets that a test fills and empties; they take turns between their peers.
final class TestPort: NodePort {
    var arriving: [Message.Channel: [ArrivedMessage]] = [:]
    var sent: [(peer: [UInt8], envelope: Envelope)] = []
    var reconnections = 0
    /// Messages that are made up when they are asked for: a flood that never ends.
    var flood: (() -> ArrivedMessage)?
    private var isFloodsTurn = false

    func receive(on channel: Message.Channel) throws -> ArrivedMessage? {
        isFloodsTurn.toggle()
        if channel == .control, isFloodsTurn, let flood { return flood() }
        guard var waiting = arriving[channel], !waiting.isEmpty else {
            return channel == .control ? flood?() : nil
        }
        let next = waiting.removeFirst()
        arriving[channel] = waiting
        return next
    }

    func send(_ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel) throws -> SendOutcome {
        sent.append((peer, try Envelope(decoding: message.bytes, limit: WireLimits.message)))
        return .queued
    }

    func reconnect() { reconnections += 1 }
    func close() {}

    func put(_ envelope: Envelope, from peer: String, by caller: Caller = .anybody) {
        arriving[envelope.message.channel, default: []].append(
            ArrivedMessage(peer: Array(peer.utf8), caller: caller, bytes: envelope.encoded()))
    }

    /// What was sent to a peer since it was last asked.
    func take(for peer: String) -> [Envelope] {
        let mine = sent.filter { $0.peer == Array(peer.utf8) }.map(\.envelope)
        sent.removeAll { $0.peer == Array(peer.utf8) }
        return mine
    }
}

/// Slow work that takes as long as a test says.
final class TestTasks: NodeTasks {
    private let clock: TestClock
    var durations: [NodeTask.Lane: Duration] = [:]
    /// How many were started.
    private(set) var started: [NodeTask.Lane: Int] = [:]
    private var waiting: [(at: Instant, work: @Sendable () -> Void)] = []
    private var free: [NodeTask.Lane: Instant] = [:]

    init(_ clock: TestClock) { self.clock = clock }

    func start(_ task: NodeTask, _ work: @escaping @Sendable () -> Void) {
        started[task.lane, default: 0] += 1
        let at = max(clock.now, free[task.lane] ?? .zero) + (durations[task.lane] ?? .zero)
        free[task.lane] = at
        waiting.append((at, work))
    }

    /// Does what is done by now.
    func run() {
        while let index = waiting.indices.filter({ waiting[$0].at <= clock.now }).min(by: {
            (waiting[$0].at, $0) < (waiting[$1].at, $1)
        }) { waiting.remove(at: index).work() }
    }
}

/// What a server keeps, in memory.
final class TestDisk: ServerDisk, @unchecked Sendable {
    // Unchecked: a test runs on one thread.
    var commits: [Commit] = []
    var kept: [KeptContribution] = []
    var abandoned: [RoundRecord] = []
    /// Workers whose kept contributions were read.
    var reads: [String] = []
    var delivered: [UInt64: UInt64] = [:]

    func commit(_ commit: Commit) { commits.append(commit) }
    func keep(_ contributions: [KeptContribution]) { kept += contributions }
    func contribution(to round: UInt32, of worker: String, digest: [UInt8]) -> [UInt8]? {
        reads.append(worker)
        return kept.last {
            $0.accepted.round == round && $0.accepted.worker == worker && $0.accepted.digest == digest
        }?.payload.array
    }
    func recordAbandoned(_ record: RoundRecord) { abandoned.append(record) }
    func record(_ workers: [WorkerView]) {}
    func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?] { alarms.map { _ in nil } }
    func store(_ alarms: AlarmStore) {
    }
    func keep(_ profile: MeasuredProfile) {}
    func publish(_ model: FederatedModel, version: UInt64) {}
    func check() {}
}

/// A server's node with everything around it in a test's hands, and workers that are nothing but what a test makes them.
final class NodeHarness {
    let clock = TestClock()
    let port = TestPort()
    let disk = TestDisk()
    let tasks: TestTasks
    let node: ServerNode
    var notes: [Note] = []
    let federation = FederationIdentity(1, 2)

    init(
        access: Access = .plain, placement: PlacementLoop? = nil,
        _ configure: (inout ServerConfiguration) -> Void = { _ in }
    ) {
        tasks = TestTasks(clock)
        var configuration = ServerConfiguration()
        configuration.federation = federation
        configuration.rounds = 100
        configuration.roundDeadline = .seconds(20)
        configure(&configuration)
        let box = NoteBox()
        node = ServerNode(
            configuration: configuration, strategy: FederatedAveraging(), maker: ToyMaker(), recovery: .new,
            placement: placement, access: access, port: port, disk: disk, clock: clock, tasks: tasks, inbox: Inbox(),
            note: { box.notes.append($0) })
        self.box = box
    }

    private let box: NoteBox

    /// The log's lines so far.
    var lines: [String] { box.notes.map { "\($0.message) \($0.fields.sorted { $0.key < $1.key })" } }

    /// Turns of the node for a while, 50 ms apart, each after `each`.
    func run(for duration: Duration, each: () -> Void = {}) throws {
        let end = clock.now + duration
        while clock.now < end {
            clock.now = clock.now + .milliseconds(50)
            each()
            tasks.run()
            try node.turn()
            tasks.run()
        }
    }
}

private final class NoteBox {
    var notes: [Note] = []
}

/// A worker that follows the protocol, or as much of it as a test wants.
final class ScriptedWorker {
    let name: String
    let harness: NodeHarness
    let entities: [String]
    let domain: String
    var epoch: UInt64?
    var status: ServerStatus?
    var assignment: Assignment?
    var acknowledges = true
    var contributes = true
    var spoilsStatistics = false
    /// Whether it sends the first half of its training, and no more.
    var stopsHalfWay = false
    /// What it does to its contributions before it sends them.
    var tamper: ((inout Contribution) -> Void)?
    /// Where it asks before it sends its training: what it announces, of what is so.
    var asks: (([AnnouncedChange]) -> [AnnouncedChange])?
    /// What it was answered to its contributions, and bytes of them that it has sent.
    var received: [ContributionReceipt] = []
    var sentBytes = 0
    private var waiting: (piece: ContributionPiece, payload: [UInt8])?
    /// Bytes without meaning that its statistics have besides.
    var padding = 0
    /// Whose key it has.
    var caller = Caller.anybody
    var answered = 0
    var refusals: [Refusal] = []
    /// What it was told of alarms that were called false; it answers none of it by itself.
    var falseAlarms: [FalseAlarmList] = []
    private var sequence: UInt64 = 0
    private var lastHeartbeat = Instant.zero
    private var contributed: Set<UInt64> = []
    private var revision: UInt64 = 0
    private var bundle: [UInt8: FederatedModel] = [:]

    init(_ name: String, in harness: NodeHarness, entities: [String], domain: String? = nil) {
        self.name = name
        self.harness = harness
        self.entities = entities
        self.domain = domain ?? name
    }

    func send(_ message: Message) {
        sequence += 1
        harness.port.put(
            Envelope(
                sender: name, federation: epoch == nil ? .none : harness.federation, leaseEpoch: epoch ?? 0,
                sequence: sequence, message: message), from: name, by: caller)
    }

    /// What it does every 50 ms.
    func turn() {
        for envelope in harness.port.take(for: name) { receive(envelope) }
        if epoch == nil {
            send(
                .registration(
                    Registration(
                        incarnation: 7, site: domain, domain: domain,
                        capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                        entities: entities)))
        } else if harness.clock.now - lastHeartbeat >= .seconds(1) {
            heartbeat()
        }
        contribute()
    }

    func heartbeat() {
        lastHeartbeat = harness.clock.now
        send(
            .heartbeat(
                Heartbeat(assignmentRevision: acknowledges ? revision : 0, activity: .idle, version: 0)))
    }

    private func receive(_ envelope: Envelope) {
        switch envelope.message {
        case .welcome: epoch = envelope.leaseEpoch
        case .refusal(let refusal) where refusal.reason == .notAdmitted: epoch = nil
        case .refusal(let refusal): refusals.append(refusal)
        case .status(let status):
            answered += status.answers > 0 ? 1 : 0
            self.status = status
            if let given = status.assignment {
                assignment = given
                revision = status.assignmentRevision
            }
        case .falseAlarms(let list): falseAlarms.append(list)
        case .contributionReceipt(let receipt):
            received.append(receipt)
            guard receipt.outcome == .partial, let (asked, payload) = waiting, receipt.digest == asked.digest else {
                break
            }
            waiting = nil
            var piece = asked
            piece.changes = []
            piece.bytes = Bytes(stopsHalfWay ? Array(payload.prefix(payload.count / 2)) : payload)
            sentBytes += piece.bytes.count
            send(.contributionPiece(piece))
        default: break
        }
    }

    private func contribute() {
        guard contributes, let status, let plan = status.plan, let assignment, !assignment.entities.isEmpty,
            contributed.insert(UInt64(plan.round) << 32 | UInt64(plan.attempt)).inserted
        else { return }
        let key = WorkKey(
            round: plan.round, kind: plan.kind, baseVersion: plan.baseVersion, baseDigest: plan.baseDigest,
            entities: assignment.entities.filter { !plan.covered.contains($0) })
        var payload = ToyLearner.work(key, base: harness.node.machine.bundle)
        let changes = try? Contribution(decoding: payload).announcement(from: harness.node.machine.bundle)
        if let tamper, var contribution = try? Contribution(decoding: payload) {
            tamper(&contribution)
            payload = contribution.encoded()
        }
        if padding > 0, plan.kind == .statistics { payload = ToyLearner.work(key, base: nil, padding: padding) }
        if spoilsStatistics, plan.kind == .statistics { payload = Array("not a contribution".utf8) }
        var piece = ContributionPiece(
            round: plan.round, attempt: plan.attempt, assignmentRevision: status.assignmentRevision,
            digest: SHA256.digest(payload), totalBytes: UInt64(payload.count), offset: 0, bytes: Bytes(payload))
        if let asks, plan.kind == .training {
            waiting = (piece, payload)
            piece.changes = asks(changes ?? [])
            piece.bytes = []
        } else {
            sentBytes += payload.count
        }
        send(.contributionPiece(piece))
    }
}
