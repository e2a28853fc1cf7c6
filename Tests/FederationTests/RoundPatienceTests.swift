import Federation
import Platform
import Testing

@Suite struct RoundPatienceTests {
    @Test func whoShowsThatItWorksIsWaitedForAgain() {
        var patience = RoundPatience()
        #expect(patience.waits(for: "a", inRound: 1))
        patience.passed("a", round: 1)
        #expect(!patience.waits(for: "a", inRound: 2) && patience.hasMissed("a"))
        patience.showed("a")
        #expect(patience.waits(for: "a", inRound: 2))
        patience.ended("a")
        #expect(patience.waits(for: "a", inRound: 3) && !patience.hasMissed("a"))
        // Nothing is remembered of whom nobody waited for in vain.
        patience.showed("b")
        #expect(!patience.hasMissed("b"))
    }

    /// Who begins in every round and ends none holds ever fewer of them.
    @Test func whoNeverEndsIsWaitedForEverMoreSeldom() {
        var patience = RoundPatience()
        var held: [UInt32] = []
        for round in 1...400 as ClosedRange<UInt32> {
            patience.showed("a")
            guard patience.waits(for: "a", inRound: round) else { continue }
            held.append(round)
            patience.passed("a", round: round)
        }
        #expect(held == [1, 2, 7, 16, 33, 66, 131, 196, 261, 326, 391])
        patience.ended("a")
        #expect(patience.waits(for: "a", inRound: 400))
    }

    @Test func theMemoryIsBounded() {
        var patience = RoundPatience(memory: 3)
        for index in 0..<9 { patience.passed("\(index)", round: .max) }
        #expect((0..<9).count { patience.hasMissed("\($0)") } == 3)
        patience.passed("1", round: .max)
        patience.showed("1")
        #expect(!patience.waits(for: "1", inRound: .max - 1))
    }

    /// A member that begins to send in every round, or comes anew in every round, holds the first ones and then ever fewer.
    @Test(arguments: [true, false]) func aMemberThatNeverEndsHoldsFewRounds(comesAnew: Bool) throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 2
            $0.roundDeadline = .seconds(10)
        }
        let honest = ["a", "b"].map { ScriptedWorker($0, in: harness, entities: ["\($0)/e"]) }
        let idle = ScriptedWorker("idle", in: harness, entities: ["idle/e"])
        idle.asks = { $0 }
        idle.stopsHalfWay = true
        try harness.run(for: .milliseconds(500)) { for worker in honest + [idle] { worker.turn() } }
        if comesAnew { idle.contributes = false }
        var seen = harness.disk.commits.count
        let start = harness.clock.now
        try harness.run(for: .seconds(150)) {
            for worker in honest + [idle] { worker.turn() }
            if comesAnew, harness.disk.commits.count > seen, idle.epoch != nil {
                seen = harness.disk.commits.count
                idle.send(.goodbye)
                idle.epoch = nil
            }
        }
        let held = harness.disk.commits.filter { $0.record.duration >= .seconds(10) }
        #expect(held.count <= 6, "\(held.map(\.record.round))")
        #expect(harness.disk.commits.count > 60, "\(harness.disk.commits.count) in \(harness.clock.now - start)")
    }
}
