import Federation
import Placement
import Testing

/// The placement in the loop, on a virtual clock: twelve entities of a tenth of a second each.
@Suite struct PlacementLoopTests {
    /// T = 100·τ for 100 rounds, with a measured profile: 1.2 s / k.
    private func configuration(budget: Double = 0.5, profile: Bool = true) throws -> PlacementLoop.Configuration {
        var configuration = PlacementLoop.Configuration(targetSeconds: 100 * budget, rounds: 100)
        configuration.settleTime = .seconds(5)
        if profile {
            configuration.profile = try TrainingTimeProfile(table: (1...40).map { 1.2 / Double($0) })
        }
        return configuration
    }

    /// A federation that has run undisturbed for some rounds.
    private func settled(
        seed: UInt64, workers: Int = 6, domains: Int = 1, budget: Double = 0.5, profile: Bool = true, rounds: Int = 6
    ) throws -> PlacementSimulation {
        var simulation = PlacementSimulation(
            seed: seed, workers: workers, domains: domains,
            placement: try configuration(budget: budget, profile: profile))
        simulation.run(rounds: rounds)
        #expect(simulation.violations == [])
        return simulation
    }

    /// Rounds from now on until one is within the budget again, and all of the next ten.
    private func roundsUntilWithin(_ simulation: inout PlacementSimulation) -> Int {
        let before = simulation.rounds.count
        simulation.run(rounds: before + 12)
        let after = simulation.rounds.dropFirst(before)
        let late = after.lastIndex { !$0.withinBudget }
        return late.map { $0 - before + 1 } ?? 0
    }

    @Test func startsWithTheFewestWorkersThatMeetTheTarget() throws {
        let simulation = try settled(seed: 1)
        #expect(simulation.loop.decisions.map(\.reason) == [.started])
        #expect(simulation.active == ["w0", "w1", "w2"])
        #expect(simulation.loop.decisions.last?.standby == ["w3", "w4", "w5"])
        #expect(simulation.rounds.allSatisfy { $0.withinBudget && $0.workers == 3 })
        #expect(try #require(simulation.loop.medianErrorShare) < 0.05)
        // Those who stand by keep their leases.
        #expect(simulation.server.workers.count == 6)
        #expect(simulation.server.workers.filter { !$0.isChosen }.allSatisfy { $0.entities.isEmpty })
    }

    @Test(arguments: 0..<10)
    func aLostWorkerIsReplaced(seed: Int) throws {
        var simulation = try settled(seed: UInt64(seed))
        simulation.run(seconds: 0.13 * Double(seed))
        simulation.kill("w1")
        #expect(roundsUntilWithin(&simulation) <= 2, "\(simulation.rounds) \(simulation.notes)")
        #expect(simulation.active == ["w0", "w2", "w3"])
        let causes = simulation.loop.decisions.last?.causes ?? []
        #expect(!causes.isEmpty && causes.allSatisfy { $0.contains("w1") }, "\(causes)")
        #expect(simulation.violations == [])
    }

    /// From a little too slow to fifty times: measured in two rounds, or noticed because it does not finish.
    @Test(arguments: [1.4, 2, 3, 5, 50])
    func aSlowWorkerIsReplaced(factor: Double) throws {
        for seed in 0..<5 {
            var simulation = try settled(seed: UInt64(seed))
            simulation.slow("w2", by: factor)
            #expect(roundsUntilWithin(&simulation) <= 2, "\(factor): \(simulation.rounds) \(simulation.notes)")
            #expect(!simulation.active.contains("w2"), "\(factor)")
            #expect(simulation.active.count == 3)
            #expect(simulation.violations == [])
        }
    }

    @Test func withoutAProfileAllWorkUntilTimesAreMeasured() throws {
        var simulation = try settled(seed: 3, profile: false, rounds: 12)
        #expect(simulation.loop.decisions.map(\.reason).prefix(2) == [.measuring, .started])
        #expect(simulation.rounds.prefix(2).allSatisfy { $0.workers == 6 && $0.predictedSeconds == nil })
        #expect(simulation.active.count == 3)
        #expect(simulation.rounds.suffix(4).allSatisfy { $0.withinBudget })
        // What was measured goes to a file, and a restarted server places from it at once.
        let kept = try #require(simulation.kept)
        var again = PlacementSimulation(seed: 4, workers: 6, placement: try configuration(profile: false))
        again.loop = PlacementLoop(try configuration(profile: false), times: LiveTrainingTimes(kept.measurements))
        again.run(rounds: 3)
        #expect(again.loop.decisions.map(\.reason) == [.started])
        #expect(again.active.count == 3)
        simulation.run(rounds: 14)
        #expect(simulation.violations == [])
    }

    /// Times that waver by a third for a thousand rounds move neither what a round takes nor whom it is given to: speeds of those
    /// who work and p_k do not drift apart.
    @Test(arguments: 0..<3) func whatWaversDoesNotDrift(seed: Int) throws {
        var simulation = PlacementSimulation(
            seed: UInt64(seed), workers: 4, placement: try configuration(budget: 1.2, profile: false))
        simulation.noise = 0.35
        simulation.run(rounds: 1_000)
        #expect(simulation.violations == [] && simulation.rounds.count >= 100)
        #expect(simulation.loop.decisions.count < 12, "\(simulation.loop.decisions.map(\.reason))")
        // Twelve entities of a tenth of a second, by two.
        let level = try #require(simulation.loop.profile).seconds(workers: 2)
        #expect((0.35...1).contains(level), "\(level)")
        let factors = simulation.loop.decisions.last?.active.map(\.trainingTimeFactor) ?? []
        #expect(factors.allSatisfy { (0.5...2).contains($0) }, "\(factors)")
    }

    @Test func workersThatJoinStandBySinceTheyAreNotNeeded() throws {
        var simulation = try settled(seed: 5)
        simulation.join("late")
        simulation.run(rounds: 20)
        #expect(simulation.loop.decisions.count == 1)
        #expect(simulation.server.workers.first { $0.name == "late" }?.isChosen == false)
        // Where too few are there to meet the target, the fastest placement runs, and who joins is put to work.
        var few = try settled(seed: 6, workers: 2)
        #expect(few.loop.decisions.last?.reason == .bestEffort)
        #expect(few.loop.decisions.last?.explanation?.smallestTargetSeconds ?? 0 >= 60)
        few.join("late")
        #expect(roundsUntilWithin(&few) <= 2)
        #expect(few.active == ["w0", "w1", "late"])
        #expect(few.violations == [])
    }

    @Test func theTargetMayChange() throws {
        var simulation = try settled(seed: 7)
        simulation.target(33, rounds: 100)
        #expect(roundsUntilWithin(&simulation) <= 1)
        #expect(simulation.active.count == 4)
        // Fewer would do now; that waits until it has been so for a while.
        simulation.target(70, rounds: 100)
        simulation.run(seconds: 4)
        #expect(simulation.active.count == 4)
        simulation.run(seconds: 3)
        #expect(simulation.active.count == 2)
        #expect(simulation.loop.decisions.map(\.reason) == [.started, .broken, .better])
        #expect(simulation.violations == [])
    }

    /// A merely changed wish waits for the end of the round that runs; its workers finish it.
    @Test func aChoiceWaitsForTheEndOfTheRound() throws {
        var simulation = try settled(seed: 11)
        simulation.run { $0.server.openRound?.accepted == 0 }
        let round = try #require(simulation.server.openRound?.round)
        simulation.target(33, rounds: 100)
        #expect(simulation.active.count == 4)
        simulation.run(seconds: 0.1)
        #expect(simulation.server.openRound?.round == round)
        #expect(simulation.server.workers.filter(\.isChosen).map(\.name) == ["w0", "w1", "w2"])
        simulation.run { ($0.server.openRound?.round ?? 0) > round }
        #expect(simulation.server.workers.filter(\.isChosen).count == 4)
        #expect(simulation.rounds.last?.workers == 3)
        #expect(simulation.violations == [])
    }

    /// Latencies and times that waver by half, and a target that changes every second, within what needs no change.
    @Test func nothingFlaps() throws {
        for seed in 0..<5 {
            var simulation = PlacementSimulation(seed: UInt64(seed), workers: 6, placement: try configuration())
            simulation.noise = 0.1
            for second in 0..<120 {
                simulation.latency = second % 2 == 0 ? 0.002 : 0.02
                simulation.target(second % 2 == 0 ? 50 : 70, rounds: 100)
                simulation.run(seconds: 1)
            }
            #expect(simulation.loop.decisions.count <= 2, "\(simulation.notes)")
            #expect(simulation.rounds.count > 100)
            #expect(simulation.violations == [])
        }
    }

    @Test func everyDomainKeepsAWorker() throws {
        var simulation = try settled(seed: 8, workers: 8, domains: 4, budget: 1.5)
        // Two workers would meet the budget; four domains need four.
        #expect(simulation.active == ["w0", "w1", "w2", "w3"])
        #expect(simulation.loop.decisions.last?.workersForDomains == 2)
        simulation.kill("w2")
        simulation.run(rounds: 16)
        #expect(simulation.active == ["w0", "w1", "w6", "w3"])
        #expect(simulation.violations == [])
    }

    @Test func acceleratorsAreHandedOut() throws {
        var placement = try configuration(budget: 0.4)
        placement.acceleratorLimit = 2
        var simulation = PlacementSimulation(seed: 9, workers: 2, placement: placement, minimumWorkers: 5)
        for index in 2..<5 { simulation.join("w\(index)", accelerator: 0.5) }
        simulation.run(rounds: 8)
        let decision = try #require(simulation.loop.decisions.last)
        #expect(decision.active.map(\.name) == ["w2", "w3"] && decision.active.allSatisfy { $0.accelerated })
        #expect(simulation.rounds.allSatisfy { $0.withinBudget && $0.workers == 2 })
        #expect(simulation.server.workers.filter(\.mayAccelerate).map(\.name) == ["w2", "w3"])
        #expect(simulation.violations == [])
    }

    @Test func theSameSeedGivesTheSameDecisions() throws {
        func run() throws -> [String] {
            var simulation = try settled(seed: 10, profile: false)
            simulation.kill("w0")
            simulation.slow("w1", by: 2)
            simulation.run(rounds: 20)
            return simulation.notes
        }
        let first = try run()
        #expect(first.count > 2)
        #expect(try run() == first)
    }
}
