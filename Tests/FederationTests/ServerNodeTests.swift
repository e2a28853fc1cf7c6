import Federation
import Platform
import Testing

/// A server's node whose disk, network and clock are in the test's hands.
@Suite struct ServerNodeTests {
    private func workers(_ names: [String], in harness: NodeHarness) -> [ScriptedWorker] {
        names.map { ScriptedWorker($0, in: harness, entities: ["\($0)/e"]) }
    }

    /// Every write takes five seconds, longer than a lease: no heartbeat waits for it, no lease ends, and rounds are
    /// committed as fast as the disk takes them.
    @Test func aSlowDiskDelaysNoHeartbeat() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        harness.tasks.durations[.disk] = .seconds(5)
        let workers = workers(["a", "b", "c"], in: harness)
        try harness.run(for: .seconds(60)) { for worker in workers { worker.turn() } }
        #expect(!harness.lines.contains { $0.hasPrefix("worker lost") }, "\(harness.lines)")
        #expect(harness.disk.commits.count >= 3)
        #expect(workers.allSatisfy { $0.answered >= 57 }, "\(workers.map(\.answered))")
    }

    /// Each worker hears of its own entities' alarms that were called false, again until it answers, and anew under another
    /// lease; nobody else can answer for it.
    @Test func workersHearWhatWasCalledFalse() throws {
        let harness = NodeHarness()
        let workers = workers(["a", "b"], in: harness)
        for worker in workers { worker.contributes = false }
        try harness.run(for: .seconds(2)) { for worker in workers { worker.turn() } }
        let notice = FalseAlarmNotice(id: "a/e@1", entity: "a/e", form: [1])
        harness.node.inbox.put(.machine(.falseAlarms(["a/e": [notice]])))
        try harness.run(for: .seconds(8)) { for worker in workers { worker.turn() } }
        #expect(workers[0].falseAlarms.count == 3, "at once, after 2 s and 4 s later")
        #expect(workers[0].falseAlarms.allSatisfy { $0 == FalseAlarmList(revision: 1, alarms: [notice]) })
        #expect(workers[1].falseAlarms.allSatisfy { $0.alarms.isEmpty })
        #expect(harness.node.machine.heededFalseAlarms.isEmpty)
        workers[1].send(.falseAlarmReceipt(FalseAlarmReceipt(revision: 1)))
        workers[0].send(.falseAlarmReceipt(FalseAlarmReceipt(revision: 7)))
        try harness.run(for: .seconds(1)) { for worker in workers { worker.turn() } }
        #expect(harness.node.machine.heededFalseAlarms.isEmpty, "of another worker, and of a list that was never sent")
        workers[0].send(.falseAlarmReceipt(FalseAlarmReceipt(revision: 1)))
        try harness.run(for: .seconds(1)) { for worker in workers { worker.turn() } }
        #expect(harness.node.machine.heededFalseAlarms == ["a/e@1": "a"])
        let told = workers[0].falseAlarms.count
        try harness.run(for: .seconds(20)) { for worker in workers { worker.turn() } }
        #expect(workers[0].falseAlarms.count == told)
        // Taken back: what it had is no longer so.
        harness.node.inbox.put(.machine(.falseAlarms([:])))
        try harness.run(for: .seconds(1)) { for worker in workers { worker.turn() } }
        #expect(workers[0].falseAlarms.last == FalseAlarmList(revision: 2, alarms: []))
        #expect(harness.node.machine.heededFalseAlarms.isEmpty)
    }

    /// However many alarms are called false, a worker hears of so many as a message takes, the latest of each entity first.
    @Test func whatAWorkerHearsIsBounded() throws {
        let harness = NodeHarness()
        let entities = (0..<40).map { "a/e\($0 + 10)" }
        let worker = ScriptedWorker("a", in: harness, entities: entities)
        worker.contributes = false
        try harness.run(for: .seconds(2)) { worker.turn() }
        let known = Dictionary(
            uniqueKeysWithValues: entities.map { entity in
                (entity, (0..<70).map { FalseAlarmNotice(id: "\(entity)@\($0)", entity: entity, form: [1]) })
            })
        harness.node.inbox.put(.machine(.falseAlarms(known)))
        try harness.run(for: .seconds(1)) { worker.turn() }
        let heard = try #require(worker.falseAlarms.first).alarms
        #expect(heard.count == FalseAlarmNotice.most)
        #expect(Set(heard.prefix(40).map(\.id)) == Set(entities.map { "\($0)@69" }))
        for entity in entities { #expect(heard.count { $0.entity == entity } >= 25) }
        let large = entities.reduce(into: [String: [FalseAlarmNotice]]()) { known, entity in
            let form = [UInt8](repeating: 1, count: 16 << 10)
            known[entity] = [FalseAlarmNotice(id: "\(entity)@0", entity: entity, form: form)]
        }
        harness.node.inbox.put(.machine(.falseAlarms(large)))
        try harness.run(for: .seconds(1)) { worker.turn() }
        #expect(worker.falseAlarms.last?.alarms.count == 40)
    }

    /// What comes of placing wakes the node; it places again with the next tick and not in the same breath.
    @Test func placingDoesNotSpin() throws {
        let loop = PlacementLoop(PlacementLoop.Configuration(targetSeconds: 50, rounds: 100))
        let harness = NodeHarness(placement: loop)
        try harness.run(for: .seconds(1))
        #expect(harness.tasks.started[.placement] == 20)
        for _ in 0..<1_000 {
            try harness.node.turn()
            harness.tasks.run()
        }
        #expect(harness.tasks.started[.placement] == 20)
        try harness.run(for: .milliseconds(50))
        #expect(harness.tasks.started[.placement] == 21)
    }

    /// The process is stopped for a minute: the heartbeats that waited are as good as on time, and nobody is evicted.
    @Test func aPauseEvictsNobody() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3; $0.quorum = 3
        }
        let workers = workers(["a", "b", "c"], in: harness)
        try harness.run(for: .seconds(5)) { for worker in workers { worker.turn() } }
        let epochs = workers.map(\.epoch)
        harness.clock.now = harness.clock.now + .seconds(60)
        // The first turn finds nothing: what the workers say comes later.
        try harness.node.turn()
        #expect(harness.node.machine.workers.count == 3)
        try harness.run(for: .seconds(5)) { for worker in workers { worker.turn() } }
        #expect(workers.map(\.epoch) == epochs)
        // Who stays silent after it is lost all the same.
        try harness.run(for: .seconds(5)) { for worker in workers.prefix(2) { worker.turn() } }
        #expect(harness.node.machine.workers.map(\.name) == ["a", "b"])
    }

    /// Somebody sends without end: each turn does a bounded amount, an honest heartbeat is answered in the turn after it
    /// came, and bulk goes on.
    @Test func aFloodStarvesNobody() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 1; $0.quorum = 1
        }
        let worker = ScriptedWorker("a", in: harness, entities: ["a/e"])
        try harness.run(for: .seconds(1)) { worker.turn() }
        var noise = 0
        harness.port.flood = {
            noise += 1
            let ghost = Envelope(
                sender: "ghost", leaseEpoch: 5, sequence: UInt64(noise),
                message: .heartbeat(
                    Heartbeat(assignmentRevision: 0, activity: .idle, version: 0)))
            return ArrivedMessage(peer: Array("ghost".utf8), bytes: ghost.encoded())
        }
        for _ in 0..<10 {
            _ = harness.port.take(for: "a")
            worker.heartbeat()
            let before = noise
            try harness.run(for: .milliseconds(50))
            #expect(noise - before <= 256)
            let answers = harness.port.take(for: "a").filter {
                if case .status(let status) = $0.message { status.answers > 0 } else { false }
            }
            #expect(answers.count == 1)
        }
        let version = harness.node.machine.version
        try harness.run(for: .seconds(2)) { worker.turn() }
        #expect(harness.node.machine.version > version)
    }

    /// Contributions come faster than they are added up: no more of them are taken than the backlog holds, heartbeats are
    /// answered all the same, and the round commits with every one of them.
    @Test func contributionsThatWaitAreBounded() throws {
        let names = (0..<12).map { "w\($0)" }
        let harness = NodeHarness {
            $0.minimumWorkers = names.count; $0.quorum = names.count
            $0.backlogBytes = 40 << 10
            $0.roundDeadline = .seconds(600)
        }
        harness.tasks.durations[.arithmetic] = .seconds(1)
        let workers = workers(names, in: harness)
        for worker in workers { worker.padding = 8 << 10 }
        try harness.run(for: .milliseconds(900)) { for worker in workers { worker.turn() } }
        // Five of eight kilobytes and some words each are more than it wants to hold.
        #expect(harness.port.arriving[.bulk]?.count == 7)
        #expect(!harness.node.takesBulk)
        try harness.run(for: .seconds(60)) { for worker in workers { worker.turn() } }
        #expect(harness.node.takesBulk)
        #expect(!harness.disk.commits.isEmpty, "\(harness.lines)")
        #expect(harness.disk.commits.first?.record.contributions.count == names.count)
        #expect(workers.allSatisfy { $0.answered >= 58 }, "\(workers.map(\.answered))")
    }

    /// A member that only heartbeats holds the first round up to its deadline, and no later one.
    @Test func whoNeverContributesHoldsOneRound() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 2; $0.quorum = 2
        }
        let honest = workers(["a", "b"], in: harness)
        let idle = ScriptedWorker("idle", in: harness, entities: ["idle/e"])
        idle.contributes = false
        try harness.run(for: .seconds(60)) { for worker in honest + [idle] { worker.turn() } }
        #expect(harness.disk.commits.count >= 10)
        #expect(harness.disk.abandoned.isEmpty)
        let slow = harness.disk.commits.filter { $0.record.duration > .seconds(10) }
        #expect(slow.count <= 1, "\(harness.disk.commits.map(\.record.duration))")
        #expect(harness.lines.contains { $0.hasPrefix("worker let a round pass") && $0.contains("idle") })
        #expect(harness.lines.contains { $0.hasPrefix("waiting") && $0.contains("idle") }, "\(harness.lines)")
    }

    /// A member that never takes over what it was told loses its lease, and with it what it would not give up.
    @Test func whoDoesNotTakeOverItsAssignmentIsOut() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 1; $0.quorum = 1
        }
        let shared = ["e0", "e1", "e2"]
        let deaf = ScriptedWorker("deaf", in: harness, entities: shared, domain: "d")
        deaf.acknowledges = false
        deaf.contributes = false
        try harness.run(for: .seconds(2)) { deaf.turn() }
        let honest = ScriptedWorker("honest", in: harness, entities: shared, domain: "d")
        try harness.run(for: .seconds(30)) {
            if deaf.epoch != nil { deaf.turn() }
            honest.turn()
        }
        #expect(harness.lines.contains { $0.hasPrefix("worker does not take over") && $0.contains("deaf") })
        #expect(harness.node.machine.owners(inDomain: "d") == ["e0": "honest", "e1": "honest", "e2": "honest"])
        #expect(harness.disk.commits.count > 3)
    }

    /// What is sent for statistics is none: its sender is named and left out, the others go on, and nothing is retried at
    /// the speed of the network.
    @Test func statisticsThatAreNoneExcludeTheirSender() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 2; $0.quorum = 2
        }
        let honest = workers(["a", "b"], in: harness)
        let spoiler = ScriptedWorker("spoiler", in: harness, entities: ["spoiler/e"])
        spoiler.spoilsStatistics = true
        try harness.run(for: .seconds(30)) { for worker in honest + [spoiler] { worker.turn() } }
        #expect(harness.node.machine.version > 3)
        #expect(harness.disk.abandoned.count <= 1)
        #expect(harness.lines.contains { $0.hasPrefix("contribution rejected") && $0.contains("spoiler") })
        let statistics = try #require(harness.disk.commits.first?.record)
        #expect(statistics.contributions.map(\.worker) == ["a", "b"])
        #expect(statistics.rejections.map(\.worker) == ["spoiler"])
    }

    /// Alone, it is tried again ever more seldom.
    @Test func aFailureBacksOff() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 1; $0.quorum = 1
        }
        let spoiler = ScriptedWorker("spoiler", in: harness, entities: ["spoiler/e"])
        spoiler.spoilsStatistics = true
        try harness.run(for: .seconds(120)) { spoiler.turn() }
        #expect(harness.disk.abandoned.count <= 8, "\(harness.disk.abandoned.count)")
        #expect(
            harness.node.machine.waitingFor?.contains("spoiler") == true, "\(harness.node.machine.waitingFor ?? "")")
    }

    /// The entity of a worker that dies in mid-round after it contributed is not trained again by the one that gets it.
    @Test func anEntityThatMovesCountsOnce() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 2; $0.quorum = 2
        }
        let shared = ["e0", "e1", "e2", "e3"]
        let (a, b) = (
            ScriptedWorker("a", in: harness, entities: shared, domain: "d"),
            ScriptedWorker("b", in: harness, entities: shared, domain: "d")
        )
        let other = ScriptedWorker("c", in: harness, entities: ["c/e"])
        b.contributes = false
        other.contributes = false
        try harness.run(for: .seconds(3)) { for worker in [a, b, other] { worker.turn() } }
        // a has contributed and dies; b gets its entities and contributes then.
        try harness.run(for: .seconds(6)) { for worker in [b, other] { worker.turn() } }
        #expect(b.assignment?.entities == shared)
        b.contributes = true
        try harness.run(for: .seconds(20)) { for worker in [b, other] { worker.turn() } }
        let record = try #require(harness.disk.commits.first?.record)
        #expect(record.contributions.map(\.worker) == ["a", "b"])
        #expect(record.contributions.flatMap(\.entities).sorted() == shared)
    }

    /// Unfinished contributions of many peers stay within the bound, and one that is whole gets through.
    @Test func unfinishedContributionsAreBounded() throws {
        let harness = NodeHarness {
            $0.minimumWorkers = 3
            $0.quorum = 1
            $0.unfinishedBytes = 1 << 20
            $0.maximumContributionBytes = 1 << 20
        }
        let evil = workers(["x", "y"], in: harness)
        for worker in evil { worker.contributes = false }
        let honest = ScriptedWorker("a", in: harness, entities: ["a/e"])
        honest.contributes = false
        try harness.run(for: .seconds(2)) { for worker in evil + [honest] { worker.turn() } }
        let plan = try #require(evil[0].status?.plan)
        var offsets = [0, 0]
        let piece = Bytes([UInt8](repeating: 1, count: 256 << 10))
        try harness.run(for: .seconds(2)) {
            for (index, worker) in evil.enumerated() {
                worker.send(
                    .contributionPiece(
                        ContributionPiece(
                            round: plan.round, attempt: plan.attempt,
                            assignmentRevision: worker.status?.assignmentRevision ?? 0,
                            digest: [UInt8](repeating: UInt8(index), count: 32), totalBytes: 1 << 20,
                            // Never the last one.
                            offset: UInt64(min(offsets[index], 512 << 10)), bytes: piece)))
                for envelope in harness.port.take(for: worker.name) {
                    if case .contributionReceipt(let receipt) = envelope.message {
                        offsets[index] = Int(receipt.receivedBytes)
                    }
                }
            }
            honest.turn()
        }
        #expect(offsets.reduce(0, +) <= 1 << 20, "\(offsets)")
        try harness.run(for: .seconds(3)) { honest.turn() }
        honest.contributes = true
        try harness.run(for: .seconds(3)) { honest.turn() }
        #expect(harness.disk.kept.map(\.accepted.worker).contains("a"), "\(harness.lines)")
    }
}
