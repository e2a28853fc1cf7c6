import Federation
import Platform
import Testing

/// Versions that somebody asks for again, and configurations that change while rounds go on.
@Suite struct RestoringTests {
    private final class Answers: @unchecked Sendable {
        // Unchecked: a test runs on one thread.
        var all: [RestorationOutcome] = []
    }

    private let answers = Answers()

    private func workers(_ names: [String], in harness: NodeHarness) -> [ScriptedWorker] {
        names.map { ScriptedWorker($0, in: harness, entities: ["\($0)/e"]) }
    }

    private func restore(_ version: UInt64, in harness: NodeHarness) throws {
        let commit = try #require(harness.disk.commits.last { $0.record.version == version && $0.model != nil })
        let bytes = try #require(commit.model)
        harness.node.inbox.put(
            .restore(
                Restoration(
                    id: 0, version: version, model: try FederatedModel(decoding: bytes), bytes: bytes,
                    digest: commit.digest, by: "ops"),
                answer: { [answers] in answers.all.append($0) }))
    }

    /// The round in progress is abandoned, the next begins from the version that was asked for, and it is not taken back for
    /// what is known of the one that nobody wanted.
    @Test func theFederationGoesOnFromThere() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 2; $0.quorum = 2
        }
        let workers = workers(["a", "b"], in: harness)
        // Whoever trains from version 2 loses much more than with any other.
        for worker in workers {
            worker.tamper = { contribution in
                guard contribution.kind == .training else { return }
                let second = harness.disk.commits.dropFirst().first?.digest
                let loss = harness.node.machine.digest == second ? 50.0 : 1.0
                contribution = Contribution(
                    kind: .training, base: contribution.base, entities: contribution.entities,
                    rawBytes: contribution.rawBytes,
                    groups: contribution.groups.map { group in
                        var group = group
                        group.lossBefore = loss
                        return group
                    })
            }
        }
        for _ in 0..<1_000 where harness.node.machine.version < 5 || harness.node.machine.openRound == nil {
            try harness.run(for: .milliseconds(50)) { for worker in workers { worker.turn() } }
        }
        let (from, round) = (harness.node.machine.version, harness.node.machine.nextRound)
        try #require(harness.node.machine.openRound != nil)
        try restore(2, in: harness)
        try harness.run(for: .milliseconds(200))
        #expect(answers.all == [.restored(version: from + 1)])
        let commit = try #require(harness.disk.commits.last)
        #expect(commit.model == harness.disk.commits[1].model && commit.record.restores == 2)
        #expect(commit.record.restoredBy == "ops" && commit.record.contributions.isEmpty)
        #expect(harness.disk.abandoned.last?.abandonedBecause == "version 2 is restored, as ops asked")
        #expect(harness.node.machine.version == from + 1 && harness.node.machine.nextRound == round)
        try harness.run(for: .seconds(10)) { for worker in workers { worker.turn() } }
        let next = try #require(harness.disk.commits.first { $0.record.version == from + 2 })
        #expect(next.record.baseVersion == from + 1 && next.record.baseDigest == commit.digest)
        #expect(next.record.round == round)
        #expect(next.record.restores == nil, "what was wanted is not taken back")
        #expect(harness.node.machine.version > from + 3)
    }

    /// What is on its way to the disk is waited for; one at a time; and nothing is restored twice.
    @Test func aCommitOnItsWayIsWaitedFor() throws {
        let harness = NodeHarness()
        let worker = workers(["a"], in: harness)[0]
        let busy = RestorationOutcome.refused("version 1 is being restored; one at a time")
        for _ in 0..<1_000 where harness.node.machine.version < 3 {
            try harness.run(for: .milliseconds(50)) { worker.turn() }
        }
        harness.tasks.durations[.disk] = .seconds(2)
        let before = harness.disk.commits.count
        func isCommitting() -> Bool {
            harness.node.machine.openRound == nil && !harness.node.machine.isWaiting
                && harness.disk.commits.count == before
        }
        var asked = 0
        try harness.run(for: .seconds(40)) {
            if isCommitting(), asked < 3 {
                asked += 1
                try? restore(1, in: harness)
            } else if harness.disk.commits.count == before {
                worker.turn()
            }
        }
        #expect(answers.all.prefix(2) == [busy, busy], "the first is waited for")
        let restored = answers.all.filter { if case .restored = $0 { true } else { false } }
        let last = try #require(harness.disk.commits.last)
        #expect(restored == [.restored(version: last.record.version)] && last.record.restoredBy == "ops")
        #expect(harness.disk.commits.map(\.record.version) == (1...last.record.version).map { $0 })
        answers.all = []
        harness.tasks.durations[.disk] = nil
        try restore(1, in: harness)
        try restore(harness.node.machine.version, in: harness)
        try harness.run(for: .seconds(1))
        let current = harness.node.machine.version
        #expect(
            answers.all == [
                .refused("version \(current), the current one, has the bytes of version 1 already"),
                .refused("version \(current) is the current one"),
            ])
    }

    /// When every round is done, and after it every round is still done.
    @Test func workersWatchWithWhatWasRestored() throws {
        let harness = NodeHarness { $0.rounds = 2 }
        let worker = workers(["a"], in: harness)[0]
        try harness.run(for: .seconds(10)) { worker.turn() }
        try #require(harness.node.machine.isOver && harness.node.machine.version == 3)
        try restore(2, in: harness)
        try harness.run(for: .seconds(3)) { worker.turn() }
        #expect(harness.node.machine.isOver && harness.node.machine.version == 4)
        // More rounds than there were begin from it; each round's record has its own configuration.
        var configuration = harness.node.machine.configuration
        configuration.rounds = 4
        configuration.digest = [UInt8](repeating: 7, count: 32)
        configuration.falseAlarmsPerDay = 0.25
        let tuning = ServerTuning(configuration: configuration, strategy: FederatedAveraging(), maker: ToyMaker())
        harness.node.inbox.put(.tune(tuning, keep: {}, answer: { _ in }))
        try harness.run(for: .seconds(10)) { worker.turn() }
        #expect(harness.node.machine.isOver && harness.node.machine.configuration.falseAlarmsPerDay == 0.25)
        let trained = harness.disk.commits.map(\.record).filter { $0.version > 4 }
        #expect(trained.first?.baseVersion == 4 && trained.allSatisfy { $0.configuration == configuration.digest })
        #expect(harness.disk.commits.prefix(3).allSatisfy { $0.record.configuration.isEmpty })
    }

    /// What cannot be kept does not hold.
    @Test func aChangeThatTheDiskDoesNotTakeDoesNotHold() throws {
        let harness = NodeHarness()
        var configuration = harness.node.machine.configuration
        configuration.rounds = 7
        let tuning = ServerTuning(configuration: configuration, strategy: FederatedAveraging(), maker: ToyMaker())
        harness.node.inbox.put(
            .tune(
                tuning, keep: { throw FederationError(.corrupted, "no") },
                answer: { [answers] in
                    if case .failure = $0 { answers.all.append(.failed("")) }
                }))
        try harness.run(for: .seconds(1))
        #expect(answers.all == [.failed("")] && harness.node.machine.configuration.rounds == 100)
    }

    /// Over loss, repetition, partitions, poison and crashes of any process: every round of every loop commits once, versions
    /// are what they are a function of, and whoever is told a budget has the last one.
    @Test func restoringAtAnyMomentKeepsEveryPromise() throws {
        var loops = LoopSchedule()
        (loops.every, loops.loops) = (.seconds(4), 4)
        var (asked, restored) = (0, 0)
        for seed in 0..<12 {
            var faults = FederationSimulation.Faults()
            faults.restores = true
            // Processes that crash all the time hardly come to a version that could be restored.
            faults.crashes = seed % 2 == 0
            var simulation = FederationSimulation(
                seed: UInt64(100 + seed), workers: 1 + seed % 4, rounds: 2, quorum: 1,
                loops: seed % 3 == 0 ? LoopSchedule() : loops, healAfter: .seconds(60), faults: faults)
            simulation.run(until: .zero + .seconds(170))
            simulation.settle(for: .seconds(90))
            #expect(simulation.violations == [], "seed \(seed)")
            #expect(try simulation.logViolations() == [], "seed \(seed)")
            #expect(simulation.server.isOver, "seed \(seed)")
            #expect(simulation.workers.allSatisfy { $0.machine.version == simulation.server.version })
            let wanted = simulation.server.configuration.falseAlarmsPerDay
            #expect(simulation.workers.allSatisfy { $0.falseAlarmsPerDay == wanted }, "seed \(seed)")
            // Each worker heeds what is called false of its entities, and of no others, and the server knows.
            for worker in simulation.workers {
                let own = (worker.machine.acceptedEntities ?? []).flatMap { simulation.falseAlarms[$0] ?? [] }
                #expect(Set(worker.falseAlarms.map(\.id)) == Set(own.map(\.id)), "seed \(seed)")
                for alarm in own { #expect(simulation.server.heededFalseAlarms[alarm.id] != nil, "seed \(seed)") }
            }
            let records = simulation.registry.commits.map(\.commit.record).filter { $0.restoredBy == nil }
            #expect(Set(records.map(\.round)).count == records.count, "seed \(seed)")
            if seed % 3 != 0 { #expect(records.count { $0.kind == .statistics } == 4, "seed \(seed)") }
            asked += simulation.restorationsAsked
            restored += simulation.registry.commits.count { $0.commit.record.restoredBy != nil }
            if !simulation.violations.isEmpty { return }
        }
        #expect(asked > 25 && restored > 10, "\(asked) \(restored)")
    }
}
