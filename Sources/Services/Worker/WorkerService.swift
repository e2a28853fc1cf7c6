package import Federation
import Foundation
import Numerics
package import Platform
import Synchronization
import Watching

/// A worker's process: a ``Federation/WorkerNode`` with sockets, a clock, a folder and threads.
///
/// One thread owns the node; local work, the disk and scoring have threads of their own, so that heartbeats never wait for
/// them.
package final class WorkerService {
    private let settings: WorkerSettings
    private let learner: any Learner
    private let log: Logger
    private let stop: StopSignal
    private let node: WorkerNode
    private let port: any MessagePort
    private let tasks = LaneThreads()
    private let folder: DataFolder
    private let spool: SharedSpool
    private let exchange: SampleExchange
    private let live: (any LiveEntities)?
    private var served: ServedEntities
    private var looked = Instant.zero
    private let figures: WorkerFigures
    private var counted = Instant.zero
    private var checked = Instant.zero
    private let http: HTTPServer?
    private let notification: ServiceNotification
    private let clock = MonotonicClock()
    private var measurement: BackgroundThread?

    /// Opens everything: the folder with the spool, and the sockets.
    ///
    /// - Parameters:
    ///   - live: watches entities whose samples never end.
    ///   - figures: what is counted; that of `scoring` and `live`.
    ///   - incarnation: differs for every start of every process.
    ///   - http: its HTTP interface, if it has one.
    ///   - notification: hears how it is.
    ///   - port: the message port to use instead of ZeroMQ's to the configured addresses.
    /// - Throws: ``ServiceError``, `StorageError` or `TransportError` when something cannot be had.
    package init(
        settings: WorkerSettings, learner plain: any Learner, scoring: LiveScoring, live: LiveWatch? = nil,
        figures: WorkerFigures = WorkerFigures(), incarnation: UInt64, log: Logger, stop: StopSignal,
        http: HTTPServer? = nil, notification: ServiceNotification = ServiceNotification(),
        port: (([UInt8]) throws -> any MessagePort)? = nil
    ) throws {
        let learner = CountedLearner(learner: plain, figures: figures)
        self.settings = settings
        self.learner = learner
        self.figures = figures
        self.log = log
        self.stop = stop
        self.live = live?.entities
        try Self.check(settings)
        // Names that came over the network cannot be mended here; those of files can.
        let pushed = live?.entities.all.map(\.key) ?? []
        let fixed = Set(learner.entities).subtracting(pushed)
        served = ServedEntities(fixed: Array(fixed))
        Self.say(served.take(pushed).remarks, log)
        let entities = served.all
        for entity in fixed.sorted() {
            if let flaw = NameRule.flaw(in: entity, limit: WireLimits.entity) {
                throw ServiceError(
                    .configuration,
                    "entity '\(PrintableText.line(entity, limit: 120))': found \(flaw.found), expected \(flaw.expected); "
                        + "rename its files or folder")
            }
        }
        try DescriptorLimit.require(0)
        let folder = try DataFolder(settings.folder)
        self.folder = folder
        spool = try SharedSpool(path: folder.file("spool.db"), newIdentity: incarnation)
        let (memory, model) = try WorkerState.read(folder) {
            log.warning("what an earlier start left cannot be used, and is fetched again", ["reason": $0])
        }
        let identity = Array("\(settings.name)#\(String(incarnation, radix: 16))".utf8)
        let isPlain = settings.isPlain || port != nil
        let exchangeKeys = isPlain ? nil : try CurveKeys()
        let opened: any MessagePort
        if let port {
            opened = try port(identity)
        } else if isPlain {
            for address in [settings.control, settings.bulk] where try !Endpoint(address).isLoopback {
                throw ServiceError(
                    .configuration, "plain: found \(address), expected a loopback address: nothing is encrypted")
            }
            opened = try ZeroMQPort.connecting(control: settings.control, bulk: settings.bulk, identity: identity)
        } else {
            let credentials = try WorkerCredentials(
                settings: settings, path: folder.file(WorkerCredentials.fileName))
            opened = try IdentifiedPort(settings: settings, credentials: credentials, identity: identity, log: log)
        }
        self.port = opened
        let waker = opened.waker
        let inbox = Inbox<WorkerNode.Input> { waker.wake() }
        exchange = try SampleExchange(
            settings: settings, scoring: scoring, path: folder.file("mirror"), identity: identity, keys: exchangeKeys,
            log: log
        ) { inbox.put(.machine(.mirrored($0))) }
        var configuration = WorkerConfiguration(
            name: settings.name,
            registration: Registration(
                incarnation: incarnation, site: settings.site, domain: settings.domain,
                capabilities: learner.capabilities, entities: entities,
                dataAddress: exchange.address, standsBy: settings.standsBy, mirrored: exchange.copies.sorted(),
                exchangeKey: exchangeKeys?.publicKey.bytes ?? []))
        // Counting large files takes longer: then it registers without, and says so when it knows.
        configuration.capabilitiesPatience = .seconds(2)
        let progress = WatchProgress(inbox: inbox, figures: figures, hasLive: live != nil)
        let entitiesThatLive = live?.entities
        figures.update { $0.live = entitiesThatLive }
        self.http = http
        self.notification = notification
        var watchers: [any Watcher] = []
        if live == nil || !scoring.isEmpty {
            watchers.append(LiveWatcher(scoring, settings: settings, spool: spool, progress: progress, log: log))
        }
        if let live {
            // Before the watch begins: rows that wait are scored at once.
            if !memory.falseAlarms.isEmpty { live.heed(KnownFalseAlarms(memory.falseAlarms)) }
            watchers.append(LiveEntityWatcher(live, spool: spool, progress: progress, log: log))
        }
        node = WorkerNode(
            machine: WorkerMachine(
                configuration: configuration,
                generator: CounterBasedGenerator(seed: incarnation, purpose: "registration"),
                federation: memory.federation, version: memory.version, digest: memory.digest,
                entities: memory.entities),
            memory: memory, model: model, port: opened, disk: WorkerFolder(folder, spool: spool), clock: clock,
            tasks: tasks, learner: learner,
            watcher: watchers.count == 1 ? watchers[0] : JointWatcher(watchers),
            samples: exchange, inbox: inbox, note: { log.write($0) })
    }

    /// Looks whether settings can be used as far as that shows without opening anything.
    ///
    /// - Throws: ``ServiceError`` or `TransportError` that says what cannot.
    package static func check(_ settings: WorkerSettings) throws {
        guard !settings.name.isEmpty, settings.name.utf8.count <= Envelope.longestName - 20 else {
            throw ServiceError(.configuration, "a worker's name has 1 to \(Envelope.longestName - 20) bytes")
        }
        for (field, text) in [("name", settings.name), ("site", settings.site), ("domain", settings.domain)] {
            if let flaw = NameRule.flaw(in: text, limit: WireLimits.place) {
                throw ServiceError(.configuration, "\(field): found \(flaw.found), expected \(flaw.expected)")
            }
        }
        guard !settings.standsBy || settings.dataAddress != nil else {
            throw ServiceError(
                .configuration, "a worker that stands by has to offer its samples: dataAddress is none")
        }
        if let http = settings.http { try WorkerHTTP.check(http) }
    }

    /// Works until the stop signal, or until nothing can come of it; blocks the calling thread.
    ///
    /// - Throws: ``ServiceError`` when the server refuses this worker for good or was never reached in the time given,
    ///   or what makes going on impossible.
    package func run() throws {
        stop.wake(port.waker)
        if settings.isPlain { log.warning("plain: nothing is encrypted, and nobody is asked who he is") }
        log.notice(
            "worker started",
            [
                "worker": settings.name, "server": settings.control,
                "http": http.map { "\(settings.http?.host ?? ""):\($0.port)" } ?? "none",
            ])
        defer {
            notification.stopping()
            http?.stop()
            node.end()
            exchange.stop()
            measurement?.cancel()
            measurement?.join(upTo: .milliseconds(300))
            tasks.stop(upTo: .milliseconds(300))
            port.close()
            log.notice("worker stopped", ["worker": settings.name])
        }
        startMeasurement()
        let started = clock.now
        while !stop.isSet {
            try port.wait(upTo: WorkerNode.tickInterval)
            do {
                try node.turn()
            } catch let refused as WorkerRefused {
                throw Self.error(refused)
            } catch {
                // What fails in a folder that is gone says less than that it is.
                try folder.check()
                throw error
            }
            if clock.now - checked >= .seconds(1) {
                checked = clock.now
                try folder.check()
            }
            lookForEntities()
            try count()
            // Sockets and sources are open, and the server has been asked: whether it answers or is waited for.
            notification.status(statusLine)
            notification.ready()
            notification.alive()
            if let limit = settings.connectSeconds, node.machine.leaseEpoch == nil, node.machine.version == 0,
                (clock.now - started).seconds > limit
            {
                throw ServiceError(
                    .unavailable,
                    "no server at \(settings.control) let this worker in within \(limit) s: is it running, and is "
                        + "that its control endpoint?")
            }
            if settings.endsWithStream, node.streamsEnded, try spool.isEmpty() { break }
        }
    }

    /// What it does now, for `systemctl status`.
    private var statusLine: String {
        let version = node.machine.version
        let watching = version == 0 ? "no version yet" : "version \(version)"
        guard node.machine.leaseEpoch != nil else {
            return "waiting for the server at \(settings.control), \(watching)"
        }
        return "in the federation, \(watching)" + (node.streamsEnded ? ", the streams have ended" : "")
    }

    /// Twice a second, for whoever looks at the figures.
    private func count() throws {
        guard http != nil, clock.now - counted >= .milliseconds(500) else { return }
        counted = clock.now
        let waiting = try spool.waiting()
        let (lease, version, ended, entities) = (
            node.machine.leaseEpoch, node.machine.version, node.streamsEnded, learner.entities.count
        )
        figures.update { state in
            if let lease, lease != state.lease { state.leases += 1 }
            (state.lease, state.version, state.streamsEnded) = (lease, version, ended)
            (state.entities, state.alarmsWaiting) = (entities, waiting)
        }
    }

    /// Live entities come and go as they like: the server hears of it.
    private func lookForEntities() {
        guard let live, clock.now - looked >= .seconds(1) else { return }
        looked = clock.now
        let (isNews, remarks) = served.take(live.all.map(\.key))
        Self.say(remarks, log)
        if isNews { node.inbox.put(.machine(.reaches(served.all))) }
    }

    private static func say(_ remarks: [ServedEntities.Remark], _ log: Logger) {
        for remark in remarks {
            switch remark {
            case .unsound(let entity, let found, let expected):
                log.warning(
                    "an entity cannot take part under its name",
                    ["entity": PrintableText.line(entity, limit: 120), "found": found, "expected": expected])
            case .tooMany(let count):
                log.warning(
                    "more entities than a worker may have: the others are watched, and are not learned from",
                    ["entities": "\(count)", "most": "\(WireLimits.entities)"])
            }
        }
    }

    private static func error(_ refused: WorkerRefused) -> ServiceError {
        let code: ServiceError.Code =
            switch refused.reason {
            case .unsupportedVersion, .unknownType, .malformed: .protocolMismatch
            default: .configuration
            }
        return ServiceError(code, "the server refuses this worker: \(refused.description)")
    }

    /// Counts samples and measures speeds once, before the server hears of this worker if it does not take long.
    private func startMeasurement() {
        let (learner, inbox, log) = (learner, node.inbox, log)
        measurement = BackgroundThread(name: "measurement") { isCancelled in
            do {
                let capabilities = try learner.measureCapabilities(isCancelled: isCancelled)
                guard !isCancelled() else { return }
                log.info(
                    "measured",
                    [
                        "device": capabilities.device.name,
                        "windowsPerSecond": "\(Int(capabilities.device.windowsPerSecond))",
                    ])
                inbox.put(.machine(.capable(capabilities)))
            } catch {
                guard !isCancelled() else { return }
                log.warning("capabilities could not be measured", ["reason": "\(error)"])
                inbox.put(.machine(.capable(learner.capabilities)))
            }
        }
    }
}
