import Federation
import Numerics
import Placement
import Platform
import Services

/// A clock that a conversation moves.
///
/// Unchecked: used by one thread.
private final class FuzzClock: NodeClock, @unchecked Sendable {
    var now = Instant.zero
}

/// Sockets that a conversation fills; what is sent is read as its receiver would.
private final class FuzzPort: NodePort {
    var arriving: [Message.Channel: [ArrivedMessage]] = [:]
    /// Of each peer the lease that it was told of.
    var leases: [[UInt8]: UInt64] = [:]
    private(set) var sentBytes = 0

    func receive(on channel: Message.Channel) throws -> ArrivedMessage? {
        guard var waiting = arriving[channel], !waiting.isEmpty else { return nil }
        let next = waiting.removeFirst()
        arriving[channel] = waiting
        return next
    }

    func send(_ message: EncodedMessage, to peer: [UInt8], on channel: Message.Channel) throws -> SendOutcome {
        sentBytes += message.count
        do throws(FederationError) {
            let envelope = try Envelope(decoding: message.bytes, limit: WireLimits.message)
            if case .welcome = envelope.message { leases[peer] = envelope.leaseEpoch }
        } catch {
            throw FuzzTarget.Finding("a node sends what nobody can read: \(error)")
        }
        return .queued
    }

    func close() {}
}

/// Slow work that is done at once.
private final class FuzzTasks: NodeTasks {
    private var waiting: [@Sendable () -> Void] = []

    func start(_ task: NodeTask, _ work: @escaping @Sendable () -> Void) { waiting.append(work) }

    func run() {
        while !waiting.isEmpty { waiting.removeFirst()() }
    }
}

/// A server's disk that takes everything and forgets it.
private final class FuzzServerDisk: ServerDisk {
    func commit(_ commit: Commit) {}
    func keep(_ contributions: [KeptContribution]) {}
    func contribution(to round: UInt32, of worker: String, digest: [UInt8]) -> [UInt8]? { nil }
    func recordAbandoned(_ record: RoundRecord) {}
    func record(_ workers: [WorkerView]) {}
    func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?] { DetachedInterface.claims(alarms) }
    func store(_ alarms: AlarmStore) {}
    func keep(_ profile: MeasuredProfile) {}
    func publish(_ model: FederatedModel, version: UInt64) {}
    func check() {}
}

/// A server to which up to four peers say what a conversation says.
final class FuzzedServer {
    private let clock = FuzzClock()
    private let port = FuzzPort()
    private let tasks = FuzzTasks()
    private let node: ServerNode
    private var sequences: [Int: UInt64] = [:]
    private static let federation = FederationIdentity(1, 2)

    init() {
        var configuration = ServerConfiguration()
        configuration.federation = Self.federation
        configuration.rounds = 2
        configuration.roundDeadline = .seconds(4)
        configuration.pieceBytes = 512
        configuration.unfinishedBytes = 1 << 20
        configuration.backlogBytes = 1 << 20
        configuration.maximumContributionBytes = 1 << 18
        configuration.tokenSecret = [1, 2, 3]
        node = ServerNode(
            configuration: configuration, strategy: FederatedAveraging(),
            maker: TelemetryModelMaker(configuration: Examples.configuration, rules: Examples.rules), recovery: .new,
            port: port, disk: FuzzServerDisk(), clock: clock, tasks: tasks, inbox: Inbox(),
            note: { note in _ = "\(note.message) \(note.fields)".utf8.count })
    }

    /// Says it all.
    func run(_ conversation: Conversation) throws {
        for step in conversation.steps {
            try wait(milliseconds: step.pause)
            let peer = Array("peer\(step.sender)".utf8)
            let sequence = sequences[step.sender, default: 0] + 1
            sequences[step.sender] = sequence
            let lease = port.leases[peer] ?? 0
            let envelope = Envelope(
                sender: "worker\(step.sender)", federation: lease == 0 ? .none : Self.federation,
                leaseEpoch: step.isLeased ? lease : lease &+ 1, sequence: sequence, message: step.message)
            port.arriving[step.message.channel, default: []].append(
                ArrivedMessage(peer: peer, bytes: envelope.encoded()))
            try turn()
        }
        try wait(milliseconds: 5_000)
    }

    private func wait(milliseconds: Int) throws {
        for _ in 0..<min(milliseconds, 8_000) / 500 {
            clock.now = clock.now + .milliseconds(500)
            try turn()
        }
        clock.now = clock.now + .milliseconds(Int64(milliseconds % 500))
        try turn()
    }

    private func turn() throws {
        try node.turn()
        tasks.run()
        try node.turn()
        tasks.run()
    }
}

/// A worker's disk that takes everything and forgets it.
private final class FuzzWorkerDisk: WorkerDisk {
    func keep(_ memory: WorkerMemory, model: [UInt8]?) {}
    func spooled() -> WorkerEvent { .alarmsSpooled(spool: 1, oldest: 1, latest: 3, delivered: 0) }
    func alarms(after number: UInt64, limit: Int) -> [[UInt8]] {
        number < 3 ? (number..<3).prefix(limit).map { [UInt8(truncatingIfNeeded: $0)] } : []
    }
    func decideAlarms(upTo number: UInt64) {}
    func refuseAlarms(_ refused: [AlarmReceipt.Refused]) {}
    func rewindAlarms(to number: UInt64) {}
    func keepSpoolName() {}
}

/// Looks at the model and watches nothing.
private final class FuzzWatcher: Watcher {
    func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?) {
        _ = try? FederationContext(of: model).bundle(of: model, tool: "fuzz")
    }
    func heed(_ falseAlarms: [FalseAlarmNotice]) { _ = KnownFalseAlarms(falseAlarms) }
    func stop() {}
}

private final class FuzzMover: SampleMover {
    func mirror(_ sources: [SampleSource]) {}
    func grant(_ grants: [SampleGrant]) {}
}

private struct FuzzLearner: Learner {
    let entities = ["a/b"]
    let capabilities = Examples.registration.capabilities
    func measureCapabilities(isCancelled: @escaping @Sendable () -> Bool) -> Capabilities { capabilities }
    func work(
        _ key: WorkKey, hyperparameters: [UInt8], model: FederatedModel?, mayAccelerate: Bool,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution { Examples.contribution }
}

/// A worker to which a server says what a conversation says.
final class FuzzedWorker {
    private let clock = FuzzClock()
    private let port = FuzzPort()
    private let tasks = FuzzTasks()
    private let node: WorkerNode
    private var sequence: UInt64 = 0

    init() {
        var configuration = WorkerConfiguration(name: "w", registration: Examples.registration)
        configuration.maximumModelBytes = 1 << 18
        configuration.pieceBytes = 512
        let machine = WorkerMachine(
            configuration: configuration, generator: CounterBasedGenerator(seed: 1, purpose: "registration"))
        node = WorkerNode(
            machine: machine, memory: WorkerMemory(), model: nil, port: port, disk: FuzzWorkerDisk(), clock: clock,
            tasks: tasks, learner: FuzzLearner(), watcher: FuzzWatcher(), samples: FuzzMover(), inbox: Inbox(),
            note: { note in _ = "\(note.message) \(note.fields)".utf8.count })
    }

    /// Says it all.
    func run(_ conversation: Conversation) throws {
        try turn()
        for step in conversation.steps {
            for _ in 0..<min(step.pause, 8_000) / 500 {
                clock.now = clock.now + .milliseconds(500)
                try turn()
            }
            clock.now = clock.now + .milliseconds(50)
            sequence += 1
            let envelope = Envelope(
                sender: "server", federation: FederationIdentity(1, 2), leaseEpoch: step.isLeased ? 3 : 4,
                sequence: sequence, message: step.message)
            port.arriving[step.message.channel, default: []].append(
                ArrivedMessage(peer: [], bytes: envelope.encoded()))
            try turn()
        }
        node.end()
    }

    private func turn() throws {
        try node.turn()
        tasks.run()
        try node.turn()
        tasks.run()
    }
}
