import Federation
import Numerics
import Platform

/// The machine on which the server runs: its folder, and the process if there is one.
final class ServerPlace {
    unowned let cluster: SimulatedCluster
    var folder: ServerFolder
    /// Copies of the folder as it was at earlier times.
    private var backups: [ServerFolder] = []
    private(set) var process: SimulatedProcess?
    private(set) var node: ServerNode?
    let faults = DiskFaults()
    /// What the running server still writes to although another folder, or none, is in its place.
    private var lost: ServerFolder?
    /// Whether the folder was taken away under the running server.
    var isFolderGone: Bool { lost != nil }
    /// What the running server writes to.
    var open: ServerFolder {
        get { lost ?? folder }
        set { if lost == nil { folder = newValue } else { lost = newValue } }
    }
    /// Slow work takes this at most.
    var longestWrite: Duration = .milliseconds(3)
    private var starts = 0
    private var folders = 0

    init(_ cluster: SimulatedCluster) {
        self.cluster = cluster
        folder = ServerFolder(federation: FederationIdentity(cluster.generator.next(), cluster.generator.next()))
        faults.died = { [unowned self] accident in
            cluster.tally.count(accident == .torn ? .tornWrite : .lostWrite)
            end("the power went in the middle of a write (\(accident))", restartAfter: .milliseconds(700))
        }
    }

    // MARK: The process

    func start() {
        guard process == nil else { return }
        starts += 1
        do {
            let recovery = try folder.recover()
            cluster.observe(
                .serverStarted(
                    folder: folder.number, version: recovery.version, alarms: Set(folder.alarms.map(\.claim.key))))
            cluster.say("server", "starts: version \(recovery.version), round \(recovery.nextRound)")
            run(recovery)
        } catch {
            // What is damaged is noticed, and whoever runs the server puts a backup in its place that is not.
            cluster.say("server", "cannot start: \(error)")
            backups.removeAll { backup in
                var backup = backup
                return (try? backup.recover()) == nil
            }
            if !restore() { lose() }
            cluster.agenda.after(.milliseconds(300)) { [weak self] in self?.start() }
        }
    }

    private func run(_ recovery: ServerRecovery) {
        let (agenda, settings) = (cluster.agenda, cluster.settings)
        let port = SimulatedPort(cluster.network.openServer(), network: cluster.network, isServer: true)
        let clock = SimulatedClock(agenda: agenda, starting: .zero + .seconds(100))
        let tasks = SimulatedTasks(agenda: agenda, seed: cluster.seed, process: 1_000_000 + starts)
        let process = SimulatedProcess(port: port, clock: clock, tasks: tasks, agenda: agenda, network: cluster.network)
        port.arrived = { [unowned cluster] bytes, peer in
            if let envelope = try? Envelope(decoding: bytes, limit: WireLimits.message) {
                cluster.observe(.arrived(envelope, from: peer))
                if case .alarmBatch(let batch) = envelope.message {
                    cluster.say(
                        "server",
                        "gets \(batch.alarms.count) alarms of \(envelope.sender) from \(batch.first), oldest \(batch.oldest)"
                    )
                }
                if !cluster.isHealthy { cluster.hostile.overhear(bytes, from: peer) }
            }
        }
        port.sent = { [unowned cluster] bytes, peer in
            if let envelope = try? Envelope(decoding: bytes, limit: WireLimits.message) {
                cluster.observe(.sent(envelope, to: peer))
                if case .alarmReceipt(let receipt) = envelope.message {
                    cluster.say("server", "has alarms up to \(receipt.delivered), says it under \(envelope.leaseEpoch)")
                }
            }
        }
        var configuration = ServerConfiguration()
        configuration.federation = folder.federation
        configuration.rounds = settings.rounds
        configuration.minimumWorkers = settings.quorum
        configuration.quorum = settings.quorum
        configuration.roundDeadline = settings.roundDeadline
        configuration.heartbeatInterval = settings.heartbeat
        configuration.missedHeartbeats = settings.missedHeartbeats
        configuration.pieceBytes = 64
        configuration.backlogBytes = 512
        configuration.unfinishedBytes = 128_000
        configuration.tokenSecret = (0..<8).map { _ in UInt8.random(in: 0...255, using: &cluster.generator) }
        var recovery = recovery
        cluster.variant?.change(&configuration, &recovery)
        cluster.variant?.change(port, ofServer: self)
        let node = ServerNode(
            configuration: configuration, strategy: cluster.variant?.strategy ?? FederatedAveraging(),
            maker: ToyMaker(), recovery: recovery, alarms: folder.alarmRecovery,
            access: .identified(cluster.identities.registry, ClosedOffice()), port: port,
            disk: SimulatedServerDisk(self, faults: faults),
            clock: clock, tasks: tasks, inbox: Inbox()
        ) { [unowned cluster] note in
            var note = note
            cluster.variant?.change(&note)
            cluster.observe(.noted(note))
            cluster.say("server", note)
        }
        process.turn = { [unowned cluster] in
            try node.turn()
            cluster.observe(.held(bytes: node.machine.uploadBytes))
        }
        process.resumed = { [unowned cluster] in cluster.observe(.serverAttentive) }
        process.ended = { [unowned self] error in end("\(error)", restartAfter: .milliseconds(800)) }
        self.node = node
        self.process = process
        setSpeed()
        process.start()
    }

    /// Takes over how fast the disk is.
    func setSpeed() {
        process?.tasks.longest[.disk] = longestWrite
        process?.tasks.longest[.alarms] = longestWrite
    }

    /// The process dies, and another is started after a while.
    func end(_ why: String, writing lanes: [NodeTask.Lane: Int] = [:], restartAfter pause: Duration) {
        guard let process else { return }
        cluster.say("server", "ends: \(why)")
        self.process = nil
        node = nil
        defer { lost = nil }
        process.die(writing: lanes)
        cluster.observe(.serverEnded)
        cluster.agenda.after(pause) { [weak self] in self?.start() }
    }

    // MARK: The folder

    func backUp() { backups = backups.suffix(4) + [folder] }

    /// An older copy of the folder takes its place; whether there is one.
    func restore() -> Bool {
        guard let older = backups.randomElement(using: &cluster.generator) else { return false }
        replaceFolder(by: older, "an older one is put in its place: version \(older.version)")
        return true
    }

    /// The folder is lost; a server begins with an empty one.
    func lose() {
        backups = []
        replaceFolder(
            by: ServerFolder(federation: FederationIdentity(cluster.generator.next(), cluster.generator.next())),
            "it is lost")
    }

    private func replaceFolder(by other: ServerFolder, _ what: String) {
        if process != nil, lost == nil { lost = folder }
        folder = other
        folders += 1
        folder.number = folders
        cluster.say("server's folder", what)
    }

    /// One bit of what is stored is another.
    func flipABit() {
        let draw = Int.random(in: 0..<3, using: &cluster.generator)
        if draw == 0, !folder.model.isEmpty {
            flip(&folder.model)
        } else if draw == 1, !folder.alarms.isEmpty {
            flip(&folder.alarms[Int.random(in: 0..<folder.alarms.count, using: &cluster.generator)].bytes)
        } else if let round = folder.kept.keys.filter({ $0 < folder.nextRound }).max(),
            let worker = folder.kept[round]?.keys.min()
        {
            flip(&folder.kept[round, default: [:]][worker, default: []])
        } else {
            return
        }
        cluster.tally.count(.flippedBit)
    }

    private func flip(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        bytes[Int.random(in: 0..<bytes.count, using: &cluster.generator)] ^=
            1 << UInt8.random(in: 0..<8, using: &cluster.generator)
    }

    // MARK: Alarms

    /// Puts alarms that count into the log, with how far their spool is in it then.
    func log(_ store: AlarmStore) {
        for entry in store.entries {
            open.alarms.append((entry.claim, entry.bytes))
            cluster.observe(.logged(sequence: entry.sequence, bytes: entry.bytes))
        }
        open.services += store.services
        guard !store.worker.isEmpty else { return }
        open.spools.removeAll { $0.worker == store.worker && $0.spool == store.spool }
        open.spools.append((store.worker, store.spool, store.delivered))
    }
}
