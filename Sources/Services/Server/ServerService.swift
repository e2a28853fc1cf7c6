import Autoencoders
import Federation
import Foundation
import Placement
package import Platform
import Synchronization

/// The server's process: a ``Federation/ServerNode`` with sockets, a clock, a folder and threads, and HTTP beside it.
///
/// One thread owns the node; slow work is done on threads of its lanes. HTTP connections read from the databases and from a
/// board, and change the fault library under its own lock.
package final class ServerService {
    private let settings: ServerSettings
    private let log: Logger
    private let board = ServerBoard()
    private let library: FaultLibraryStore
    private let operations: OperatorStore
    private let forwarding: ForwardingThreads?
    private let stop: StopSignal
    private let node: ServerNode
    private let port: any MessagePort
    private let tasks = LaneThreads()
    private let http: HTTPServer
    private var lastShown = ContinuousClock.now - .seconds(1)

    /// The port of the HTTP interface.
    package var httpPort: Int { http.port }

    /// Opens everything: the folder with its databases, the sockets, the HTTP interface.
    ///
    /// - Parameters:
    ///   - port: the message port to use instead of ZeroMQ's on the configured addresses.
    ///   - tool: program and version, for the record in models.
    /// - Throws: ``ServiceError``, `StorageError` or `TransportError` when something cannot be had.
    package init(
        settings: ServerSettings, tool: String, log: Logger, stop: StopSignal, port: (any MessagePort)? = nil
    ) throws {
        self.settings = settings
        self.log = log
        self.stop = stop
        if port == nil { try Self.requireLoopback(settings) }
        let folder = try DataFolder(settings.folder)
        let registry = try VersionRegistry(path: folder.file("registry.db"))
        let alarms = try AlarmLog(path: folder.file("alarms.db"))
        library = try FaultLibraryStore(path: folder.file("library.json"))
        operations = try OperatorStore(path: folder.file("operations.db"))
        var federation = settings.federation
        federation.awaitsChoice = settings.placement != nil
        // Not draws that any result depends on: nobody may foresee the one, nobody else may have the other.
        federation.tokenSecret = (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
        federation.federation = try registry.federation {
            FederationIdentity(UInt64.random(in: 1 ... .max), UInt64.random(in: 1 ... .max))
        }
        federation.digest = try registry.remember(try RecordedConfiguration(settings).encoded())
        let strategy = FederatedAveraging(
            hyperparameters: try DeterministicJSON.encode(settings.training, pretty: false))
        let recovery = try Self.recover(from: registry)
        DescriptorLimit.raise()
        let disk = try ServerFolder(
            folder, registry: registry, alarms: alarms, federation: "\(federation.federation)", board: board,
            keptRounds: settings.keptRounds, retention: settings.retention, tool: tool, log: log)
        let alarmRecovery = try ServerFolder.recovery(of: alarms)
        board.lastAlarm.store(alarmRecovery.lastSequence, ordering: .releasing)
        if let damage = alarms.damage {
            log.error(
                "alarms.db is damaged: what can be read is served, the rest is left out",
                ["found": damage, "remedy": "restore it from a backup, or go on"])
        }
        Self.recallWorkers(from: try registry.workers(), to: board)
        let opened = try port ?? ZeroMQPort.listening(control: settings.control, bulk: settings.bulk)
        self.port = opened
        let waker = opened.waker
        node = ServerNode(
            configuration: federation, strategy: strategy,
            maker: TelemetryModelMaker(configuration: settings.training, rules: settings.rules), recovery: recovery,
            alarms: alarmRecovery,
            placement: settings.placement.map {
                PlacementLoop($0, times: ServerFolder.trainingTimes(folder, log: log))
            }, keepsContributions: settings.keptRounds > 0, port: opened, disk: disk, clock: MonotonicClock(),
            tasks: tasks, inbox: Inbox { waker.wake() }, note: { log.write($0) })
        let incidents = IncidentBook(log: folder.file("alarms.db"), dependencies: settings.dependencies)
        let view = AlarmView(names: library, incidents: incidents, operations: operations)
        forwarding =
            settings.forwarders.isEmpty
            ? nil : try ForwardingThreads(settings.forwarders, folder: folder, view: view, board: board, log: log)
        // Whoever reaches the interface could change the target and the library: only from this machine.
        let api = ServerAPI(
            board: board, folder: folder.path, library: library, view: view, forwarding: forwarding,
            takesChanges: LoopbackAddress.contains("tcp://\(settings.httpHost):1"))
        // What it says is true from the first answer on.
        Self.show(node, on: board)
        http = try HTTPServer(host: settings.httpHost, port: settings.httpPort, names: settings.httpNames) {
            api.answer($0)
        }
    }

    private static func requireLoopback(_ settings: ServerSettings) throws {
        let host = settings.httpHost.contains(":") ? "[\(settings.httpHost)]" : settings.httpHost
        let http = "\(host):\(settings.httpPort)"
        for (endpoint, shown) in [
            (settings.control, settings.control), (settings.bulk, settings.bulk), ("tcp://\(host):1", http),
        ] {
            guard try Endpoint(endpoint).isLoopback || settings.allowsPlaintextNetwork else {
                throw ServiceError(
                    .configuration,
                    "\(shown) is no loopback address and nothing is encrypted: use 127.0.0.1, or "
                        + "say plaintextNetwork: true if the network is trusted")
            }
        }
    }

    private static func recover(from registry: VersionRegistry) throws -> ServerRecovery {
        let version = try registry.latestVersion()
        return ServerRecovery(
            term: UInt32(clamping: try registry.beginTerm()), nextRound: UInt32(clamping: try registry.nextRound()),
            version: UInt64(clamping: version?.number ?? 0),
            bundle: try version.map { version throws(FederationError) in
                try FederatedModel(decoding: version.bytes)
            })
    }

    private static func recallWorkers(from records: [(name: String, record: [UInt8])], to board: ServerBoard) {
        for (name, record) in records {
            guard var entry = try? JSONDecoder().decode(WorkerEntry.self, from: Data(record)) else { continue }
            if entry.state == "active" { entry.state = "lost" }
            board.update { $0.workers[name] = entry }
        }
    }

    /// Serves until the stop signal; blocks the calling thread.
    ///
    /// - Throws: what makes going on impossible, such as a disk that is full.
    package func run() throws {
        stop.wake(port.waker)
        if settings.allowsPlaintextNetwork {
            log.warning("traffic is not encrypted", ["control": settings.control, "bulk": settings.bulk])
        }
        log.notice(
            "server started",
            [
                "control": settings.control, "bulk": settings.bulk, "http": "\(settings.httpHost):\(http.port)",
                "version": "\(node.machine.version)", "nextRound": "\(node.machine.nextRound)",
                "federation": "\(node.machine.configuration.federation)",
            ])
        let notification = ServiceNotification()
        notification.ready()
        defer {
            notification.stopping()
            board.stopping.store(true, ordering: .relaxed)
            tasks.stop(upTo: .milliseconds(500))
            forwarding?.stop()
            http.stop()
            port.close()
            log.notice("server stopped", ["version": "\(node.machine.version)"])
        }
        while !stop.isSet {
            try port.wait(upTo: ServerNode.tickInterval)
            try node.turn()
            if let target = board.takeTarget(), let placing = node.placement {
                node.inbox.put(
                    .target(seconds: target.targetSeconds, rounds: target.rounds ?? placing.rounds))
            }
            if let failure = library.storageFailure ?? operations.storageFailure ?? forwarding?.storageFailure,
                failure.code == .full || failure.code == .unwritable
            {
                throw failure
            }
            showState()
            notification.alive()
        }
    }

    /// Not with each message: what people and programs look at is good enough ten times a second.
    private func showState() {
        let now = ContinuousClock.now
        guard now - lastShown >= .milliseconds(100) else { return }
        lastShown = now
        Self.show(node, on: board)
    }

    private static func show(_ node: ServerNode, on board: ServerBoard) {
        let machine = node.machine
        let workers = machine.workers
        let report = node.placement.map(PlacementReport.init)
        board.update { state in
            state.federation = "\(machine.configuration.federation)"
            state.version = machine.version
            state.finished = machine.isFinished
            state.waitingFor = machine.waitingFor
            state.open = machine.openRound.map { ($0.round, $0.attempt, $0.kind.description, $0.accepted) }
            for view in workers { state.workers[view.name] = WorkerEntry(view) }
            for (name, left) in machine.departures { state.workers[name]?.state = left.rawValue }
            state.rejections = Dictionary(
                uniqueKeysWithValues: machine.rejections.map { ($0.key.rawValue, $0.value) })
            state.placement = report
            state.refusedAlarms = Dictionary(
                uniqueKeysWithValues: node.acceptance.refusals.map { ("\($0.key)", $0.value) })
        }
    }
}
