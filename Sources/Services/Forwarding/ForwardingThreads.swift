import Foundation
import Glibc
import Platform
import Synchronization
import Telemetry
import Watching

/// The server's forwarders at work: a thread, a ``Watching/DeliveryMachine`` and a place in the log for each.
final class ForwardingThreads: Sendable {
    let store: Mutex<DeliveryLog>
    let slots = Mutex<[ForwarderSlot]>([])
    let subscriptions: Mutex<SubscriptionFile>
    let subscriber: @Sendable (_ name: String, _ consumer: String) -> (any AlarmForwarder)?
    let failure = Mutex<StorageError?>(nil)
    let alarmLog: String
    let view: AlarmView
    let board: ServerBoard
    let federation: String
    let log: Logger
    /// The alarms that stand, for peers that hear figures.
    let standing: AlarmList
    private let warden = Mutex<BackgroundThread?>(nil)

    /// Begins to forward.
    ///
    /// - Parameter subscriber: makes the forwarder of a consumer that subscribes over HTTP.
    /// - Throws: `StorageError` when `deliveries.db` or `subscriptions.json` cannot be had.
    init(
        _ forwarders: [any AlarmForwarder],
        subscriber: @escaping @Sendable (_ name: String, _ consumer: String) -> (any AlarmForwarder)?,
        folder: DataFolder, view: AlarmView, board: ServerBoard, federation: String, log: Logger
    ) throws {
        store = Mutex(try DeliveryLog(path: folder.file("deliveries.db")))
        let file = try SubscriptionFile(path: folder.file("subscriptions.json"))
        subscriptions = Mutex(file)
        alarmLog = folder.file("alarms.db")
        standing = AlarmList(log: alarmLog)
        self.subscriber = subscriber
        self.view = view
        self.board = board
        self.federation = federation
        self.log = log
        for forwarder in forwarders + file.entries.compactMap({ subscriber($0.id, $0.consumer) }) {
            try begin(forwarder)
        }
        warden.withLock { $0 = BackgroundThread(name: "subscriptions") { [self] in watchSubscriptions($0) } }
    }

    /// How all of them stand: those of the configuration in its order, then subscriptions.
    var current: [ForwardingReport.Forwarder] { slots.withLock { $0 }.map { $0.status.withLock { $0 } } }

    /// What has kept a delivery from the disk, if anything has.
    var storageFailure: StorageError? { failure.withLock { $0 } }

    /// What came of ``change(to:changed:)``.
    struct Change: Sendable {
        /// Forwarders that began, or began anew with other settings.
        var begun: [String] = []
        /// Forwarders that ended.
        var ended: [String] = []
    }

    /// Goes on with the forwarders of another configuration: each from where the one of its name was. Subscriptions stay.
    ///
    /// - Parameter changed: names of those whose settings are others than before.
    /// - Throws: `StorageError` where one cannot begin.
    func change(to forwarders: [any AlarmForwarder], changed: Set<String>) throws -> Change {
        var change = Change()
        let subscribed = Set(subscriptions.withLock { $0.entries.map(\.id) })
        let known = Dictionary(forwarders.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for slot in slots.withLock({ $0 }) where !subscribed.contains(slot.forwarder.name) {
            let name = slot.forwarder.name
            guard known[name] == nil || changed.contains(name) else { continue }
            // Two of one name would both say how far they are: what is on its way is waited for, some seconds at most.
            slot.stop()
            slots.withLock { $0.removeAll { $0 === slot } }
            if known[name] == nil { change.ended.append(name) }
        }
        let running = Set(slots.withLock { $0.map(\.forwarder.name) })
        for forwarder in forwarders where !running.contains(forwarder.name) {
            try begin(forwarder)
            change.begun.append(forwarder.name)
        }
        return change
    }

    /// Stops them; what is on its way may still arrive, and is then sent once more at the next start.
    func stop() {
        let warden = warden.withLock { $0 }
        warden?.cancel()
        let all = slots.withLock { $0 }
        for slot in all { for thread in slot.threads.withLock({ $0 }) { thread.cancel() } }
        for slot in all { slot.stop(upTo: .milliseconds(300)) }
        warden?.join(upTo: .milliseconds(300))
    }

    // MARK: Forwarding

    /// Begins to forward to one more.
    ///
    /// - Throws: `StorageError`.
    func begin(_ forwarder: any AlarmForwarder) throws {
        let kept = subscriptions.withLock { $0.entries.first { $0.id == forwarder.name }?.failingSeconds }
        let slot = ForwarderSlot(forwarder, reach: ConsumerReach(failingSeconds: kept ?? 0))
        do {
            try begin(alarms(for: forwarder), slot, from: forwarder.since, tellsRebuilt: true)
            if forwarder.sendsOperations {
                try begin(operations(for: forwarder), slot, from: nil, tellsRebuilt: false)
            }
            beginBeats(slot)
        } catch {
            slot.stop()
            throw error
        }
        slots.withLock { $0.append(slot) }
    }

    private func begin(_ feed: Feed, _ slot: ForwarderSlot, from since: Int64?, tellsRebuilt: Bool) throws {
        let last = feed.last()
        let (place, dead, wanted) = try store.withLock {
            (
                try $0.place(of: feed.name, startingAt: since ?? last), try $0.deadLetters(of: feed.name),
                try $0.wanted(of: feed.name)
            )
        }
        slot.say(dead: dead, of: feed.name)
        slot.want([feed.name: wanted])
        // A log that was restored from an older copy gives numbers a second time: its new events have to go.
        let isOlder = place.position > max(last, since ?? 0)
        let machine = DeliveryMachine(
            name: feed.name, seed: UInt64.random(in: 0 ... .max),
            position: max(min(place.position, last), since ?? 0), sent: place.sent, standing: place.standing,
            limits: slot.forwarder.limits)
        let thread = BackgroundThread(name: "forwarder") { [self] isCancelled in
            if tellsRebuilt, isOlder { tellRebuilt(slot, isCancelled) }
            forward(feed, slot, machine, isCancelled)
        }
        slot.threads.withLock { $0.append(thread) }
    }

    private func tellRebuilt(_ slot: ForwarderSlot, _ isCancelled: () -> Bool) {
        while !isCancelled() {
            let outcome = slot.forwarder.tellRebuilt(federation: federation)
            slot.tried(outcome, at: Date.now.timeIntervalSince1970)
            slot.say(outcome.reason, of: slot.forwarder.name)
            guard case .failed = outcome else { return }
            // A peer that is away hears of it when it is back.
            for _ in 0..<20 where !isCancelled() { usleep(100_000) }
        }
    }

    private func forward(
        _ feed: Feed, _ slot: ForwarderSlot, _ machine: DeliveryMachine, _ isCancelled: () -> Bool
    ) {
        let clock = MonotonicClock()
        let forwarder = slot.forwarder
        var machine = machine
        var shown = (waiting: Int64(0), sent: machine.sent)
        slot.status.withLock { $0.sent += machine.sent }
        var steadiness = Steadiness()
        // A peer may refuse ten thousand: one line a minute says how many.
        var refusals = (count: 0, told: Instant.zero)
        do {
            var next = machine.step(.reached(feed.last()), at: clock.now)
            while !isCancelled() {
                switch next {
                case .read(let after, let limit):
                    let page = try feed.read(after, limit)
                    next = machine.step(.read(page.letters, last: page.last), at: clock.now)
                case .readStanding(let numbers):
                    next = machine.step(.readStanding(try feed.again(numbers)), at: clock.now)
                case .readDead(let number):
                    let letters = try dead(number, of: feed, upTo: machine.position)
                    next = machine.step(.readDead(number, letters), at: clock.now)
                case .send(let letters, let isReminder):
                    let outcome = forwarder.send(letters, isReminder: isReminder)
                    slot.tried(outcome, at: Date.now.timeIntervalSince1970)
                    next = machine.step(.answered(outcome), at: clock.now)
                    if case .refused(let reason) = outcome, letters.count == 1, !isReminder {
                        refusals.count += 1
                        guard refusals.count == 1 || clock.now - refusals.told >= .seconds(60) else { break }
                        log.warning(
                            "an alarm was refused by a forwarder's peer",
                            [
                                "forwarder": feed.name, "event": "\(letters[0].sequence)", "reason": reason,
                                "refused": "\(refusals.count)",
                            ])
                        refusals.told = clock.now
                    }
                case .store(let record):
                    try store.withLock { store in
                        try store.write(record, of: feed.name, at: OperatorStore.now)
                        guard !record.dead.isEmpty || !record.again.isEmpty else { return }
                        slot.say(dead: try store.deadLetters(of: feed.name), of: feed.name)
                    }
                    next = machine.step(.stored, at: clock.now)
                case nil:
                    let wanted = slot.takeWanted(of: feed.name)
                    if !wanted.isEmpty {
                        next = machine.step(.wantedAgain(wanted), at: clock.now)
                        break
                    }
                    usleep(100_000)
                    next = machine.step(.reached(feed.last()), at: clock.now)
                }
                say(machine.trouble, of: feed.name, &steadiness, at: (clock.now - .zero).seconds)
                // Two feeds of one forwarder show themselves as one.
                let now = (waiting: machine.waiting, sent: machine.sent)
                slot.status.withLock {
                    $0.waiting += now.waiting - shown.waiting
                    $0.sent += now.sent - shown.sent
                }
                slot.say(machine.trouble, of: feed.name)
                shown = now
            }
        } catch {
            log.error("a forwarder has ended", ["forwarder": feed.name, "reason": "\(error)"])
            if let failed = error as? StorageError { failure.withLock { $0 = failed } }
            slot.say("\(error)", of: feed.name)
        }
    }

    /// Says in the log that a peer takes no alarms, or takes them again; of one that does both in turns, that it is steady.
    private func say(_ trouble: String?, of name: String, _ steadiness: inout Steadiness, at now: Double) {
        if let trouble {
            guard steadiness.begins(at: now) else { return }
            log.notice("a forwarder's peer takes no alarms", ["forwarder": name, "reason": trouble])
        } else if steadiness.ends(at: now) {
            log.notice(
                "a forwarder's peer takes alarms again", ["forwarder": name, "relapses": "\(steadiness.returns)"])
        }
    }

    /// What is sent for a dead letter that is wanted again: it, and behind it what its alarm came to, so that nothing that is over
    /// stays open at the peer. `nil` where nobody wants it any more.
    private func dead(_ number: Int64, of feed: Feed, upTo position: Int64) throws -> [Letter]? {
        guard let letter = try store.withLock({ try $0.deadLetter(number, of: feed.name) }), letter.isWanted else {
            return nil
        }
        guard let again = try feed.again([letter.sequence]).first else { return [] }
        return [again] + [try feed.outcome(again, position)].compactMap(\.self)
    }
}
