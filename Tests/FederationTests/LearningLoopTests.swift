import Federation
import Platform
import Testing

@Suite struct LearningLoopTests {
    @Test func oneLoopIsTheDefault() {
        let schedule = LoopSchedule()
        #expect(!schedule.goesOn(after: 6, length: 7))
        #expect(schedule.order.isEmpty && LoopSchedule.samples(of: []) == 0)
    }

    @Test func loopsAreCountedByTheirRounds() {
        var schedule = LoopSchedule()
        schedule.every = .seconds(120)
        schedule.loops = 3
        #expect(schedule.goesOn(after: 2, length: 3))
        #expect(schedule.goesOn(after: 5, length: 3))
        #expect(!schedule.goesOn(after: 8, length: 3))
        schedule.loops = nil
        #expect(schedule.goesOn(after: 3_000_000, length: 3))
    }

    @Test func workersHearHowManyRows() {
        var schedule = LoopSchedule()
        schedule.samples = 800
        #expect(LoopSchedule.samples(of: schedule.order) == 800)
        #expect(LoopSchedule.samples(of: Array("-5".utf8)) == 0 && LoopSchedule.samples(of: [0xff]) == 0)
    }

    /// Loops follow one another over loss, repetition, partitions and crashes of any process; each round of each commits
    /// once, and every worker scores with the last version.
    @Test func loopsGoOnWhateverHappens() throws {
        var loops = LoopSchedule()
        (loops.every, loops.loops) = (.seconds(4), 4)
        for seed in 0..<10 {
            var simulation = FederationSimulation(
                seed: UInt64(seed), workers: 1 + seed % 4, rounds: 1, quorum: 1, loops: loops, healAfter: .seconds(25),
                faults: .init())
            simulation.run(until: .zero + .seconds(130))
            simulation.settle(for: .seconds(80))
            #expect(simulation.violations == [], "seed \(seed)")
            #expect(try simulation.logViolations() == [], "seed \(seed)")
            #expect(simulation.server.isOver && simulation.server.nextRound == 12, "seed \(seed)")
            let kinds = simulation.registry.commits.sorted { $0.commit.record.round < $1.commit.record.round }
                .map(\.commit.record.kind)
            #expect(kinds == Array(repeating: [.statistics, .training, .evaluation], count: 4).flatMap { $0 })
            #expect(simulation.workers.allSatisfy { $0.machine.version == simulation.server.version })
            if !simulation.violations.isEmpty { return }
        }
    }

    /// A loop whose rows nobody can learn from is given up when the next is due; that one commits.
    @Test func aLoopWithoutRowsDoesNotEndLearning() throws {
        let harness = NodeHarness {
            $0.rounds = 1
            $0.loops.every = .seconds(30)
            $0.evaluates = false
        }
        let worker = ScriptedWorker("a", in: harness, entities: ["e"])
        var isBarren = false
        worker.tamper = { contribution in
            guard isBarren, contribution.kind == .training else { return }
            contribution = Contribution(
                kind: .training, base: contribution.base, entities: contribution.entities, rawBytes: 100, groups: [])
        }
        func committed(_ kind: RoundKind) -> Int { harness.disk.commits.count { $0.record.kind == kind } }
        try harness.run(for: .seconds(20)) { worker.turn() }
        #expect(committed(.training) == 1)
        // Between two loops it is not over.
        #expect(harness.node.machine.isFinished && !harness.node.machine.isOver)
        isBarren = true
        try harness.run(for: .seconds(400)) {
            // The second loop's rows are no good, those of later ones are.
            if harness.node.machine.nextRound >= 4 { isBarren = false }
            worker.turn()
        }
        #expect(harness.lines.contains { $0.hasPrefix("learning loop given up") })
        #expect(committed(.training) >= 2 && committed(.statistics) >= 3)
        #expect(!harness.disk.commits.contains { $0.record.round == 3 })
    }

    /// What a worker finds later is served by it, and learned from.
    @Test func entitiesThatComeLaterAreServed() throws {
        var faults = FederationSimulation.Faults(loss: 0.1)
        (faults.crashes, faults.partitions, faults.poison) = (false, false, false)
        var simulation = FederationSimulation(seed: 7, workers: 2, perDomain: 1, healAfter: .seconds(5), faults: faults)
        simulation.settle(for: .seconds(6))
        let first = simulation.workers[0].machine.acceptedEntities ?? []
        simulation.stepWorker(0, .reaches(first + ["grown"]))
        simulation.settle(for: .seconds(10))
        #expect(simulation.server.owners(inDomain: "site0")["grown"] == "worker0")
        #expect(simulation.workers[0].machine.acceptedEntities?.contains("grown") == true)
        #expect(simulation.server.owners(inDomain: "site1")["grown"] == nil)
        simulation.stepWorker(0, .reaches([]))
        simulation.settle(for: .seconds(2))
        #expect(simulation.server.owners(inDomain: "site0").count == 6, "nothing new, nothing lost")
        // What is gone is served by nobody, and is served again when it comes again.
        simulation.stepWorker(0, .reaches(first))
        simulation.settle(for: .seconds(10))
        #expect(simulation.server.owners(inDomain: "site0").keys.sorted() == first.sorted())
        #expect(simulation.workers[0].machine.acceptedEntities?.contains("grown") == false)
        simulation.stepWorker(0, .reaches(first + ["grown"]))
        simulation.settle(for: .seconds(10))
        #expect(simulation.server.owners(inDomain: "site0")["grown"] == "worker0")
    }
}
