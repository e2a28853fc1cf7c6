import Platform
import Synchronization

/// A worker: its machine with an inbox, a port, a disk and a clock. The same code serves ZeroMQ, SQLite and the system's
/// clock in `fl-worker`, and the simulator's fakes.
///
/// Used by one thread, which calls ``turn()`` whenever something may have happened and at least every ``tickInterval``.
/// A turn never waits: training, the disk and the streams are elsewhere, so that heartbeats never wait for them.
package final class WorkerNode {
    /// What reaches the node from its tasks and from other threads.
    package enum Input: Sendable {
        /// For the machine.
        case machine(WorkerEvent)
        /// A version is whole, every byte as the server has it.
        case adopted(FederatedModel, version: UInt64, digest: [UInt8])
        /// Alarms were put into the spool, or the spool should be looked at.
        case spooled
        /// How far the streams have come.
        case streams(scoredSamples: UInt64, ended: Bool)
        /// How entities were scored since this was last said.
        case scores([ScoreNews])
        /// Something failed that ends the worker.
        case failed(any Error)
        /// Something could not be stored.
        case storeFailed(String, any Error)
    }

    /// Longest time between two turns.
    package static let tickInterval: Duration = .milliseconds(50)
    /// Versions that follow each other more quickly than this are not each written to the disk.
    static let keepingInterval: Duration = .seconds(1)
    /// Messages of each channel in one turn.
    static let messagesPerTurn = 256

    /// What decides.
    package private(set) var machine: WorkerMachine
    /// What it remembers over a restart.
    package private(set) var memory: WorkerMemory
    /// The models of the version that it holds.
    package private(set) var model: FederatedModel?
    /// Results and orders from elsewhere.
    package let inbox: Inbox<Input>
    /// Whether every stream has ended.
    package private(set) var streamsEnded = false
    private let port: any NodePort
    private let disk: any WorkerDisk
    private let clock: any NodeClock
    private let tasks: any NodeTasks
    private let learner: any Learner
    private let watcher: any Watcher
    private let samples: any SampleMover
    private let note: (Note) -> Void
    private var work: Cancellation?
    private var failure: (any Error)?
    private var hasBegun = false
    /// Since when a write is owed that failed and will be tried again.
    private var owedSince: Instant?
    /// Whether what the disk has is the version that is used.
    private var isModelKept = true
    private let isKeeping = Box(false)
    private var nextKeeping = Instant.zero
    private var links: [Message.Channel: PortLink] = [:]

    /// A worker that goes on with what it remembers.
    ///
    /// - Parameters:
    ///   - machine: the machine; it holds what `memory` says.
    ///   - model: the models of the remembered version.
    package init(
        machine: WorkerMachine, memory: WorkerMemory, model: FederatedModel?, port: any NodePort, disk: any WorkerDisk,
        clock: any NodeClock, tasks: any NodeTasks, learner: any Learner, watcher: any Watcher,
        samples: any SampleMover, inbox: Inbox<Input>, note: @escaping (Note) -> Void
    ) {
        self.machine = machine
        self.memory = memory
        self.model = model
        self.port = port
        self.disk = disk
        self.clock = clock
        self.tasks = tasks
        self.learner = learner
        self.watcher = watcher
        self.samples = samples
        self.inbox = inbox
        self.note = note
    }

    /// One turn.
    ///
    /// - Throws: ``WorkerRefused`` when the server refuses this worker for good, or what makes going on impossible.
    package func turn() throws {
        if !hasBegun {
            hasBegun = true
            lookAtSpool()
            if !memory.falseAlarms.isEmpty { watcher.heed(memory.falseAlarms) }
            watch()
        }
        for input in inbox.take() { take(input) }
        for channel in [Message.Channel.control, .bulk] {
            if let link = try port.link(on: channel), links.updateValue(link, forKey: channel) != link {
                step(.link(channel, link))
            }
        }
        for channel in [Message.Channel.control, .bulk] {
            var taken = 0
            while taken < Self.messagesPerTurn, let message = try port.receive(on: channel) {
                take(message)
                taken += 1
                // What is urgent does not wait behind what is large.
                if channel == .bulk, let urgent = try port.receive(on: .control) { take(urgent) }
            }
        }
        step(.tick)
        if let owedSince, clock.now - owedSince >= .seconds(1) { writeAgain() }
        if !isModelKept, clock.now >= nextKeeping, !isKeeping.with({ $0 }) { remember() }
        if let failure { throw failure }
    }

    /// Says goodbye and lets go of everything that works for it.
    package func end() {
        step(.stop)
        if !isModelKept { remember() }
        work?.cancel()
        watcher.stop()
    }

    private func take(_ message: ArrivedMessage) {
        do throws(FederationError) {
            step(.received(try Envelope(decoding: message.bytes, limit: WireLimits.message)))
        } catch {
            note(Note(.debug, "unreadable message", ["error": error.description]))
        }
    }

    private func take(_ input: Input) {
        switch input {
        case .machine(let event): step(event)
        case .adopted(let model, let version, let digest):
            guard machine.isAdopting(version: version, digest: digest) else { break }
            self.model = model
            (memory.version, memory.digest) = (version, digest)
            isModelKept = false
            step(.adopted(version: version, digest: digest))
        case .spooled: lookAtSpool()
        case .streams(let samples, let ended):
            streamsEnded = ended
            step(.streamProgress(scoredSamples: samples, ended: ended))
        case .scores(let news): step(.scores(news))
        case .failed(let error): failure = failure ?? error
        case .storeFailed(let what, let error):
            if let error = error as? StorageError, error.code == .full || error.code == .unwritable {
                failure = failure ?? error
            } else {
                note(Note(.error, "a write failed", ["what": what, "reason": "\(error)"]))
                owedSince = owedSince ?? clock.now
                isModelKept = model == nil
            }
        }
    }

    private func step(_ event: WorkerEvent) {
        for directive in machine.step(event, at: clock.now) { carryOut(directive) }
    }

    private func carryOut(_ directive: WorkerDirective) {
        let (inbox, disk) = (inbox, disk)
        switch directive {
        case .send(let envelope):
            do {
                _ = try port.send(envelope.parts(), to: [], on: envelope.message.channel)
            } catch {
                failure = failure ?? error
            }
        case .reconnect:
            do {
                try port.reconnect()
            } catch {
                failure = failure ?? error
            }
        case .learnServerKey(let key, let isDue):
            do {
                try port.learn(serverKey: key, isDue: isDue)
            } catch {
                failure = failure ?? error
            }
        case .work(let key, let hyperparameters, let mayAccelerate):
            startWork(key, hyperparameters, mayAccelerate: mayAccelerate)
        case .cancelWork:
            work?.cancel()
            work = nil
        case .adopt(let version, let digest, let bytes, let federation):
            memory.federation = federation
            // The disk is not waited for: a worker that is killed before it has the version fetches it again.
            tasks.start(NodeTask(.arithmetic, "adopt")) {
                do throws(FederationError) {
                    guard SHA256.digest(bytes) == digest else {
                        throw FederationError(.corrupted, "it was damaged on its way")
                    }
                    inbox.put(.adopted(try FederatedModel(decoding: bytes), version: version, digest: digest))
                } catch {
                    inbox.put(.machine(.adoptionFailed(version: version, error.description)))
                }
            }
        case .forget(let federation):
            // What was called false in another federation says nothing in this one.
            let heeded = federation == memory.federation ? memory.falseAlarms : []
            if heeded != memory.falseAlarms { watcher.heed(heeded) }
            memory = WorkerMemory(
                federation: federation, entities: memory.entities, falseAlarmsPerDay: memory.falseAlarmsPerDay,
                falseAlarms: heeded)
            model = nil
            isModelKept = true
            remember()
        case .serve(let entities):
            memory.entities = entities
            remember()
            watch()
        case .score:
            memory.scoring = true
            remember()
            watch()
        case .allow(let budget):
            guard memory.falseAlarmsPerDay != budget else { break }
            memory.falseAlarmsPerDay = budget
            note(
                Note(
                    .notice, "false alarms that thresholds allow",
                    ["perDay": budget.map { "\($0)" } ?? "as it was started with"]))
            remember()
            watch()
        case .heed(let list):
            if memory.falseAlarms != list.alarms {
                memory.falseAlarms = list.alarms
                note(Note(.notice, "alarms that were called false are heeded", ["alarms": "\(list.alarms.count)"]))
                remember()
                watcher.heed(list.alarms)
            }
            step(.heeding(revision: list.revision))
        case .mirror(let sources): samples.mirror(sources)
        case .grant(let grants): samples.grant(grants)
        case .readSpool(let after, let limit):
            onAlarms("reading alarms") {
                // Where the disk did not take that before, nothing is sent that a later start would send again.
                try disk.keepSpoolName()
                let alarms = try disk.alarms(after: after, limit: limit)
                inbox.put(.machine(.spoolRead(first: after + 1, alarms: alarms)))
                // What should be there is gone: the spool begins elsewhere by now.
                if alarms.isEmpty { inbox.put(.machine(try disk.spooled())) }
            }
        case .alarmsDelivered(let upTo):
            onAlarms("delivered alarms") {
                try disk.decideAlarms(upTo: upTo)
                // What is kept for a while has changed too.
                inbox.put(.machine(try disk.spooled()))
            }
        case .alarmsRefused(let letters): onAlarms("refused alarms") { try disk.refuseAlarms(letters) }
        case .alarmsRewound(let number): onAlarms("alarms to send again") { try disk.rewindAlarms(to: number) }
        case .spoolKnown: onAlarms("the spool's name") { try disk.keepSpoolName() }
        case .fail(let reason, let text): failure = failure ?? WorkerRefused(reason: reason, description: text)
        case .note(let line): note(line)
        }
    }

    private func remember() {
        let (memory, disk, inbox, isKeeping) = (memory, disk, inbox, isKeeping)
        let new = isModelKept ? nil : model
        isModelKept = true
        nextKeeping = clock.now + Self.keepingInterval
        isKeeping.with { $0 = true }
        tasks.start(NodeTask(.disk, "remember")) {
            defer { isKeeping.with { $0 = false } }
            do {
                try disk.keep(memory, model: new?.encoded())
            } catch {
                inbox.put(.storeFailed("what the worker remembers", error))
            }
        }
    }

    /// What the disk did not take for a moment: all that this worker knows about itself and its alarms.
    private func writeAgain() {
        owedSince = nil
        remember()
        let (disk, inbox, decided) = (disk, inbox, machine.decidedAlarms)
        onAlarms("delivered alarms") {
            if decided > 0 { try disk.decideAlarms(upTo: decided) }
            inbox.put(.machine(try disk.spooled()))
        }
    }

    private func lookAtSpool() {
        let (disk, inbox) = (disk, inbox)
        onAlarms("the spool") { inbox.put(.machine(try disk.spooled())) }
    }

    private func onAlarms(_ what: String, _ body: @escaping @Sendable () throws -> Void) {
        tasks.start(NodeTask(.alarms, "alarms")) { [inbox] in
            do {
                try body()
            } catch {
                inbox.put(.storeFailed(what, error))
            }
        }
    }

    private func watch() {
        guard memory.scoring, let model, memory.version > 0 else { return }
        streamsEnded = false
        watcher.watch(
            model, version: memory.version, entities: memory.entities, falseAlarmsPerDay: memory.falseAlarmsPerDay)
    }

    private func startWork(_ key: WorkKey, _ hyperparameters: [UInt8], mayAccelerate: Bool) {
        work?.cancel()
        let cancellation = Cancellation()
        work = cancellation
        let (learner, inbox, clock) = (learner, inbox, clock)
        let model = key.kind == .statistics ? nil : model
        note(
            Note(
                .info, "working",
                ["round": "\(key.round)", "kind": "\(key.kind)", "entities": "\(key.entities.count)"]))
        tasks.start(NodeTask(.work, "work")) {
            guard !cancellation.isCancelled else { return }
            let start = clock.now
            do {
                let contribution = try learner.work(
                    key, hyperparameters: hyperparameters, model: model, mayAccelerate: mayAccelerate,
                    isCancelled: { cancellation.isCancelled })
                guard !cancellation.isCancelled else { return }
                let payload = contribution.computed(from: key.baseDigest, of: key.entities).encodedParts()
                let digest = SHA256.digest(payload)
                let seconds = (clock.now - start).seconds
                inbox.put(
                    .machine(
                        .workFinished(
                            key, payload: payload, digest: digest, seconds: seconds,
                            changes: contribution.announcement(from: model))))
            } catch {
                guard !cancellation.isCancelled else { return }
                inbox.put(.machine(.workFailed(key, reason: "\(error)")))
            }
        }
    }
}

/// Whether work is still wanted.
private final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isCancelled: Bool { flag.load(ordering: .relaxed) }

    func cancel() { flag.store(true, ordering: .relaxed) }
}
