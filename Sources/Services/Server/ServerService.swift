import Autoencoders
import Federation
import Foundation
import Numerics
import Placement
package import Platform
import Synchronization
import Watching

/// The server's process: sockets, clock, disk and HTTP around a ``Federation/ServerRoundMachine``.
///
/// One thread owns the machine, the sockets and the databases' writing connections; HTTP connections read from the
/// databases and from a board, and change the fault library under its own lock.
package final class ServerService {
    private let settings: ServerSettings
    private let log: Logger
    private let folder: DataFolder
    private let registry: VersionRegistry
    private let alarms: AlarmLog
    private let board = ServerBoard()
    private let library: FaultLibraryStore
    private let clock = MonotonicClock()
    private let stop: StopSignal
    private let tool: String
    private var machine: ServerRoundMachine
    private var book = AlarmBook()
    private var placing: PlacementLoop?
    private let port: any MessagePort
    private let http: HTTPServer

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
        self.tool = tool
        if port == nil, !settings.allowsPlaintextNetwork {
            for address in [settings.control, settings.bulk] where !LoopbackAddress.contains(address) {
                throw ServiceError(
                    .configuration,
                    "\(address) is reachable from other machines and nothing is encrypted: use 127.0.0.1, or "
                        + "say plaintextNetwork: true if the network is trusted")
            }
        }
        folder = try DataFolder(settings.folder)
        registry = try VersionRegistry(path: folder.file("registry.db"))
        alarms = try AlarmLog(path: folder.file("alarms.db"))
        library = try FaultLibraryStore(path: folder.file("library.json"))
        var federation = settings.federation
        federation.awaitsChoice = settings.placement != nil
        machine = ServerRoundMachine(
            configuration: Self.withSecret(federation),
            strategy: FederatedAveraging(
                hyperparameters: try DeterministicJSON.encode(settings.training, pretty: false)),
            maker: TelemetryModelMaker(configuration: settings.training, rules: settings.rules),
            recovery: try Self.recover(from: registry))
        self.port =
            try port ?? ZeroMQPort.listening(control: settings.control, bulk: settings.bulk)
        // Whoever reaches the interface could change the target and the library: only from this machine.
        let api = ServerAPI(
            board: board, folder: folder.path, library: library,
            takesChanges: LoopbackAddress.contains("tcp://\(settings.httpHost):1"))
        http = try HTTPServer(host: settings.httpHost, port: settings.httpPort) { api.answer($0) }
        try recallAlarms()
        try recallWorkers()
        placing = settings.placement.map { PlacementLoop($0, times: recallTrainingTimes()) }
        showPlacement()
    }

    /// Not a draw that any result depends on: nobody may foresee it.
    private static func withSecret(_ configuration: ServerConfiguration) -> ServerConfiguration {
        var configuration = configuration
        configuration.tokenSecret = (0..<32).map { _ in UInt8.random(in: 0 ... .max) }
        return configuration
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

    private func recallAlarms() throws {
        var last: Int64 = 0
        while true {
            let entries = try alarms.entries(after: last)
            guard let end = entries.last else { break }
            for entry in entries {
                if let event = try? AlarmEvent(decoding: entry.bytes) { _ = book.admit(event) }
            }
            last = end.sequence
        }
        board.lastAlarm.store(last, ordering: .releasing)
    }

    private func recallWorkers() throws {
        for (name, record) in try registry.workers() {
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
                "version": "\(machine.version)", "nextRound": "\(machine.nextRound)",
            ])
        defer {
            board.stopping.store(true, ordering: .relaxed)
            http.stop()
            port.close()
            log.notice("server stopped", ["version": "\(machine.version)"])
        }
        // The last round may have been the last thing that an earlier start could store.
        if machine.isFinished, !FileManager.default.fileExists(atPath: folder.file("model")) { try writeModelFolder() }
        while !stop.isSet {
            try port.wait(upTo: .milliseconds(50))
            var bulk = 0
            repeat {
                while let message = try port.receive(on: .control) { try take(message) }
                guard let message = try port.receive(on: .bulk) else { break }
                try take(message)
                bulk += 1
            } while bulk < 64 && !stop.isSet
            try step(.tick)
            if let target = board.takeTarget(), let placing {
                try place(.target(seconds: target.targetSeconds, rounds: target.rounds ?? placing.rounds))
            }
            if let failure = library.storageFailure { try refuseToGoOn(after: failure) }
            showState()
        }
    }

    private func take(_ message: ReceivedMessage) throws {
        let peer = Peer(message.peer)
        let event: ServerEvent
        do throws(FederationError) {
            event = .received(try Envelope(decoding: message.bytes, limit: WireLimits.message), from: peer)
        } catch {
            event = .unreadable(error, from: peer)
        }
        try step(event)
    }

    /// One step of the machine, and of whatever follows from it.
    private func step(_ event: ServerEvent) throws {
        for directive in machine.step(event, at: clock.now) { try carryOut(directive) }
        try place(.tick)
    }

    private func carryOut(_ directive: ServerDirective) throws {
        switch directive {
        case .send(let envelope, let peer):
            let channel: PortChannel = envelope.message.channel == .control ? .control : .bulk
            let outcome = try port.send(envelope.encoded(), to: peer.identity, on: channel)
            if outcome != .queued { log.debug("message dropped", ["why": "\(outcome)"]) }
        case .commit(let commit):
            try place(.ended(commit.record))
            try store(commit)
        case .keep(let accepted, let payload):
            guard settings.keptRounds > 0 else { break }
            try registry.keep(
                round: Int64(accepted.round), worker: accepted.worker, digest: accepted.digest, bytes: payload)
        case .recordAbandoned(let record):
            try registry.append(Self.line(RoundEntry(record)))
            try place(.ended(record))
        case .recordWorker(let view):
            let entry = WorkerEntry(view)
            try registry.record(worker: view.name, Array(JSONEncoder().encode(entry)))
            board.update { $0.workers[view.name] = entry }
        case .storeAlarms(let batch, let worker, let entities, let epoch):
            try store(batch, worker: worker, entities: Set(entities), epoch: epoch)
        case .note(let note): log.write(note)
        }
    }

    private static func line(_ entry: RoundEntry) throws -> VersionRegistry.Round {
        VersionRegistry.Round(
            round: Int64(entry.round), version: Int64(clamping: entry.version), isCommitted: entry.committed,
            record: Array(try JSONEncoder().encode(entry)))
    }

    private func store(_ commit: Commit) throws {
        let entry = RoundEntry(
            commit.record, modelBytes: commit.model?.count ?? 0, modelDigest: commit.model.map { _ in commit.digest })
        do {
            try registry.commit(
                Self.line(entry),
                version: commit.model.map {
                    .init(number: Int64(clamping: commit.record.version), bytes: $0, digest: commit.digest)
                })
        } catch let error as StorageError {
            // Nothing of it is visible, and the workers keep their work.
            try refuseToGoOn(after: error)
            try step(.commitFailed(error.description))
            return
        }
        do {
            try registry.forgetContributions(before: Int64(commit.record.round) - Int64(settings.keptRounds) + 1)
        } catch {
            try refuseToGoOn(after: error)
            // The version stands all the same; the next commit forgets them.
            log.warning("old contributions could not be deleted", ["reason": error.description])
        }
        try step(.committed(version: commit.record.version))
        if machine.isFinished { try writeModelFolder() }
    }

    /// A disk that takes nothing more ends the server at once, so that whoever supervises it hears of it; what was
    /// accepted is safe, and what was not is offered again after the next start. Other failures pass: a database that
    /// another program holds for a moment, for instance.
    private func refuseToGoOn(after error: StorageError) throws(StorageError) {
        if error.code == .full || error.code == .unwritable { throw error }
    }

    /// The final version as a folder that `fl-train` and others can read.
    private func writeModelFolder() throws {
        guard let model = machine.bundle else { return }
        let path = folder.file("model")
        try FederationContext(of: model).bundle(of: model, tool: tool).write(to: path)
        log.notice("model written", ["folder": path, "version": "\(machine.version)"])
    }

    private func store(_ batch: AlarmBatch, worker: String, entities: Set<String>, epoch: UInt64) throws {
        var book = book
        let items = batch.alarms.map { bytes in
            { [log] (sequence: UInt64) -> [UInt8]? in
                guard var event = try? AlarmEvent(decoding: bytes), entities.contains("\(event.site)/\(event.entity)")
                else {
                    log.warning("alarm refused", ["worker": worker, "bytes": "\(bytes.count)"])
                    return nil
                }
                guard book.admit(event) else { return nil }
                event.worker = worker
                // Names are given by the library that there is when somebody reads the event.
                event.fault = nil
                if let flaw = event.signature?.flaw {
                    log.warning("signature refused", ["worker": worker, "reason": flaw])
                    event.signature = nil
                    event.signatureSamples = nil
                    event.signatureStart = nil
                }
                event.sequence = Int64(clamping: sequence)
                return try? event.encoded()
            }
        }
        let taken: (delivered: UInt64, entries: [AlarmLog.Entry])
        do {
            taken = try alarms.append(spool: batch.spool, first: batch.first, items: items)
        } catch {
            // Without a receipt the worker keeps them and tries again.
            try refuseToGoOn(after: error)
            log.error("alarms could not be stored", ["worker": worker, "reason": error.description])
            return
        }
        self.book = book
        if let last = taken.entries.last { board.lastAlarm.store(last.sequence, ordering: .releasing) }
        try step(.alarmsStored(worker: worker, leaseEpoch: epoch, spool: batch.spool, delivered: taken.delivered))
    }

    // MARK: Placement

    private static let profileFile = "placement.json"

    /// The training times that an earlier start measured.
    private func recallTrainingTimes() -> LiveTrainingTimes {
        let path = folder.file(Self.profileFile)
        guard FileManager.default.fileExists(atPath: path) else { return LiveTrainingTimes() }
        do throws(PlacementError) {
            return LiveTrainingTimes(try MeasuredProfile.read(file: path).measurements)
        } catch {
            // They can be measured again.
            log.warning("training times of an earlier start cannot be used", ["reason": error.description])
            return LiveTrainingTimes()
        }
    }

    /// One step of the placement, and of whatever follows from it.
    private func place(_ event: PlacementLoop.Event) throws {
        guard let directives = placing?.step(event, machine: machine, at: clock.now) else { return }
        for directive in directives {
            switch directive {
            case .choose(let choice, let isUrgent): try step(.chosen(choice, isUrgent: isUrgent))
            case .keep(let profile): try keep(profile)
            case .note(let note): log.write(note)
            }
        }
        if case .tick = event, directives.isEmpty { return }
        showPlacement()
    }

    private func keep(_ profile: MeasuredProfile) throws {
        do {
            try FileContents.writeAtomically(try profile.encoded(), to: folder.file(Self.profileFile))
        } catch let error as StorageError {
            try refuseToGoOn(after: error)
            log.warning("training times could not be stored", ["reason": error.description])
        }
    }

    private func showPlacement() {
        guard let placing else { return }
        let report = PlacementReport(placing)
        board.update { $0.placement = report }
    }

    private func showState() {
        board.update { state in
            state.version = machine.version
            state.finished = machine.isFinished
            state.open = machine.openRound.map { ($0.round, $0.attempt, $0.kind.description, $0.accepted) }
            for view in machine.workers { state.workers[view.name] = WorkerEntry(view) }
            state.rejections = Dictionary(
                uniqueKeysWithValues: machine.rejections.map { ($0.key.rawValue, $0.value) })
        }
    }
}
