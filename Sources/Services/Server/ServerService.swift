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
    private let forwarding: ForwardingThreads
    private let calendars: CalendarThreads
    private let falseAlarms: FalseAlarmThread
    private let workbench = Workbench()
    private let stop: StopSignal
    private let notification: ServiceNotification
    private let node: ServerNode
    private let port: any MessagePort
    private let tasks = LaneThreads()
    private let office: IdentityOffice?
    private let refusedConnections: RefusedConnections
    private let refusedRequests: RefusedRequests
    private var doors: LocalDoors
    private let localKeys: CurveKeys?
    private let http: HTTPServer
    private var nextShown = ContinuousClock.now
    private var shownCommit: CommitWait?

    /// The port of the HTTP interface.
    package var httpPort: Int { http.port }

    /// What may change while it runs.
    package var reload: ServerReload {
        ServerReload(http: http, forwarding: forwarding, calendars: calendars, hold: hold)
    }
    /// Lets changed settings hold after they are kept.
    private let hold: ServerReload.Hold

    /// Opens everything: the folder with its databases, the sockets, the HTTP interface.
    ///
    /// - Parameters:
    ///   - port: the message port to use instead of ZeroMQ's on the configured addresses.
    ///   - tool: program and version, for the record in models.
    ///   - runtime: what of the settings may change while it runs; `nil`: nothing.
    ///   - notification: hears how it is.
    /// - Throws: ``ServiceError``, `StorageError` or `TransportError` when something cannot be had.
    package init(
        settings: ServerSettings, tool: String, log: Logger, stop: StopSignal, port: (any MessagePort)? = nil,
        runtime: RuntimeConfiguration? = nil, notification: ServiceNotification = ServiceNotification()
    ) throws {
        self.settings = settings
        self.log = log
        self.stop = stop
        self.notification = notification
        try Self.requireProtection(settings, isPlain: settings.isPlain || port != nil)
        let needed = DescriptorLimit.needed(workers: settings.federation.maximumWorkers)
        let allowed = try DescriptorLimit.require(needed)
        let folder = try DataFolder(settings.folder)
        let isPlain = settings.isPlain || port != nil
        let gate = PeerGate()
        let refusedConnections = RefusedConnections { log.write($0) }
        self.refusedConnections = refusedConnections
        let refusedRequests = RefusedRequests { log.write($0) }
        self.refusedRequests = refusedRequests
        let identities = try isPlain ? nil : IdentityStore(folder: folder.path)
        let isLocal = try Endpoint(settings.control).isLoopback && Endpoint(settings.bulk).isLoopback
        let localKeys = try identities != nil && isLocal ? CurveKeys() : nil
        self.localKeys = localKeys
        office = try identities.map {
            try IdentityOffice(store: $0, gate: gate, localKey: localKeys?.publicKey)
        }
        do {
            try identities?.settleAudit()
            try identities?.verifyAudit()
        } catch let error as ServiceError {
            // Nothing that the server does follows from it; whoever changed it shall not keep the server from working.
            log.warning("the audit log is not what was written", ["reason": error.description])
        }
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
        let (tuning, recorded) = try ServerTuning.of(settings)
        federation.digest = try registry.remember(recorded)
        let recovery = try Self.recover(from: registry)
        FreeMemory.keepLittle()
        if allowed < needed {
            log.warning(
                "too few descriptors for the workers that may come",
                [
                    "workers": "\(settings.federation.maximumWorkers)", "needed": "\(needed)",
                    "allowed": "\(allowed), enough for \(DescriptorLimit.workers(within: allowed)) workers",
                    "remedy": "raise the hard limit (ulimit -Hn, LimitNOFILE), or lower maximum-workers",
                ])
        }
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
        let opened: any MessagePort
        var doors = LocalDoors()
        if let port {
            opened = port
        } else {
            // What was to be the next key may be due since the server ran last.
            let keys = try identities.map { try $0.takeNextKeys() ?? $0.serverKeys() }
            let listening = try ZeroMQPort.listening(
                control: settings.control, bulk: settings.bulk,
                security: keys.map { .listening($0, gate) } ?? .plain,
                quota: (settings.connections, refusedConnections))
            if let keys, let localKeys, let number = try Endpoint(listening.boundAddresses().control).port {
                try doors.open(control: number, server: keys.publicKey, secret: localKeys.secret)
            }
            opened = listening
        }
        self.port = opened
        let waker = opened.waker
        let clock = MonotonicClock()
        node = ServerNode(
            configuration: federation, strategy: tuning.strategy, maker: tuning.maker, recovery: recovery,
            alarms: alarmRecovery,
            placement: settings.placement.map {
                PlacementLoop($0, times: ServerFolder.trainingTimes(folder, log: log))
            }, keepsContributions: settings.keptRounds > 0,
            access: office.map { .identified($0.registry, $0) } ?? .plain, port: opened, disk: disk,
            clock: clock,
            tasks: tasks, inbox: Inbox { waker.wake() }, note: { log.write($0) })
        let incidents = IncidentBook(log: folder.file("alarms.db"), dependencies: settings.dependencies)
        let view = AlarmView(names: library, incidents: incidents, operations: operations)
        forwarding = try ForwardingThreads(
            settings.forwarders, subscriber: settings.subscriber, folder: folder, view: view, board: board,
            federation: "\(federation.federation)", log: log)
        calendars = try CalendarThreads(settings.calendars, folder: folder, operations: operations, log: log)
        let host = settings.httpHost.contains(":") ? "[\(settings.httpHost)]" : settings.httpHost
        let localToken = HTTPToken.makeText()
        let waiting = node.inbox
        falseAlarms = FalseAlarmThread(
            alarmLog: folder.file("alarms.db"), operations: operations, board: board, log: log
        ) { waiting.put(.machine(.falseAlarms($0))) }
        let authority = HTTPAuthority(
            isPlain: isPlain, isLocal: LoopbackAddress.contains("tcp://\(host):1"), localToken: localToken,
            office: office)
        let inbox = node.inbox
        let orders = ServerOrders { inbox.put($0) }
        hold = { settings, keep, seconds in
            let (tuning, recorded) = try ServerTuning.of(settings)
            return orders.tune(
                tuning,
                keep: {
                    try disk.remember(recorded)
                    try keep()
                }, upTo: seconds)
        }
        let api = ServerAPI(
            board: board, scores: node.scores, clock: clock, folder: folder.path, library: library, view: view,
            forwarding: forwarding, calendars: calendars, workbench: workbench, tool: tool, authority: authority,
            office: office, orders: orders,
            configuration: ConfigurationAPI(runtime: runtime, hold: hold, authority: authority), log: log)
        // What it says is true from the first answer on.
        Self.show(node, on: board)
        http = try HTTPServer(
            host: settings.httpHost, port: settings.httpPort, names: settings.httpNames,
            largeBodies: api.largeBodies, certificate: settings.certificate,
            quota: HTTPServer.Quota(refused: refusedRequests) { authority.tokenName(of: $0) },
            listening: { if authority.takesLocalToken { try doors.open(http: $0, token: localToken) } },
            allowed: { ServerRoutes.allowed($0) }, handler: { api.answer($0) })
        self.doors = doors
    }

    /// Nothing leaves this machine that is not encrypted.
    private static func requireProtection(_ settings: ServerSettings, isPlain: Bool) throws {
        for endpoint in [settings.control, settings.bulk] {
            guard try Endpoint(endpoint).isLoopback || !isPlain else {
                throw ServiceError(
                    .configuration, "plain: found \(endpoint), expected a loopback address: nothing is encrypted")
            }
        }
        let host = settings.httpHost.contains(":") ? "[\(settings.httpHost)]" : settings.httpHost
        guard try !Endpoint("tcp://\(host):1").isLoopback else { return }
        guard settings.certificate != nil, !isPlain else {
            throw ServiceError(
                .configuration,
                "http: found \(host):\(settings.httpPort), which other machines reach, expected a loopback address, or "
                    + "--certificate and --certificate-key, and no --plain")
        }
    }

    /// Looks whether settings can be used as far as that shows without opening anything.
    ///
    /// - Throws: ``ServiceError``, `StorageError` or `TransportError` that says what cannot.
    package static func check(_ settings: ServerSettings) throws {
        try requireProtection(settings, isPlain: settings.isPlain)
        if let certificate = settings.certificate { _ = try HTTPServer.pem(certificate) }
    }

    private static func recover(from registry: VersionRegistry) throws -> ServerRecovery {
        let version = try registry.latestVersion()
        return ServerRecovery(
            term: UInt32(clamping: try registry.beginTerm()), nextRound: UInt32(clamping: try registry.nextRound()),
            version: UInt64(clamping: version?.number ?? 0),
            bundle: try version.map { version throws(FederationError) in
                try FederatedModel(decoding: version.bytes)
            }, history: try Self.history(in: registry), loop: try registry.loop())
    }

    /// What changes were in the latest rounds of the present loop.
    private static func history(in registry: VersionRegistry) throws -> ChangeHistory {
        let entries = try registry.rounds(latest: ChangeHistory.longest * 4).compactMap {
            try? JSONDecoder().decode(RoundEntry.self, from: Data($0.record))
        }
        let begins = [RoundKind.statistics.description, RoundEntry.restoration]
        let begin = entries.lastIndex { $0.committed && begins.contains($0.kind) } ?? 0
        var history = ChangeHistory()
        for entry in entries.dropFirst(begin) where entry.committed && entry.kind == RoundKind.training.description {
            if let gate = entry.gate { history.add(gate) }
        }
        return history
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
        if settings.isPlain {
            log.warning(
                "plain: nothing is encrypted, and nobody is asked who he is",
                ["control": settings.control, "bulk": settings.bulk])
        }
        let inbox = node.inbox
        office?.start(
            announced: { [office] keys in
                let left = keys.flatMap { office?.remaining($0) } ?? .zero
                inbox.put(.machine(.keyAnnounced(keys?.next.keys.publicKey, after: left)))
            },
            changed: { inbox.put(.identities($0)) }, failed: { inbox.put(.failed("identities", $0)) })
        log.notice(
            "server started",
            [
                "control": settings.control, "bulk": settings.bulk, "http": "\(settings.httpHost):\(http.port)",
                "version": "\(node.machine.version)", "nextRound": "\(node.machine.nextRound)",
                "federation": "\(node.machine.configuration.federation)",
            ])
        notification.ready()
        defer {
            notification.stopping()
            board.stopping.store(true, ordering: .relaxed)
            doors.close()
            tasks.stop(upTo: .milliseconds(500))
            office?.stop()
            forwarding.stop()
            calendars.stop()
            falseAlarms.stop()
            workbench.stop()
            http.stop()
            port.close()
            log.notice("server stopped", ["version": "\(node.machine.version)"])
        }
        while !stop.isSet {
            if node.takesBulk {
                try port.wait(upTo: ServerNode.tickInterval)
            } else {
                try port.waitForControl(upTo: ServerNode.tickInterval)
            }
            try node.turn()
            if let target = board.takeTarget(), let placing = node.placement {
                node.inbox.put(
                    .target(seconds: target.targetSeconds, rounds: target.rounds ?? placing.rounds))
            }
            if let failure = library.storageFailure ?? operations.storageFailure ?? forwarding.storageFailure,
                failure.code == .full || failure.code == .unwritable
            {
                throw failure
            }
            try takeKeys()
            showCommit()
            showState()
            notification.alive()
        }
    }

    /// The key that was announced is the server's now: its workers come back with it.
    private func takeKeys() throws {
        guard let keys = office?.takeKeys(), let listening = port as? ZeroMQPort else { return }
        try listening.take(keys)
        if let localKeys, let number = try Endpoint(listening.boundAddresses().control).port {
            try doors.open(control: number, server: keys.publicKey, secret: localKeys.secret)
        }
        log.notice("the server has its next key", ["key": "\(keys.publicKey)"])
    }

    /// At once: whoever reads a round's record right after it was made wants to know this too.
    private func showCommit() {
        guard let wait = node.commitWait, wait != shownCommit else { return }
        shownCommit = wait
        board.update { state in
            state.syncSeconds[wait.round] = wait.duration.seconds
            if state.syncSeconds.count > 2_048 {
                state.syncSeconds = state.syncSeconds.filter { $0.key > wait.round &- 1_024 && $0.key <= wait.round }
            }
        }
    }

    /// Not with each message: what people and programs look at is good enough ten times a second, and less often where
    /// there are so many workers that it costs a twentieth of the time.
    private func showState() {
        let now = ContinuousClock.now
        guard now >= nextShown else { return }
        Self.show(node, on: board)
        notification.status(statusLine)
        let refused = office?.refusedHandshakes ?? 0
        let cut = refusedConnections.counts
        let requests = refusedRequests.counts
        board.update {
            $0.refusedHandshakes = refused
            $0.refusedConnections = cut
            $0.refusedRequests = requests
        }
        nextShown = now + max(.milliseconds(100), (ContinuousClock.now - now) * 20)
    }

    /// What it does now, for `systemctl status`.
    private var statusLine: String {
        let machine = node.machine
        let active = machine.workers.count { $0.state == .active }
        let round =
            machine.openRound.map { "round \($0.round) is open" } ?? machine.waitingFor.map { "waiting for \($0)" }
        return "version \(machine.version), active workers: \(active)" + (round.map { ", \($0)" } ?? "")
    }

    private static func show(_ node: ServerNode, on board: ServerBoard) {
        let machine = node.machine
        let workers = machine.workers
        let nodes = node.placement.map { PlacementNodes($0, start: machine.startNumber, fenced: node.fenced) }
        if machine.heededRevision != board.falseAlarms.revision {
            board.put(heeded: machine.heededFalseAlarms, revision: machine.heededRevision)
        }
        board.lastScores.store(node.scores.with { $0.revision }, ordering: .releasing)
        let report = nodes.flatMap { nodes in node.placement.map { PlacementReport($0, nodes) } }
        board.update { state in
            state.federation = "\(machine.configuration.federation)"
            state.version = machine.version
            state.finished = machine.isOver
            state.loop = machine.loop
            state.waitingFor = machine.waitingFor
            state.open = machine.openRound.map { ($0.round, $0.attempt, $0.kind.description, $0.accepted) }
            for view in workers { state.workers[view.name] = WorkerEntry(view) }
            for (name, left) in machine.departures { state.workers[name]?.state = left.rawValue }
            state.rejections = Dictionary(
                uniqueKeysWithValues: machine.rejections.map { ($0.key.rawValue, $0.value) })
            state.placement = report
            state.placementNodes = nodes
            state.refusedMessages = machine.refusals.counts
            state.refusedAlarms = Dictionary(
                uniqueKeysWithValues: node.acceptance.refusals.map { ("\($0.key)", $0.value) })
        }
    }
}
