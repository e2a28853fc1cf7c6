import Simulation
import Testing

@Suite struct ClusterTests {
    /// Whole federations under every fault there is keep every promise, commit rounds and deliver alarms. A seed that fails
    /// is played again by `fl-simulate --seed N --trace`.
    @Test(arguments: 0..<4)
    func promisesHoldWhateverHappens(block: Int) {
        var report = SimulationReport()
        for seed in UInt64(block * 50)..<UInt64(block * 50 + 50) { report.add(SimulatedCluster.play(seed: seed)) }
        #expect(report.violations == [])
        #expect(report.idleSeeds == [], "seeds without a commit or an alarm")
        #expect(report.missingFaults == [])
    }

    /// Seeds in which rounds came back late: what had been lost was asked for again ever more seldom, although heartbeats
    /// were answered at once. And some in which a late receipt made a worker send its alarms again.
    @Test(arguments: [304, 324, 393, 563, 575, 790, 874, 931, 961, 1_328, 1_610, 2_020, 2_564] as [UInt64])
    func everythingIsBackWithTheHeartbeats(seed: UInt64) {
        #expect(SimulatedCluster.play(seed: seed).violations == [])
    }

    /// Each broken variant is caught by the oracle of the promise that it breaks.
    @Test(arguments: Variant.allCases)
    func brokenVariantsAreCaught(variant: Variant) {
        var others: Set<String> = []
        for seed in 0..<60 {
            let found = Set(SimulatedCluster.play(seed: UInt64(seed), variant: variant).violations.map(\.promise))
            if found.contains(variant.broken) { return }
            others.formUnion(found.map(\.rawValue))
        }
        Issue.record("\(variant.rawValue) was not caught as \(variant.broken.rawValue), only as \(others.sorted())")
    }

    /// Every promise has a variant that breaks it.
    @Test func everyPromiseIsBrokenOnce() {
        #expect(Set(Variant.allCases.map(\.broken)) == Set(Promise.allCases))
    }

    /// The same seed is the same course of things, to the last message.
    @Test(arguments: [3, 8, 21] as [UInt64])
    func aSeedIsACourseOfThings(seed: UInt64) {
        let (one, other) = (SimulatedCluster.play(seed: seed), SimulatedCluster.play(seed: seed))
        #expect(one.digest == other.digest)
        #expect(one.events == other.events)
        #expect(one.faults == other.faults)
    }

    /// A trace names the faults, the rounds and the time of each.
    @Test func aTraceTellsWhatHappened() {
        var lines: [String] = []
        _ = SimulatedCluster.play(seed: 4) { lines.append($0) }
        #expect(lines.contains { $0.contains(" s fault: ") })
        #expect(lines.contains { $0.contains("commits round 0, version 1") })
        #expect(lines.contains { $0.hasSuffix("nothing goes wrong any more") })
    }
}
