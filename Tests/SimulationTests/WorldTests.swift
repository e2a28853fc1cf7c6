import Federation
import Numerics
import Platform
import Testing

@testable import Simulation

@Suite struct WorldTests {
    @Test func whatIsEnteredHappensInOrderOfTime() {
        var generator = CounterBasedGenerator(seed: 1, purpose: "agenda")
        let agenda = Agenda()
        var seen: [(at: Instant, number: Int)] = []
        for number in 0..<500 {
            let at = Instant.zero + .milliseconds(Int64.random(in: 0...50, using: &generator))
            agenda.at(at) { seen.append((at, number)) }
        }
        agenda.run(until: .zero + .seconds(1)) { false }
        #expect(seen.count == 500)
        for (one, next) in zip(seen, seen.dropFirst()) {
            #expect(one.at < next.at || (one.at == next.at && one.number < next.number))
        }
        #expect(agenda.now == .zero + .seconds(1))
    }

    @Test func clocksJumpAndDriftAndNeverGoBack() {
        let agenda = Agenda()
        let clock = SimulatedClock(agenda: agenda, starting: .zero + .seconds(5))
        clock.drift(at: 2)
        agenda.run(until: .zero + .seconds(1)) { false }
        #expect(clock.now == .zero + .seconds(7))
        clock.jump(by: .seconds(3))
        clock.drift(at: 0.5)
        agenda.run(until: .zero + .seconds(3)) { false }
        #expect(clock.now == .zero + .seconds(11))
    }

    /// What a link does to messages, and that nothing is done to them when the weather is fine.
    @Test func theNetworkDoesWhatTheWeatherSays() {
        let (agenda, tally) = (Agenda(), FaultTally())
        let network = SimulatedNetwork(seed: 1, agenda: agenda, tally: tally)
        let server = network.openServer()
        let worker = network.openWorker(address: [1], place: 0)
        func exchange(_ count: Int) -> [UInt8] {
            for number in 0..<count { _ = network.sendUp([UInt8(number)], from: worker, on: 0) }
            agenda.run(until: agenda.now + .seconds(10)) { false }
            var taken: [UInt8] = []
            while let message = server.receive(on: 0) { taken.append(message.bytes[0]) }
            return taken
        }
        #expect(exchange(100) == Array(0..<100))
        network.weather.loss = 0.3
        #expect((50...90).contains(exchange(100).count))
        network.weather = .init(slowest: .milliseconds(200), reorders: true, duplication: 0.3)
        let disordered = exchange(100)
        #expect(disordered.count > 110 && Set(disordered).count == 100 && disordered != disordered.sorted())
        network.weather = .init()
        network.cut(0, [.up], until: agenda.now + .seconds(60))
        #expect(exchange(10) == [])
        network.heal()
        network.killConnections(of: worker)
        #expect(exchange(10) == [])
        network.reconnect(worker)
        network.rename(worker)
        #expect(exchange(10).count == 10)
        #expect(network.sendDown([1], to: [1], on: 0) == .unreachable)
        #expect(tally.counts[.loss, default: 0] > 0 && tally.counts[.reordering, default: 0] > 0)
    }

    /// What is on its way to the disk when a process dies is there or not, and nobody hears of it.
    @Test func aWriteThatTheProcessDoesNotSurvive() {
        var (steps, died) = (0, 0)
        let faults = DiskFaults()
        faults.died = { _ in died += 1 }
        let write = [{ steps += 1 }, { steps += 1 }]
        for (accident, expected) in [(DiskFaults.Accident.lost, 0), (.torn, 1), (.unheard, 2)] {
            steps = 0
            faults.accident = accident
            #expect(throws: Crash.self) { try faults.write(write) }
            #expect(steps == expected)
        }
        #expect(died == 3)
        faults.isFull = true
        #expect(throws: StorageError.self) { try faults.write(write) }
    }

    /// Three seeds in a row see every kind of fault, and the same seed the same ones.
    @Test func schedulesDealEveryKind() {
        let end = Instant.zero + .seconds(30)
        func kinds(_ seed: UInt64) -> Set<FaultKind> {
            Set(FaultSchedule(seed: seed, phase: "p", places: 4, begin: .zero, end: end).incidents.map(\.kind))
        }
        for first in stride(from: UInt64(0), to: 30, by: 3) {
            #expect(kinds(first).union(kinds(first + 1)).union(kinds(first + 2)) == Set(FaultKind.allCases))
        }
        #expect(kinds(7) == kinds(7))
    }
}
