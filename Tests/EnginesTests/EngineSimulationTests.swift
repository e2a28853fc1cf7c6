import Simulation
import Testing

/// The reconciler between an engine that lies and a placement that changes; `fl-simulate engines --seeds 10000` plays more.
@Suite struct EngineSimulationTests {
    @Test(arguments: 0..<4)
    func promisesHoldAndWhatIsWantedRunsInTheEnd(part: Int) {
        for seed in UInt64(part * 60)..<UInt64(part * 60 + 60) {
            let outcome = EngineSimulation.play(seed: seed)
            #expect(outcome.violations.isEmpty, "seed \(seed): \(outcome.violations.prefix(3))")
            #expect(outcome.starts > 0)
        }
    }

    @Test(arguments: EngineVariant.allCases)
    func aBrokenControllerIsCaught(variant: EngineVariant) {
        let caught = (UInt64(0)..<60).contains { !EngineSimulation.play(seed: $0, variant: variant).violations.isEmpty }
        #expect(caught)
    }
}
