import Federation
import Foundation
import Numerics
package import Platform
import Synchronization
import Watching

/// A worker's process: sockets, clock, disk and threads around a ``Federation/WorkerMachine``.
///
/// One thread owns the machine and the sockets; local work and scoring have threads of their own, so that heartbeats
/// never wait for them.
package final class WorkerService {
    private let settings: WorkerSettings
    private let learner: any Learner
    private let scoring: LiveScoring
    private let log: Logger
    private let folder: DataFolder
    private let spool: SharedSpool
    private let clock = MonotonicClock()
    private let stop: StopSignal
    private let mailbox: EventMailbox
    private let port: any MessagePort
    private var machine: WorkerMachine
    private var state: WorkerState
    private var model: FederatedModel?
    private var work: BackgroundThread?
    private var measurement: BackgroundThread?
    private let exchange: SampleExchange
    private var scorer: (thread: BackgroundThread, version: UInt64, entities: [String])?
    private var failure: (any Error)?
    private var streamEnded = false

    /// Opens everything: the folder with the spool, and the sockets.
    ///
    /// - Parameters:
    ///   - incarnation: differs for every start of every process.
    ///   - port: the message port to use instead of ZeroMQ's to the configured addresses.
    /// - Throws: ``ServiceError``, `StorageError` or `TransportError` when something cannot be had.
    package init(
        settings: WorkerSettings, learner: any Learner, scoring: LiveScoring, incarnation: UInt64, log: Logger,
        stop: StopSignal, port: (([UInt8]) throws -> any MessagePort)? = nil
    ) throws {
        self.settings = settings
        self.learner = learner
        self.scoring = scoring
        self.log = log
        self.stop = stop
        guard !settings.name.isEmpty, settings.name.utf8.count <= Envelope.longestName - 20 else {
            throw ServiceError(.configuration, "a worker's name has 1 to \(Envelope.longestName - 20) bytes")
        }
        guard learner.entities.allSatisfy({ $0.utf8.count <= WireLimits.name }) else {
            throw ServiceError(.configuration, "an entity's name has at most \(WireLimits.name) bytes")
        }
        folder = try DataFolder(settings.folder)
        spool = try SharedSpool(path: folder.file("spool.db"), newIdentity: incarnation)
        (state, model) = try WorkerState.read(folder)
        let identity = Array("\(settings.name)#\(String(incarnation, radix: 16))".utf8)
        self.port =
            try port?(identity)
            ?? ZeroMQPort.connecting(control: settings.control, bulk: settings.bulk, identity: identity)
        let mailbox = EventMailbox(waker: self.port.waker)
        self.mailbox = mailbox
        guard !settings.standsBy || settings.dataAddress != nil else {
            throw ServiceError(
                .configuration, "a worker that stands by has to offer its samples: dataAddress is none")
        }
        exchange = try SampleExchange(
            settings: settings, scoring: scoring, path: folder.file("mirror"), identity: identity, log: log
        ) { mailbox.put(.machine(.mirrored($0))) }
        var configuration = WorkerConfiguration(
            name: settings.name,
            registration: Registration(
                incarnation: incarnation, site: settings.site, domain: settings.domain,
                capabilities: learner.capabilities, entities: learner.entities,
                dataAddress: exchange.address, standsBy: settings.standsBy, mirrored: exchange.copies.sorted()))
        // Counting large files takes longer: then it registers without, and says so when it knows.
        configuration.capabilitiesPatience = .seconds(2)
        machine = WorkerMachine(
            configuration: configuration,
            generator: CounterBasedGenerator(seed: incarnation, purpose: "registration"),
            version: model == nil ? 0 : state.version, entities: state.entities)
    }

    /// Works until the stop signal, or until nothing can come of it; blocks the calling thread.
    ///
    /// - Throws: ``ServiceError`` when the server refuses this worker for good or was never reached in the time given,
    ///   or what makes going on impossible.
    package func run() throws {
        stop.wake(port.waker)
        log.notice("worker started", ["worker": settings.name, "server": settings.control])
        defer {
            work?.cancel()
            exchange.stop()
            measurement?.cancel()
            scorer?.thread.cancel()
            measurement?.join(upTo: .milliseconds(300))
            work?.join(upTo: .milliseconds(300))
            scorer?.thread.join(upTo: .milliseconds(300))
            port.close()
            log.notice("worker stopped", ["worker": settings.name])
        }
        try step(try spool.event())
        if state.scoring, let model, state.version > 0 { startScoring(model, version: state.version) }
        startMeasurement()
        let started = clock.now
        while !stop.isSet {
            try port.wait(upTo: .milliseconds(50))
            while let message = try port.receive(on: .control) { try take(message) }
            while let message = try port.receive(on: .bulk) {
                try take(message)
                while let urgent = try port.receive(on: .control) { try take(urgent) }
            }
            for event in mailbox.take() { try handle(event) }
            try step(.tick)
            if let failure { throw failure }
            if let limit = settings.connectSeconds, machine.leaseEpoch == nil, machine.version == 0,
                (clock.now - started).seconds > limit
            {
                throw ServiceError(
                    .unavailable,
                    "no server at \(settings.control) let this worker in within \(limit) s: is it running, and is "
                        + "that its control endpoint?")
            }
            if settings.endsWithStream, streamEnded, try spool.isEmpty() { break }
        }
        try step(.stop)
    }

    private func take(_ message: ReceivedMessage) throws {
        do throws(FederationError) {
            let envelope = try Envelope(decoding: message.bytes, limit: WireLimits.message)
            mailbox.put(.machine(.received(envelope)), wakes: false)
        } catch {
            log.debug("unreadable message", ["error": error.description])
        }
        for event in mailbox.take() { try handle(event) }
    }

    private func handle(_ event: ShellEvent) throws {
        switch event {
        case .machine(let event): try step(event)
        case .alarms(let events, let scored, let ended):
            if !events.isEmpty {
                for event in events {
                    log.info(
                        "alarm", ["id": event.id, "state": event.state.rawValue, "severity": event.severity.rawValue])
                }
                try step(try spool.event())
            }
            if ended { streamEnded = true }
            try step(.streamProgress(scoredSamples: scored, ended: ended))
        case .scoringFailed(let error):
            log.error("scoring failed", ["reason": "\(error)"])
            // What the disk refuses has its own exit status: alarms go on when there is space again.
            failure = error as? StorageError ?? ServiceError(.data, "the streams cannot be scored: \(error)")
        }
    }

    private func step(_ event: WorkerEvent) throws {
        for directive in machine.step(event, at: clock.now) { try carryOut(directive) }
    }

    private func carryOut(_ directive: WorkerDirective) throws {
        switch directive {
        case .send(let envelope):
            let channel: PortChannel = envelope.message.channel == .control ? .control : .bulk
            _ = try port.send(envelope.encoded(), to: [], on: channel)
        case .work(let key, let hyperparameters, let mayAccelerate):
            startWork(key, hyperparameters, mayAccelerate: mayAccelerate)
        case .cancelWork:
            work?.cancel()
            work = nil
        case .adopt(let version, let bytes):
            model = try FederatedModel(decoding: bytes)
            try WorkerState.write(model: bytes, folder)
            state.version = version
            try state.write(folder)
            log.info("model adopted", ["version": "\(version)", "bytes": "\(bytes.count)"])
        case .serve(let entities):
            state.entities = entities
            try state.write(folder)
            if state.scoring, let model { startScoring(model, version: state.version) }
        case .mirror(let sources): exchange.mirror(sources)
        case .grant(let grants): exchange.grant(grants)
        case .score(let version):
            state.scoring = true
            try state.write(folder)
            if let model { startScoring(model, version: version) }
        case .readSpool(let after, let limit):
            try step(.spoolRead(try spool.batch(after: after, limit: limit)))
        case .alarmsDelivered(let upTo): try spool.forget(upTo: upTo)
        case .fail(let reason, let text):
            let code: ServiceError.Code =
                switch reason {
                case .unsupportedVersion, .unknownType, .malformed: .protocolMismatch
                default: .configuration
                }
            failure = ServiceError(code, "the server refuses this worker: \(text)")
        case .note(let note): log.write(note)
        }
    }

    /// Counts samples and measures speeds once, before the server hears of this worker if it does not take long.
    private func startMeasurement() {
        let (learner, mailbox, log) = (learner, mailbox, log)
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
                mailbox.put(.machine(.capable(capabilities)))
            } catch {
                guard !isCancelled() else { return }
                log.warning("capabilities could not be measured", ["reason": "\(error)"])
                mailbox.put(.machine(.capable(learner.capabilities)))
            }
        }
    }

    private func startWork(_ key: WorkKey, _ hyperparameters: [UInt8], mayAccelerate: Bool) {
        work?.cancel()
        let (learner, mailbox, log, model) = (learner, mailbox, log, model)
        log.info("working", ["round": "\(key.round)", "kind": "\(key.kind)", "entities": "\(key.entities.count)"])
        work = BackgroundThread(name: "work") { isCancelled in
            let start = ContinuousClock.now
            do {
                let contribution = try learner.work(
                    key, hyperparameters: hyperparameters, model: key.kind == .statistics ? nil : model,
                    mayAccelerate: mayAccelerate, isCancelled: isCancelled)
                guard !isCancelled() else { return }
                let payload = contribution.encoded()
                let seconds = (ContinuousClock.now - start).seconds
                mailbox.put(.machine(.workFinished(key, payload: payload, seconds: seconds)))
            } catch {
                guard !isCancelled() else { return }
                mailbox.put(.machine(.workFailed(key, reason: "\(error)")))
            }
        }
    }

    private func startScoring(_ model: FederatedModel, version: UInt64) {
        if let scorer {
            guard scorer.version != version || scorer.entities != state.entities else { return }
            scorer.thread.cancel()
        }
        let (scoring, mailbox, log, settings, spool) = (scoring, mailbox, log, settings, spool)
        let entities = state.entities
        streamEnded = false
        let thread = BackgroundThread(name: "scoring") { isCancelled in
            do {
                try scoring.run(
                    model: model, version: version, entities: entities, settings: settings, log: log,
                    isCancelled: isCancelled
                ) { events, scored, ended in
                    // On the disk before anybody hears of them.
                    if !events.isEmpty { try spool.append(try events.map { try $0.encoded() }) }
                    mailbox.put(.alarms(events, scored: scored, ended: ended))
                }
            } catch {
                if !isCancelled() { mailbox.put(.scoringFailed(error)) }
            }
        }
        scorer = (thread, version, entities)
    }
}

/// What reaches the owner of the machine from other threads.
enum ShellEvent: Sendable {
    case machine(WorkerEvent)
    case alarms([AlarmEvent], scored: UInt64, ended: Bool)
    case scoringFailed(any Error)
}

/// Hands events to the owner of a port.
final class EventMailbox: Sendable {
    private let events = Mutex<[ShellEvent]>([])
    private let waker: any PortWaker

    init(waker: any PortWaker) { self.waker = waker }

    func put(_ event: ShellEvent, wakes: Bool = true) {
        events.withLock { $0.append(event) }
        if wakes { waker.wake() }
    }

    func take() -> [ShellEvent] {
        events.withLock { events in
            defer { events.removeAll() }
            return events
        }
    }
}

/// A spool that the scoring thread fills and the machine's owner empties.
///
/// Unchecked: every use of the spool holds the lock.
final class SharedSpool: @unchecked Sendable {
    private let lock = NSLock()
    private let spool: AlarmSpool

    init(path: String, newIdentity: UInt64) throws(StorageError) {
        spool = try AlarmSpool(path: path, newIdentity: newIdentity)
    }

    func append(_ alarms: [[UInt8]]) throws { _ = try lock.withLock { try spool.append(alarms) } }
    func forget(upTo number: UInt64) throws { try lock.withLock { try spool.forget(upTo: number) } }
    func isEmpty() throws -> Bool { try lock.withLock { try spool.latest() == spool.delivered() } }

    /// How far the spool reaches, for the machine.
    func event() throws -> WorkerEvent {
        try lock.withLock {
            .alarmsSpooled(spool: spool.identity, latest: try spool.latest(), delivered: try spool.delivered())
        }
    }

    /// The next alarms to deliver.
    func batch(after number: UInt64, limit: Int) throws -> AlarmBatch {
        try lock.withLock {
            AlarmBatch(
                spool: spool.identity, first: number + 1, alarms: try spool.alarms(after: number, limit: limit))
        }
    }
}
