import Numerics
import Platform
import Testing
import Watching

@Suite struct DeliveryMachineTests {
    private static func letter(_ sequence: Int64, _ state: AlarmEvent.State = .raised, silenced: Bool = false) -> Letter
    {
        var event = AlarmEvent(
            id: "s/e@\(state == .cleared ? sequence - 1 : sequence)", revision: 0, state: state, site: "s", entity: "e",
            worker: "w", severity: .minor, onset: .init(index: 0, time: 0), at: .init(index: 0, time: 0), score: 1,
            groups: [], fingerprint: [], reconstruction: nil, modelVersion: 1)
        event.sequence = sequence
        return Letter(sequence: sequence, event: event, isSilenced: silenced)
    }

    /// What a database would keep.
    private struct Disk {
        var position: Int64 = 0
        var sent: Int64 = 0
        var standing: [String: Int64] = [:]
        var dead: [Int64] = []

        mutating func write(_ record: DeliveryRecord) {
            position = record.position
            sent = record.sent
            standing.merge(record.raised) { $1 }
            for id in record.ended { standing[id] = nil }
            dead += record.dead.map(\.sequence)
        }

        func machine(_ limits: DeliveryMachine.Limits) -> DeliveryMachine {
            DeliveryMachine(name: "f", seed: 3, position: position, sent: sent, standing: standing, limits: limits)
        }
    }

    private static func at(_ seconds: Double) -> Instant { .zero + .seconds(seconds) }

    /// A peer that is away, slow to take or refuses, and a sender that dies between any two steps: what is neither silenced
    /// nor refused arrives, in the order of the log; again only what was on its way when the sender died.
    @Test(arguments: Array(1...40) as [UInt64]) func nothingIsLostAndOrderIsKept(_ seed: UInt64) throws {
        var generator = CounterBasedGenerator(seed: seed, purpose: "deliveries")
        func draw() -> Double { generator.uniform() }
        let count: Int64 = 120
        let silenced = Set((1...count).filter { _ in draw() < 0.1 })
        let poison = Set((1...count).filter { _ in draw() < 0.05 })
        var limits = DeliveryMachine.Limits()
        limits.batch = [1, 4, 64][Int(draw() * 3)]
        var disk = Disk()
        var machine = disk.machine(limits)
        var arrived: [Int64] = []
        var deaths = 0
        var (now, end) = (0.0, Int64(0))
        var next: DeliveryMachine.Directive?
        for _ in 0..<100_000 where disk.position < count {
            if draw() < 0.01 {
                machine = disk.machine(limits)
                next = nil
                deaths += 1
            }
            switch next {
            case .read(let after, let limit):
                let last = min(end, after + Int64(limit))
                let letters =
                    after < last ? (after + 1...last).map { Self.letter($0, silenced: silenced.contains($0)) } : []
                next = machine.step(.read(letters, last: last), at: Self.at(now))
            case .send(let letters, let isReminder):
                #expect(!isReminder && letters.count <= limits.batch && !letters.isEmpty)
                #expect(letters.allSatisfy { !silenced.contains($0.sequence) })
                let outcome: DeliveryOutcome =
                    draw() < 0.2
                    ? .failed("away") : letters.contains { poison.contains($0.sequence) } ? .refused("no") : .taken
                if outcome == .taken { arrived += letters.map(\.sequence) }
                if draw() < 0.02 {
                    // It has them, and the sender dies before it knows.
                    machine = disk.machine(limits)
                    next = nil
                    deaths += 1
                    continue
                }
                next = machine.step(.answered(outcome), at: Self.at(now))
            case .store(let record):
                disk.write(record)
                next = machine.step(.stored, at: Self.at(now))
            case .readStanding, .readDead:
                Issue.record("nothing is sent again here")
                return
            case nil:
                now += 5
                end = min(count, end + Int64(draw() * 9))
                next = machine.step(.reached(end), at: Self.at(now))
            }
        }
        #expect(disk.position == count, "seed \(seed)")
        let expected = (1...count).filter { !silenced.contains($0) && !poison.contains($0) }
        #expect(Set(arrived) == Set(expected) && Set(disk.dead) == poison.subtracting(silenced), "seed \(seed)")
        // Whoever reads leaves out what he has had: the order of first arrivals is the log's.
        var seen: Set<Int64> = []
        #expect(arrived.filter { seen.insert($0).inserted } == expected, "seed \(seed)")
        #expect(arrived.count - expected.count <= deaths * limits.batch, "seed \(seed)")
    }

    @Test func waitsDoubleUpToTheLongest() {
        var machine = Disk().machine(DeliveryMachine.Limits())
        var now = 0.0
        _ = machine.step(.reached(1), at: Self.at(now))
        var waits: [Double] = []
        for _ in 0..<12 {
            let sending = machine.step(.read([Self.letter(1)], last: 1), at: Self.at(now))
            #expect(sending == .send([Self.letter(1)], isReminder: false))
            #expect(machine.step(.answered(.failed("away")), at: Self.at(now)) == nil && machine.trouble == "away")
            let start = now
            while machine.step(.tick, at: Self.at(now)) == nil { now += 0.05 }
            waits.append(now - start)
        }
        for (index, wait) in waits.enumerated() {
            let full = min(60, Double(1 << index))
            #expect((full / 2...full + 0.1).contains(wait), "\(index): \(wait)")
        }
        // Another seed draws other waits.
        #expect(Set(waits.suffix(5)).count > 1)
    }

    @Test func whatStandsIsSentAgainUntilItIsOver() {
        var limits = DeliveryMachine.Limits()
        limits.batch = 8
        limits.resendEvery = .seconds(60)
        var disk = Disk()
        var machine = disk.machine(limits)
        func settle(_ event: DeliveryMachine.Event, _ log: [Letter], at now: Double) -> [(
            letters: [Int64], isReminder: Bool
        )] {
            var sendings: [(letters: [Int64], isReminder: Bool)] = []
            var next = machine.step(event, at: Self.at(now))
            while let directive = next {
                switch directive {
                case .read(let after, _):
                    next = machine.step(
                        .read(log.filter { $0.sequence > after }, last: log.last?.sequence ?? after), at: Self.at(now))
                case .readStanding(let numbers):
                    next = machine.step(
                        .readStanding(log.filter { numbers.contains($0.sequence) }), at: Self.at(now))
                case .readDead: return sendings
                case .send(let letters, let isReminder):
                    sendings.append((letters.map(\.sequence), isReminder))
                    next = machine.step(.answered(.taken), at: Self.at(now))
                case .store(let record):
                    disk.write(record)
                    next = machine.step(.stored, at: Self.at(now))
                }
            }
            return sendings
        }
        let log = [Self.letter(1), Self.letter(3), Self.letter(5, silenced: true)]
        #expect(settle(.reached(5), log, at: 0).map(\.letters) == [[1, 3]])
        #expect(settle(.tick, log, at: 59).isEmpty)
        let reminder = settle(.tick, log, at: 61)
        #expect(reminder.count == 1 && reminder[0].letters == [1, 3] && reminder[0].isReminder)
        #expect(settle(.tick, log, at: 100).isEmpty)
        // A restart remembers. The end of what the peer knows of goes, silence or not; that of what it never heard of does not.
        machine = disk.machine(limits)
        var event = Self.letter(7, .cleared).event
        event.id = "s/e@3"
        let later =
            log + [Self.letter(6, .cleared, silenced: true), Letter(sequence: 7, event: event, isSilenced: true)]
        #expect(settle(.reached(7), later, at: 1).map(\.letters) == [[7]])
        #expect(settle(.tick, later, at: 62).map(\.letters) == [[1]])
        #expect(disk.standing == ["s/e@1": 1])
    }

    /// A reminder that did not arrive is sent again after the wait for it, not a whole interval later.
    @Test func whatStandsIsTriedAgain() {
        var limits = DeliveryMachine.Limits()
        limits.batch = 8
        limits.resendEvery = .seconds(3_600)
        var disk = Disk()
        var machine = disk.machine(limits)
        let log = [Self.letter(1), Self.letter(3)]
        var sendings: [(at: Double, letters: [Int64])] = []
        for second in 0..<7_300 {
            let now = Double(second)
            var next = machine.step(second == 0 ? .reached(3) : .tick, at: Self.at(now))
            while let directive = next {
                switch directive {
                case .read(let after, _):
                    next = machine.step(.read(log.filter { $0.sequence > after }, last: 3), at: Self.at(now))
                case .readStanding(let numbers):
                    next = machine.step(.readStanding(log.filter { numbers.contains($0.sequence) }), at: Self.at(now))
                case .readDead: return
                case .send(let letters, let isReminder):
                    if isReminder { sendings.append((now, letters.map(\.sequence))) }
                    let fails = isReminder && sendings.count < 3
                    next = machine.step(.answered(fails ? .failed("away") : .taken), at: Self.at(now))
                case .store(let record):
                    disk.write(record)
                    next = machine.step(.stored, at: Self.at(now))
                }
            }
        }
        #expect(sendings.count == 4 && sendings.allSatisfy { $0.letters == [1, 3] }, "\(sendings)")
        #expect(sendings.count > 2 && sendings[2].at < 3_600 + 300, "\(sendings)")
    }

    /// A peer that says when it may be asked again is not asked before, and no longer than the bound.
    @Test func thePeersOwnWaitIsKept() {
        for (demanded, expected) in [(Duration.seconds(30), 30.0), (.seconds(100_000), 600), (.milliseconds(1), 0.5)] {
            var machine = Disk().machine(DeliveryMachine.Limits())
            _ = machine.step(.reached(1), at: Self.at(0))
            _ = machine.step(.read([Self.letter(1)], last: 1), at: Self.at(0))
            #expect(machine.step(.answered(.failed("busy", after: demanded)), at: Self.at(0)) == nil)
            var now = 0.0
            while now < 1_000, machine.step(.tick, at: Self.at(now)) == nil { now += 0.25 }
            // Its own first wait is at most a second.
            #expect((expected...expected + 1).contains(now), "\(demanded): \(now)")
        }
    }

    /// A dead letter that fails each time holds up no alarm, nor another one.
    @Test func aDeadLetterThatFailsHoldsUpNothing() {
        var machine = Disk().machine(DeliveryMachine.Limits())
        #expect(machine.step(.wantedAgain([1, 2]), at: Self.at(0)) == .readDead(1))
        #expect(
            machine.step(.readDead(1, [Self.letter(1)]), at: Self.at(0)) == .send([Self.letter(1)], isReminder: true))
        #expect(machine.step(.answered(.failed("500")), at: Self.at(0)) == nil)
        #expect(machine.trouble == nil)
        guard case .read = machine.step(.reached(1), at: Self.at(0)) else {
            Issue.record("an alarm waits for a dead letter")
            return
        }
        #expect(
            machine.step(.read([Self.letter(1)], last: 1), at: Self.at(0)) == .send([Self.letter(1)], isReminder: false)
        )
        guard case .store = machine.step(.answered(.taken), at: Self.at(0)) else {
            Issue.record("nothing to remember")
            return
        }
        #expect(machine.step(.stored, at: Self.at(0)) == nil)
        #expect(machine.step(.tick, at: Self.at(61)) == .readDead(2))
    }

    /// What operators want again goes when nothing else waits, over failures and deaths, and what is taken is dead no longer.
    @Test(arguments: Array(1...20) as [UInt64]) func deadLettersAreSentAgain(_ seed: UInt64) {
        var generator = CounterBasedGenerator(seed: seed, purpose: "dead letters")
        func draw() -> Double { generator.uniform() }
        var disk = Disk()
        var machine = disk.machine(DeliveryMachine.Limits())
        var isMended = false
        var (arrived, again): ([Int64], [Int64]) = ([], [])
        let count: Int64 = 40
        var wanted: Set<Int64> = []
        var (now, next) = (0.0, machine.step(.reached(count), at: Self.at(0)))
        for _ in 0..<20_000 {
            if draw() < 0.01 {
                machine = disk.machine(DeliveryMachine.Limits())
                next = machine.step(.wantedAgain(wanted.sorted()), at: Self.at(now))
            }
            switch next {
            case .read(let after, let limit):
                let last = min(count, after + Int64(limit))
                let letters = after < last ? (after + 1...last).map { Self.letter($0) } : []
                next = machine.step(.read(letters, last: last), at: Self.at(now))
            case .readDead(let number):
                // Everything else is dealt with.
                #expect(machine.position == count, "seed \(seed)")
                let letters = disk.dead.contains(number) && wanted.contains(number) ? [Self.letter(number)] : nil
                // One of them is not in the log any more.
                next = machine.step(.readDead(number, number == 12 ? [] : letters), at: Self.at(now))
            case .send(let letters, let isReminder):
                let refuses = letters.contains { $0.sequence % 4 == 0 && (!isMended || $0.sequence == 8) }
                let outcome: DeliveryOutcome = draw() < 0.2 ? .failed("away") : refuses ? .refused("no") : .taken
                if outcome == .taken {
                    if isReminder { again += letters.map(\.sequence) } else { arrived += letters.map(\.sequence) }
                }
                next = machine.step(.answered(outcome), at: Self.at(now))
            case .store(let record):
                disk.write(record)
                for item in record.again {
                    wanted.remove(item.number)
                    if item.reason == nil { disk.dead.removeAll { $0 == item.number } }
                }
                next = machine.step(.stored, at: Self.at(now))
            case .readStanding: return
            case nil:
                now += 7
                if disk.position == count, !isMended {
                    isMended = true
                    wanted = Set(disk.dead).subtracting([20])
                    next = machine.step(.wantedAgain(wanted.sorted()), at: Self.at(now))
                } else {
                    next = machine.step(.reached(count), at: Self.at(now))
                }
            }
            if isMended, wanted.isEmpty { break }
        }
        #expect(Set(disk.dead) == [8, 12, 20], "seed \(seed): \(disk.dead)")
        #expect(Set(again) == [4, 16, 24, 28, 32, 36, 40], "seed \(seed): \(again)")
        #expect(Set(arrived) == Set((1...count).filter { $0 % 4 != 0 }), "seed \(seed)")
        // What was taken stands at the peer.
        #expect(disk.standing.count == 37 && disk.sent >= 37, "seed \(seed): \(disk.standing.count)")
    }
}
