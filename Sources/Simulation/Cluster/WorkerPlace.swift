import Federation
import Numerics
import Platform

/// The machine on which a worker runs: its folder, and the process if there is one.
final class WorkerPlace {
    unowned let cluster: SimulatedCluster
    let index: Int
    let name: String
    /// Its site, which is its domain too.
    let site: String
    let entities: [String]
    var folder: WorkerFolder
    /// Entities of other workers of which it has a copy.
    var copies: Set<String> = []
    let faults = DiskFaults()
    private(set) var process: SimulatedProcess?
    private(set) var node: WorkerNode?
    private(set) var learner: ToyLearner?
    private(set) var mover: ToyMover?
    private(set) var watcher: ToyWatcher?
    /// What is done to its local work.
    var spoiling: ToyLearner.Spoiling? { didSet { learner?.spoiling = spoiling } }
    /// Whether its local work fails.
    var fails = false { didSet { learner?.fails = fails } }
    /// Local work takes this at most.
    var longestWork: Duration
    /// Slow writes take this at most.
    var longestWrite: Duration = .milliseconds(3)
    /// Whether it only offers its samples.
    var standsBy = false
    /// Whether it is started again when it ends.
    var comesBack = true
    private var older: [WorkerFolder] = []
    private var starts = 0

    /// Whether its process can do something now.
    var isAwake: Bool { process.map { cluster.agenda.now >= $0.pausedUntil } ?? false }

    init(_ cluster: SimulatedCluster, index: Int, name: String, site: String, entities: [String]) {
        self.cluster = cluster
        self.index = index
        self.name = name
        self.site = site
        self.entities = entities
        folder = WorkerFolder(spool: cluster.generator.next())
        longestWork = cluster.settings.longestWork
        faults.died = { [unowned self] accident in
            cluster.tally.count(accident == .torn ? .tornWrite : .lostWrite)
            end("the power went in the middle of a write (\(accident))", restartAfter: .milliseconds(500))
        }
    }

    // MARK: The process

    func start() {
        guard process == nil else { return }
        starts += 1
        let (agenda, number) = (cluster.agenda, index * 1_000 + starts)
        let incarnation = cluster.generator.next()
        let address = Array("\(name)#\(String(incarnation, radix: 16))".utf8)
        let port = SimulatedPort(
            cluster.network.openWorker(
                address: address, place: index, caller: SimulatedIdentities.caller(name)), network: cluster.network,
            isServer: false)
        let clock = SimulatedClock(agenda: agenda, starting: .zero + .seconds(Int64(index + 1) * 1_000))
        let tasks = SimulatedTasks(agenda: agenda, seed: cluster.seed, process: number)
        let process = SimulatedProcess(port: port, clock: clock, tasks: tasks, agenda: agenda, network: cluster.network)
        let inbox = Inbox<WorkerNode.Input>()
        let disk = SimulatedWorkerDisk(self, faults: faults)
        let learner = ToyLearner(entities: entities, seed: cluster.seed, process: number)
        learner.spoiling = spoiling
        learner.fails = fails
        learner.spoilt = { [unowned self] bad, key in
            let payload = bad.computed(from: key.baseDigest, of: key.entities).encoded()
            cluster.observe(.spoilt(digest: SHA256.digest(payload), worker: name))
        }
        let watcher = ToyWatcher(self, disk: disk, inbox: inbox)
        let mover = ToyMover(self, inbox: inbox)
        cluster.variant?.change(port, of: self)
        port.reconnects = cluster.variant != .neverReconnects
        let (memory, model) = folder.recover()
        // An older folder, or a copy of one, cannot speak for numbers that others had.
        if cluster.variant == .forgetsSpoolNames { folder.isKnown = false }
        folder.begin(spool: incarnation)
        for (number, alarm) in folder.alarms {
            cluster.observe(.spooled(worker: name, spool: folder.spool, number: number, bytes: alarm))
        }
        cluster.say(name, "starts: version \(memory.version), spool \(folder.delivered) of \(folder.latest)")
        let node = WorkerNode(
            machine: machine(incarnation, learner.capabilities, memory), memory: memory, model: model, port: port,
            disk: disk, clock: clock, tasks: tasks, learner: learner, watcher: watcher, samples: mover, inbox: inbox
        ) { [unowned self] note in cluster.say(name, note) }
        process.turn = { try node.turn() }
        process.ended = { [unowned self] error in end("\(error)", restartAfter: .seconds(1)) }
        (self.node, self.process, self.learner, self.watcher, self.mover) = (node, process, learner, watcher, mover)
        setSpeed()
        process.start()
        measure(inbox, of: process)
    }

    private func machine(_ incarnation: UInt64, _ capabilities: Capabilities, _ memory: WorkerMemory) -> WorkerMachine {
        var configuration = WorkerConfiguration(
            name: name,
            registration: Registration(
                incarnation: incarnation, site: site, domain: site, capabilities: capabilities, entities: entities,
                dataAddress: standsBy || cluster.settings.offersSamples ? "tcp://\(name)" : "", standsBy: standsBy,
                mirrored: copies.sorted()))
        configuration.pieceBytes = 96
        configuration.unaskedBytes = 96
        configuration.capabilitiesPatience = .milliseconds(300)
        return WorkerMachine(
            configuration: configuration, generator: CounterBasedGenerator(seed: incarnation, purpose: "registration"),
            federation: memory.federation, version: memory.version, digest: memory.digest, entities: memory.entities)
    }

    /// It counts and measures for a while, before or after it has registered.
    private func measure(_ inbox: Inbox<WorkerNode.Input>, of process: SimulatedProcess) {
        let pause = Duration.milliseconds(Int64.random(in: 20...1_000, using: &cluster.generator))
        cluster.agenda.after(pause) {
            inbox.put(.machine(.capable(ToyLearner.measured)))
            process.wake()
        }
    }

    /// Takes over how fast its disk and its training are.
    func setSpeed() {
        process?.tasks.longest[.disk] = longestWrite
        process?.tasks.longest[.alarms] = longestWrite
        process?.tasks.longest[.work] = longestWork
    }

    /// The process dies, and another is started after a while.
    func end(_ why: String, writing lanes: [NodeTask.Lane: Int] = [:], restartAfter pause: Duration) {
        guard let process else { return }
        cluster.say(name, "ends: \(why)")
        if comesBack { cluster.observe(.workerEnded(name)) }
        watcher?.stop()
        mover?.stop()
        self.process = nil
        node = nil
        process.die(writing: lanes)
        guard comesBack else { return }
        cluster.agenda.after(pause) { [weak self] in self?.start() }
    }

    // MARK: The folder

    func backUp() { older = older.suffix(4) + [folder] }

    /// Starts again with what was in the folder at an earlier time, or with nothing.
    func restore() {
        end("its folder is replaced", restartAfter: .milliseconds(600))
        if let before = older.randomElement(using: &cluster.generator) {
            // What was spooled since is lost with the folder; the streams raise it again.
            folder = before
            cluster.say(name, "an older folder is put in its place: version \(before.memory.version)")
        }
    }

    /// One bit of what is stored is another.
    func flipABit() {
        guard !folder.model.isEmpty else { return }
        folder.model[Int.random(in: 0..<folder.model.count, using: &cluster.generator)] ^=
            1 << UInt8.random(in: 0..<8, using: &cluster.generator)
        cluster.tally.count(.flippedBit)
    }

    /// Another process of the same name, with a copy of everything that this one has on its disk.
    func copy() -> WorkerPlace {
        let twin = WorkerPlace(cluster, index: index, name: name, site: site, entities: entities)
        twin.folder = folder
        twin.copies = copies
        twin.comesBack = false
        return twin
    }
}
