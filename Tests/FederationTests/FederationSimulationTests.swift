import Federation
import Numerics
import Platform
import Testing

@Suite struct FederationSimulationTests {
    /// The promises of the protocol under loss, repetition, reordering, partitions, crashes of any process at any write
    /// and poisoned contributions: none is broken on the way, and after the network has healed every round commits,
    /// every worker holds the final version, and every alarm is in the log exactly once.
    @Test(arguments: 0..<20)
    func promisesHoldOnAnySchedule(block: Int) throws {
        for seed in block * 100..<block * 100 + 100 {
            var simulation = FederationSimulation(
                seed: UInt64(seed), workers: 1 + seed % 5, rounds: 2, quorum: seed % 3 == 0 ? 1 : nil,
                healAfter: .seconds(25), faults: .init())
            simulation.run(until: .zero + .seconds(130))
            #expect(simulation.violations == [], "seed \(seed)")
            #expect(simulation.finishedAt != nil, "seed \(seed): \(simulation.server.openRound as Any)")
            #expect(try simulation.logViolations() == [], "seed \(seed)")
            if !simulation.violations.isEmpty || simulation.finishedAt == nil { return }
        }
    }

    /// The same while other workers are chosen at random, in the middle of rounds too, and some of them are lost: no
    /// entity has two owners, none that a living worker reaches has none, and in the end all rounds are done.
    @Test(arguments: 0..<8)
    func promisesHoldWhileTheChoiceChanges(block: Int) throws {
        for seed in block * 50..<block * 50 + 50 {
            var faults = FederationSimulation.Faults()
            faults.choices = true
            var simulation = FederationSimulation(
                seed: UInt64(seed), workers: 2 + seed % 4, rounds: 2, quorum: seed % 2 == 0 ? 1 : nil,
                healAfter: .seconds(25), faults: faults)
            simulation.run(until: .zero + .seconds(140))
            #expect(simulation.violations == [], "seed \(seed)")
            #expect(simulation.finishedAt != nil, "seed \(seed): \(simulation.server.openRound as Any)")
            if !simulation.violations.isEmpty || simulation.finishedAt == nil { return }
        }
    }

    /// The same where each worker has samples that no other has, and offers them: what a worker that stands by has is
    /// served by another, which the server tells where to get it; reader and holder are told the same token, and nobody
    /// else is.
    @Test(arguments: 0..<8)
    func samplesGoToWhoeverServesThem(block: Int) throws {
        for seed in block * 40..<block * 40 + 40 {
            var faults = FederationSimulation.Faults()
            faults.offers = true
            faults.choices = seed % 2 == 0
            faults.standby = seed % 3 == 0 ? [] : [1]
            var simulation = FederationSimulation(
                seed: UInt64(seed), workers: 2 + seed % 4, perDomain: 3, rounds: 2, quorum: 1,
                healAfter: .seconds(25), faults: faults)
            simulation.run(until: .zero + .seconds(160))
            #expect(simulation.violations == [], "seed \(seed)")
            #expect(simulation.finishedAt != nil, "seed \(seed): \(simulation.server.openRound as Any)")
            #expect(try simulation.logViolations() == [], "seed \(seed)")
            // A while later everybody has heard the same.
            simulation.settle(for: .seconds(10))
            #expect(simulation.sampleViolations() == [], "seed \(seed)")
            if !simulation.violations.isEmpty || simulation.finishedAt == nil { return }
        }
    }

    /// Without faults and with every worker awaited, the models are the same whatever the order of arrival.
    @Test func arrivalOrderLeavesNoTrace() throws {
        var models: Set<[UInt8]> = []
        for seed in 0..<20 {
            var faults = FederationSimulation.Faults(loss: 0, duplication: 0.2)
            (faults.crashes, faults.partitions, faults.poison) = (false, false, false)
            // One worker a domain, so that it does not matter who comes first either.
            var simulation = FederationSimulation(
                seed: UInt64(seed), workers: 3, perDomain: 1, healAfter: .seconds(1_000), faults: faults)
            simulation.run(until: .zero + .seconds(120))
            #expect(simulation.finishedAt != nil, "seed \(seed)")
            models.insert(simulation.registry.bundle?.encoded() ?? [])
        }
        #expect(models.count == 1)
    }

    /// Three heartbeats after the server is back its workers are, and a round is open.
    @Test func aRestartedServerHasItsWorkersBackWithinThreeHeartbeats() {
        var faults = FederationSimulation.Faults(loss: 0, duplication: 0, slowestMilliseconds: 5)
        (faults.crashes, faults.partitions, faults.poison) = (false, false, false)
        for milliseconds in stride(from: 500, through: 8_000, by: 250) {
            var simulation = FederationSimulation(
                seed: UInt64(milliseconds), workers: 4, healAfter: .zero, faults: faults)
            simulation.run(until: .zero + .milliseconds(milliseconds))
            simulation.restartServer()
            simulation.run(until: .zero + .milliseconds(milliseconds + 3_000))
            #expect(simulation.server.workers.count == 4, "after \(milliseconds) ms")
            #expect(!simulation.server.isWaiting, "after \(milliseconds) ms")
        }
    }
}
