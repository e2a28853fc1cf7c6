import Numerics
package import Platform

/// One forwarder's deliveries, as a value: no clock, no disk, no socket. The log of alarms is the queue; what is kept is how
/// far it has been sent, so that a restart loses nothing.
///
/// One sending is on its way at a time, and the next begins when what came of it is durable: the order of the log is the
/// order at the peer. What the peer does not take now is sent again, after a time that doubles up to
/// ``Limits/longestWait`` and is drawn from its upper half, or after the time that the peer asks for; what it will never take
/// becomes a dead letter, alone, and the others go on. Where an operator wants it, a dead letter is sent again when nothing
/// else waits. A server that dies between a peer's answer and the disk sends that one letter again, with the same
/// number.
package struct DeliveryMachine: Sendable {
    /// Bounds.
    package struct Limits: Sendable {
        /// Letters in one sending.
        package var batch = 1
        /// The first wait after a failure, and the longest.
        package var (firstWait, longestWait): (Duration, Duration) = (.seconds(1), .seconds(60))
        /// The longest wait that a peer may ask for.
        package var longestDemandedWait: Duration = .seconds(600)
        /// Alarms that are remembered as standing at the peer; beyond, the oldest is forgotten.
        package var standing = 10_000
        /// After how long what stands is sent again; `nil`: never.
        package var resendEvery: Duration?

        /// The defaults.
        package init() {}
    }

    /// What happens.
    package enum Event: Sendable {
        /// The log has an event of this number.
        case reached(Int64)
        /// The log's letters after the position, and how far it was looked through.
        case read([Letter], last: Int64)
        /// The latest events of alarms that stand.
        case readStanding([Letter])
        /// What came of the sending.
        case answered(DeliveryOutcome)
        /// What was to be durable is.
        case stored
        /// Dead letters are wanted again, by their numbers among the dead.
        case wantedAgain([Int64])
        /// A dead letter with what is to be sent for it, oldest first: nothing where its event is not in the log any more;
        /// `nil` where it is not among the dead any more.
        case readDead(Int64, [Letter]?)
        /// Time passes.
        case tick
    }

    /// What is to be done.
    package enum Directive: Equatable, Sendable {
        /// Read letters after a number.
        case read(after: Int64, limit: Int)
        /// Read the events of these numbers.
        case readStanding([Int64])
        /// Read a dead letter by its number among the dead.
        case readDead(Int64)
        /// Send letters; `isReminder`: the peer may have had them before.
        case send([Letter], isReminder: Bool)
        /// Make this durable.
        case store(DeliveryRecord)
    }

    private enum Phase: Equatable, Sendable {
        case idle
        case reading
        case sending([Letter], isReminder: Bool)
        case sendingAgain(Int64, [Letter])
        case storing
    }

    /// Letters that are read at a time.
    private static let readAhead = 32

    private let limits: Limits
    private let name: String
    private let seed: UInt64
    private var phase = Phase.idle
    private var queue: [Letter] = []
    /// How far the log was looked through for the queue.
    private var looked: Int64
    private var end: Int64
    /// Letters that are sent one by one, because all together were refused.
    private var alone = 0
    private var failures: UInt64 = 0
    private var retryAt: Instant?
    private var standing: [String: Int64]
    private var reminders: [Int64] = []
    private var remindedAt: Instant?
    /// Numbers of dead letters that are wanted again.
    private var wanted: [Int64] = []
    /// When the next of them is sent, and how many failed one after the other: what a peer does not take of them holds up
    /// nothing else.
    private var again: Instant?
    private var againFailures: UInt64 = 0

    /// Everything up to here is dealt with.
    package private(set) var position: Int64
    /// Letters that went.
    package private(set) var sent: Int64
    /// Letters that were refused since the start.
    package private(set) var refused = 0
    /// Why the peer does not take letters now; `nil` where it does.
    package private(set) var trouble: String?

    /// Events of the log that are not dealt with.
    package var waiting: Int64 { max(0, end - position) }

    /// Goes on where it was.
    ///
    /// - Parameters:
    ///   - seed: of the waits after failures.
    ///   - standing: alarms that the peer knows of and that stand, with the numbers of their latest events.
    package init(
        name: String, seed: UInt64, position: Int64, sent: Int64 = 0, standing: [String: Int64] = [:],
        limits: Limits = Limits()
    ) {
        self.name = name
        self.seed = seed
        self.limits = limits
        self.position = position
        self.sent = sent
        self.standing = standing
        looked = position
        end = position
    }

    /// One event at its time; what to do about it, at most one thing at a time.
    package mutating func step(_ event: Event, at now: Instant) -> Directive? {
        if remindedAt == nil { remindedAt = now }
        switch event {
        case .reached(let last): end = max(end, last)
        case .read(let letters, let last):
            guard phase == .reading else { break }
            phase = .idle
            looked = max(last, position)
            end = max(end, looked)
            queue = letters.filter(isWanted)
            if queue.isEmpty, looked > position { return store(DeliveryRecord(position: looked, sent: sent)) }
        case .readStanding(let letters):
            guard phase == .reading else { break }
            phase = .idle
            let wanted = letters.filter { !$0.isSilenced && standing[$0.event.id] != nil }
            if !wanted.isEmpty { return send(wanted, isReminder: true) }
        case .wantedAgain(let numbers):
            let known = Set(wanted)
            wanted += numbers.filter { !known.contains($0) }
        case .readDead(let number, let letters):
            guard phase == .reading, wanted.first == number else { break }
            phase = .idle
            guard let letters else {
                wanted.removeFirst()
                break
            }
            guard !letters.isEmpty else { return storeAgain(number, "its event is not in the log any more", of: []) }
            phase = .sendingAgain(number, letters)
            return .send(letters, isReminder: true)
        case .answered(let outcome):
            if case .sendingAgain(let number, let letters) = phase {
                phase = .idle
                if let directive = takeAgain(outcome, of: number, letters, at: now) { return directive }
                break
            }
            guard case .sending(let letters, let isReminder) = phase else { break }
            phase = .idle
            if let record = take(outcome, of: letters, isReminder: isReminder, at: now) { return store(record) }
        case .stored: if phase == .storing { phase = .idle }
        case .tick: break
        }
        return proceed(at: now)
    }

    /// What is silenced does not go, but for the end of what the peer knows of: nothing stays open there.
    private func isWanted(_ letter: Letter) -> Bool {
        let event = letter.event
        if event.state == .cleared { return standing[event.id] != nil || !letter.isSilenced }
        return !letter.isSilenced
    }

    private mutating func proceed(at now: Instant) -> Directive? {
        guard phase == .idle, retryAt.map({ $0 <= now }) ?? true else { return nil }
        if !queue.isEmpty {
            return send(Array(queue.prefix(alone > 0 ? 1 : max(1, limits.batch))), isReminder: false)
        }
        if end > position {
            phase = .reading
            return .read(after: position, limit: max(Self.readAhead, limits.batch))
        }
        if let number = wanted.first, again.map({ $0 <= now }) ?? true {
            phase = .reading
            return .readDead(number)
        }
        guard let every = limits.resendEvery, let last = remindedAt else { return nil }
        if reminders.isEmpty {
            guard now - last >= every else { return nil }
            reminders = standing.values.sorted()
        }
        let part = Array(reminders.prefix(max(1, limits.batch)))
        reminders.removeFirst(part.count)
        if reminders.isEmpty { remindedAt = now }
        guard !part.isEmpty else { return nil }
        phase = .reading
        return .readStanding(part)
    }

    private mutating func send(_ letters: [Letter], isReminder: Bool) -> Directive {
        phase = .sending(letters, isReminder: isReminder)
        return .send(letters, isReminder: isReminder)
    }

    private mutating func store(_ record: DeliveryRecord) -> Directive {
        phase = .storing
        position = record.position
        return .store(record)
    }

    /// What came of a sending; what has to be durable for it, if anything.
    private mutating func take(
        _ outcome: DeliveryOutcome, of letters: [Letter], isReminder: Bool, at now: Instant
    ) -> DeliveryRecord? {
        switch outcome {
        case .failed(let reason, let demanded):
            fail(reason, demanded, at: now)
            // Read again then: a silence may lie over it by that time.
            (queue, looked, alone) = ([], position, 0)
            if isReminder { reminders = letters.map(\.sequence) + reminders }
            return nil
        case .refused(let reason):
            trouble = reason
            guard !isReminder else { return nil }
            guard letters.count == 1 else {
                alone = letters.count
                return nil
            }
            refused += 1
            return dealtWith(letters, dead: letters.map { .init(sequence: $0.sequence, reason: reason) })
        case .taken:
            (trouble, failures, retryAt) = (nil, 0, nil)
            guard !isReminder else { return nil }
            sent += Int64(letters.count)
            return dealtWith(letters, dead: [])
        }
    }

    private mutating func fail(_ reason: String, _ demanded: Duration?, at now: Instant) {
        failures += 1
        // A peer that says when to come again, and then takes what comes, is well.
        if demanded == nil || failures > 1 { trouble = reason }
        retryAt = now + max(wait(after: failures), min(demanded ?? .zero, limits.longestDemandedWait))
    }

    /// What came of a dead letter that was sent again.
    private mutating func takeAgain(
        _ outcome: DeliveryOutcome, of number: Int64, _ letters: [Letter], at now: Instant
    ) -> Directive? {
        switch outcome {
        case .failed(_, let demanded):
            againFailures += 1
            again = now + max(wait(after: againFailures), min(demanded ?? .zero, limits.longestDemandedWait))
            wanted.append(wanted.removeFirst())
            return nil
        case .refused(let reason):
            return storeAgain(number, reason, of: [])
        case .taken:
            (trouble, failures, retryAt) = (nil, 0, nil)
            (again, againFailures) = (nil, 0)
            sent += Int64(letters.count)
            return storeAgain(number, nil, of: letters)
        }
    }

    private mutating func storeAgain(_ number: Int64, _ reason: String?, of letters: [Letter]) -> Directive {
        wanted.removeFirst()
        var record = DeliveryRecord(position: position, sent: sent)
        record.again = [.init(number: number, reason: reason)]
        note(letters, in: &record)
        return store(record)
    }

    private mutating func dealtWith(_ letters: [Letter], dead: [DeliveryRecord.DeadLetter]) -> DeliveryRecord {
        queue.removeFirst(letters.count)
        alone = max(0, alone - letters.count)
        var record = DeliveryRecord(
            position: queue.isEmpty ? looked : letters.last?.sequence ?? position, sent: sent, dead: dead)
        if dead.isEmpty { note(letters, in: &record) }
        return record
    }

    /// Remembers what stands at the peer now that it has letters.
    private mutating func note(_ letters: [Letter], in record: inout DeliveryRecord) {
        for letter in letters where letter.operation == nil {
            let id = letter.event.id
            if letter.event.state == .cleared {
                if standing.removeValue(forKey: id) != nil { record.ended.append(id) }
                record.raised[id] = nil
            } else if letter.event.state != .settled || standing[id] != nil {
                // What is settled may be over already.
                standing[id] = letter.sequence
                record.raised[id] = letter.sequence
            }
        }
        while standing.count > limits.standing, let oldest = standing.min(by: { $0.value < $1.value })?.key {
            standing[oldest] = nil
            record.raised[oldest] = nil
            record.ended.append(oldest)
        }
    }

    /// Doubled each time, drawn from the upper half: many forwarders of a peer that comes back do not all come at once.
    private func wait(after failures: UInt64) -> Duration {
        var generator = CounterBasedGenerator(seed: seed &+ failures, purpose: "delivery to \(name)")
        let doublings = min(failures - 1, 20)
        let full = min(limits.longestWait, limits.firstWait * Double(1 << doublings))
        return full * (0.5 + 0.5 * generator.uniform())
    }
}
