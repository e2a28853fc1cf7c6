import Foundation
import Glibc
import Platform
import Synchronization
import Watching

/// The server's forwarders at work: a thread, a ``Watching/DeliveryMachine`` and a place in the log for each.
final class ForwardingThreads: Sendable {
    /// How a forwarder stands.
    struct Status: Encodable, Sendable {
        let name: String
        let kind: String
        /// `well`, or `failing` where the peer does not take letters now.
        var state = "well"
        /// Events of the log that are not dealt with.
        var waiting: Int64 = 0
        /// Letters that went, in all.
        var sent: Int64 = 0
        /// Letters that were refused and lie in `deliveries.db`.
        var deadLetters: Int64 = 0
        /// What the peer said last, where it did not take something.
        var trouble: String?
    }

    /// A forwarder at work.
    private final class Slot: Sendable {
        let forwarder: any AlarmForwarder
        let status: Mutex<Status>
        let threads = Mutex<[BackgroundThread]>([])
        private let troubles = Mutex<[String: String]>([:])

        init(_ forwarder: any AlarmForwarder) {
            self.forwarder = forwarder
            status = Mutex(Status(name: forwarder.name, kind: forwarder.kind))
        }

        /// Says why a feed's letters do not go; `nil` where they do.
        func say(_ trouble: String?, of feed: String) {
            let first = troubles.withLock {
                $0[feed] = trouble
                return $0.min { $0.key < $1.key }?.value
            }
            status.withLock {
                $0.state = first == nil ? "well" : "failing"
                $0.trouble = first.map { PrintableText.line($0, limit: 300) }
            }
        }

        func stop(upTo limit: Duration? = nil) {
            let all = threads.withLock { $0 }
            for thread in all { thread.cancel() }
            for thread in all { thread.join(upTo: limit) }
        }
    }

    private let store: Mutex<DeliveryLog>
    private let slots = Mutex<[Slot]>([])
    private let subscriptions: Mutex<SubscriptionFile>
    private let subscriber: @Sendable (_ name: String, _ consumer: String) -> (any AlarmForwarder)?
    private let failure = Mutex<StorageError?>(nil)
    private let alarmLog: String
    private let view: AlarmView
    private let board: ServerBoard
    private let federation: String
    private let log: Logger

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
        self.subscriber = subscriber
        self.view = view
        self.board = board
        self.federation = federation
        self.log = log
        for forwarder in forwarders + file.entries.compactMap({ subscriber($0.id, $0.consumer) }) {
            try begin(forwarder)
        }
    }

    /// How all of them stand: those of the configuration in its order, then subscriptions.
    var current: [Status] { slots.withLock { $0 }.map { $0.status.withLock { $0 } } }

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
        let all = slots.withLock { $0 }
        for slot in all { for thread in slot.threads.withLock({ $0 }) { thread.cancel() } }
        for slot in all { slot.stop(upTo: .milliseconds(300)) }
    }

    // MARK: Subscriptions

    /// Sends what comes from now on to a consumer too.
    ///
    /// - Returns: the subscription's name.
    /// - Throws: ``Problem``; `StorageError` when it cannot be kept.
    func subscribe(_ consumer: String) throws -> String {
        // Who asks again, or has forgotten that it asked, is told once all the same.
        if let known = subscriptions.withLock({ $0.entries.first { $0.consumer == consumer } }) { return known.id }
        let id = "subscription-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        guard let forwarder = subscriber(id, consumer) else {
            throw Problem(
                400,
                "consumerReference: found '\(HTTPResponse.printable(consumer))', expected http://HOST… or https://HOST…"
            )
        }
        try subscriptions.withLock { file in
            guard file.entries.count < SubscriptionFile.most else {
                throw Problem(409, "\(SubscriptionFile.most) consumers have subscribed, as many as may")
            }
            try file.add(.init(id: id, consumer: consumer))
        }
        do { try begin(forwarder) } catch {
            // Nobody is told a name of it, so nobody could end it.
            try subscriptions.withLock { try $0.remove(id) }
            throw error
        }
        return id
    }

    /// Ends a subscription; what is on its way may still arrive.
    ///
    /// - Returns: whether there was one of this name.
    /// - Throws: `StorageError` when that cannot be kept.
    func unsubscribe(_ id: String) throws -> Bool {
        let isKnown = try subscriptions.withLock { file in
            guard file.entries.contains(where: { $0.id == id }) else { return false }
            try file.remove(id)
            return true
        }
        guard isKnown else { return false }
        let slot = slots.withLock { slots in
            defer { slots.removeAll { $0.forwarder.name == id } }
            return slots.first { $0.forwarder.name == id }
        }
        slot?.stop(upTo: .seconds(1))
        try store.withLock { store in
            for name in [id, Self.operations(of: id)] { try store.forget(name) }
        }
        return true
    }

    // MARK: Forwarding

    /// Where letters come from.
    private struct Feed: Sendable {
        /// What has come of it is remembered by this name.
        let name: String
        /// The number of the last of them.
        let last: @Sendable () -> Int64
        /// Letters behind a number, and how far was looked.
        let read: @Sendable (_ after: Int64, _ limit: Int) throws -> (letters: [Letter], last: Int64)
        /// The letters of some numbers.
        let again: @Sendable (_ numbers: [Int64]) throws -> [Letter]
    }

    private static func operations(of name: String) -> String { name + "/operations" }

    private func begin(_ forwarder: any AlarmForwarder) throws {
        let slot = Slot(forwarder)
        do {
            try begin(alarms(for: forwarder), slot, from: forwarder.since, tellsRebuilt: true)
            if forwarder.sendsOperations {
                try begin(operations(for: forwarder), slot, from: nil, tellsRebuilt: false)
            }
        } catch {
            slot.stop()
            throw error
        }
        slots.withLock { $0.append(slot) }
    }

    private func begin(_ feed: Feed, _ slot: Slot, from since: Int64?, tellsRebuilt: Bool) throws {
        let last = feed.last()
        let (place, dead) = try store.withLock {
            (try $0.place(of: feed.name, startingAt: since ?? last), try $0.deadLetters(of: feed.name))
        }
        slot.status.withLock { $0.deadLetters += dead }
        // A log that was restored from an older copy gives numbers a second time: its new events have to go.
        let isOlder = place.position > max(last, since ?? 0)
        let machine = DeliveryMachine(
            name: feed.name, seed: UInt64.random(in: 0 ... .max),
            position: max(min(place.position, last), since ?? 0), sent: place.sent, standing: place.standing,
            limits: slot.forwarder.limits)
        let thread = BackgroundThread(name: "forwarder") { [self] isCancelled in
            if tellsRebuilt, isOlder { tellRebuilt(slot.forwarder, isCancelled) }
            forward(feed, slot, machine, dead, isCancelled)
        }
        slot.threads.withLock { $0.append(thread) }
    }

    private func tellRebuilt(_ forwarder: any AlarmForwarder, _ isCancelled: () -> Bool) {
        while !isCancelled() {
            guard case .failed = forwarder.tellRebuilt(federation: federation) else { return }
            // A peer that is away hears of it when it is back.
            for _ in 0..<20 where !isCancelled() { usleep(100_000) }
        }
    }

    /// The log of alarms.
    private func alarms(for forwarder: any AlarmForwarder) -> Feed {
        Feed(
            name: forwarder.name, last: { [board] in board.lastAlarm.load(ordering: .acquiring) },
            read: { [self] after, limit in
                let page = try AlarmLog(reading: alarmLog).page(after: after, limit: limit)
                return (try letters(page.entries, for: forwarder), page.last)
            },
            again: { [self] numbers in
                let alarms = try AlarmLog(reading: alarmLog)
                let entries = try numbers.compactMap { number in
                    try alarms.page(after: number - 1, limit: 1).entries.first { $0.sequence == number }
                }
                return try letters(entries, for: forwarder)
            })
    }

    /// The audit of what operators said of alarms.
    private func operations(for forwarder: any AlarmForwarder) -> Feed {
        Feed(
            name: Self.operations(of: forwarder.name),
            last: { [view] in view.operations.revision.load(ordering: .acquiring) },
            read: { [self] after, limit in
                let entries = try view.operations.audit(after: after, limit: limit)
                let alarms = try AlarmLog(reading: alarmLog)
                let moment = view.now()
                let letters = try entries.compactMap { entry -> Letter? in
                    guard let id = entry.alarm, let latest = try alarms.entries(of: id, limit: 1).first,
                        let event = moment.event(latest.bytes), event.quality == nil,
                        event.severity >= forwarder.leastSeverity
                    else { return nil }
                    return Letter(sequence: entry.number, event: event, isSilenced: false, operation: entry)
                }
                return (letters, entries.last?.number ?? after)
            }, again: { _ in [] })
    }

    private func forward(
        _ feed: Feed, _ slot: Slot, _ machine: DeliveryMachine, _ deadLetters: Int64, _ isCancelled: () -> Bool
    ) {
        let clock = MonotonicClock()
        let forwarder = slot.forwarder
        var machine = machine
        var dead = deadLetters
        var shown = (waiting: Int64(0), sent: machine.sent, dead: dead)
        slot.status.withLock { $0.sent += machine.sent }
        var wasWell = true
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
                case .send(let letters, let isReminder):
                    let outcome = forwarder.send(letters, isReminder: isReminder)
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
                    try store.withLock { try $0.write(record, of: feed.name, at: OperatorStore.now) }
                    dead = min(DeliveryLog.mostDead, dead + Int64(record.dead.count))
                    next = machine.step(.stored, at: clock.now)
                case nil:
                    usleep(100_000)
                    next = machine.step(.reached(feed.last()), at: clock.now)
                }
                let isWell = machine.trouble == nil
                if isWell != wasWell {
                    wasWell = isWell
                    log.notice(
                        isWell ? "a forwarder's peer takes alarms again" : "a forwarder's peer takes no alarms",
                        ["forwarder": feed.name, "reason": machine.trouble ?? ""])
                }
                // Two feeds of one forwarder show themselves as one.
                let now = (waiting: machine.waiting, sent: machine.sent, dead: dead)
                slot.status.withLock {
                    $0.waiting += now.waiting - shown.waiting
                    $0.sent += now.sent - shown.sent
                    $0.deadLetters += now.dead - shown.dead
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

    private func letters(_ entries: [AlarmLog.Entry], for forwarder: any AlarmForwarder) throws -> [Letter] {
        guard let last = entries.last else { return [] }
        try view.incidents.catchUp(to: last.sequence)
        let moment = view.now()
        let alarms = forwarder.sendsCorrelations ? try AlarmLog(reading: alarmLog) : nil
        return try entries.compactMap { entry -> Letter? in
            guard var event = moment.event(entry.bytes), event.quality == nil else { return nil }
            event.sequence = entry.sequence
            let isSilenced = event.handling?.silence != nil || event.severity < forwarder.leastSeverity
            var beside: [Letter.Other] = []
            if let alarms, !isSilenced { beside = try others(beside: event, in: alarms, moment, forwarder) }
            return Letter(sequence: entry.sequence, event: event, isSilenced: isSilenced, others: beside)
        }
    }

    /// Alarms beside one that is raised that are named with it.
    private static let mostOthers = 64
    /// Events of an alarm that are looked at for its first.
    private static let eventsOfAlarm = 32

    /// The alarms of the same incident that came before an alarm that is raised, and that the peer was told of.
    private func others(
        beside event: AlarmEvent, in alarms: AlarmLog, _ moment: AlarmView.Moment, _ forwarder: any AlarmForwarder
    ) throws -> [Letter.Other] {
        guard event.state == .raised, let number = event.sequence, let incident = event.incident,
            let ids = view.incidents.alarms(ofIncident: incident)
        else { return [] }
        var others: [Letter.Other] = []
        for id in ids.prefix(Self.mostOthers) where id != event.id {
            let earlier = try alarms.entries(of: id, limit: Self.eventsOfAlarm).last { $0.sequence < number }
            guard let earlier, let other = moment.event(earlier.bytes), other.severity >= forwarder.leastSeverity,
                other.handling?.silence == nil
            else { continue }
            others.append(Letter.Other(event: other, sequence: earlier.sequence))
        }
        return others.sorted { $0.sequence < $1.sequence }
    }
}
