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

    private let store: Mutex<DeliveryLog>
    private let statuses: Mutex<[Status]>
    private let failure = Mutex<StorageError?>(nil)
    private let threads = Mutex<[BackgroundThread]>([])
    private let alarmLog: String
    private let view: AlarmView
    private let board: ServerBoard
    private let log: Logger

    /// Begins to forward.
    ///
    /// - Throws: `StorageError` when `deliveries.db` cannot be had.
    init(
        _ forwarders: [any AlarmForwarder], folder: DataFolder, view: AlarmView, board: ServerBoard, log: Logger
    ) throws {
        store = Mutex(try DeliveryLog(path: folder.file("deliveries.db")))
        statuses = Mutex(forwarders.map { Status(name: $0.name, kind: $0.kind) })
        alarmLog = folder.file("alarms.db")
        self.view = view
        self.board = board
        self.log = log
        for (index, forwarder) in forwarders.enumerated() {
            let last = board.lastAlarm.load(ordering: .acquiring)
            let start = forwarder.since ?? last
            let (place, dead) = try store.withLock {
                (try $0.place(of: forwarder.name, startingAt: start), try $0.deadLetters(of: forwarder.name))
            }
            statuses.withLock { $0[index].deadLetters = dead }
            // A log that was restored from an older copy gives numbers a second time: its new events have to go.
            let machine = DeliveryMachine(
                name: forwarder.name, seed: UInt64.random(in: 0 ... .max),
                position: max(min(place.position, last), forwarder.since ?? 0),
                sent: place.sent, standing: place.standing, limits: forwarder.limits)
            let thread = BackgroundThread(name: "forwarder") { [self] isCancelled in
                forward(forwarder, index, machine, isCancelled)
            }
            threads.withLock { $0.append(thread) }
        }
    }

    /// How all of them stand, in the order of the configuration.
    var current: [Status] { statuses.withLock { $0 } }

    /// What has kept a delivery from the disk, if anything has.
    var storageFailure: StorageError? { failure.withLock { $0 } }

    /// Stops them; what is on its way may still arrive, and is then sent once more at the next start.
    func stop() {
        let all = threads.withLock { $0 }
        for thread in all { thread.cancel() }
        for thread in all { thread.join(upTo: .milliseconds(300)) }
    }

    private func forward(
        _ forwarder: any AlarmForwarder, _ index: Int, _ machine: DeliveryMachine, _ isCancelled: () -> Bool
    ) {
        let clock = MonotonicClock()
        var machine = machine
        var dead = current[index].deadLetters
        var wasWell = true
        do {
            let alarms = try AlarmLog(reading: alarmLog)
            var next = machine.step(.reached(board.lastAlarm.load(ordering: .acquiring)), at: clock.now)
            while !isCancelled() {
                switch next {
                case .read(let after, let limit):
                    let page = try alarms.page(after: after, limit: limit)
                    next = machine.step(
                        .read(try letters(page.entries, for: forwarder), last: page.last), at: clock.now)
                case .readStanding(let numbers):
                    let entries = try numbers.compactMap { number in
                        try alarms.page(after: number - 1, limit: 1).entries.first { $0.sequence == number }
                    }
                    next = machine.step(.readStanding(try letters(entries, for: forwarder)), at: clock.now)
                case .send(let letters, let isReminder):
                    let outcome = forwarder.send(letters, isReminder: isReminder)
                    next = machine.step(.answered(outcome), at: clock.now)
                    if case .refused(let reason) = outcome, letters.count == 1, !isReminder {
                        log.warning(
                            "an alarm was refused by a forwarder's peer",
                            ["forwarder": forwarder.name, "event": "\(letters[0].sequence)", "reason": reason])
                    }
                case .store(let record):
                    try store.withLock { try $0.write(record, of: forwarder.name, at: OperatorStore.now) }
                    dead = min(DeliveryLog.mostDead, dead + Int64(record.dead.count))
                    next = machine.step(.stored, at: clock.now)
                case nil:
                    usleep(100_000)
                    next = machine.step(.reached(board.lastAlarm.load(ordering: .acquiring)), at: clock.now)
                }
                let isWell = machine.trouble == nil
                if isWell != wasWell {
                    wasWell = isWell
                    log.notice(
                        isWell ? "a forwarder's peer takes alarms again" : "a forwarder's peer takes no alarms",
                        ["forwarder": forwarder.name, "reason": machine.trouble ?? ""])
                }
                statuses.withLock {
                    $0[index].state = isWell ? "well" : "failing"
                    $0[index].waiting = machine.waiting
                    $0[index].sent = machine.sent
                    $0[index].deadLetters = dead
                    $0[index].trouble = machine.trouble.map { PrintableText.line($0, limit: 300) }
                }
            }
        } catch {
            let failed = error as? StorageError
            log.error("a forwarder has ended", ["forwarder": forwarder.name, "reason": "\(error)"])
            failure.withLock { $0 = failed }
            statuses.withLock {
                $0[index].state = "failing"
                $0[index].trouble = PrintableText.line("\(error)", limit: 300)
            }
        }
    }

    private func letters(_ entries: [AlarmLog.Entry], for forwarder: any AlarmForwarder) throws -> [Letter] {
        guard let last = entries.last else { return [] }
        try view.incidents.catchUp(to: last.sequence)
        let moment = view.now()
        return entries.compactMap { entry in
            guard var event = moment.event(entry.bytes), event.quality == nil else { return nil }
            event.sequence = entry.sequence
            return Letter(
                sequence: entry.sequence, event: event,
                isSilenced: event.handling?.silence != nil || event.severity < forwarder.leastSeverity)
        }
    }
}
