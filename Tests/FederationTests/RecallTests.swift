import Federation
import Platform
import Testing

/// What counted in an attempt that was abandoned is on the server's disk: the next attempt does not have it sent again.
@Suite struct RecallTests {
    /// Two workers, both needed, of which one stops contributing when training has begun: round after round is abandoned.
    private func abandoned(_ attempts: Int) throws -> (NodeHarness, a: ScriptedWorker, b: ScriptedWorker) {
        let harness = NodeHarness {
            $0.minimumWorkers = 2
            $0.quorum = 2
            $0.roundDeadline = .seconds(4)
        }
        let (a, b) = (
            ScriptedWorker("a", in: harness, entities: ["a/1"]), ScriptedWorker("b", in: harness, entities: ["b/1"])
        )
        for worker in [a, b] { worker.asks = { $0 } }
        try harness.run(for: .seconds(3)) { for worker in [a, b] { worker.turn() } }
        #expect(harness.node.machine.nextRound > 2 && harness.disk.reads.isEmpty)
        b.contributes = false
        let end = harness.clock.now + .seconds(60)
        let before = harness.disk.abandoned.count
        while harness.disk.abandoned.count < before + attempts, harness.clock.now < end {
            try harness.run(for: .milliseconds(50)) { for worker in [a, b] { worker.turn() } }
        }
        try #require(harness.disk.abandoned.count == before + attempts)
        return (harness, a, b)
    }

    @Test func theNextAttemptReadsItFromTheDisk() throws {
        let (harness, a, b) = try abandoned(1)
        let round = harness.node.machine.nextRound
        a.sentBytes = 0
        b.contributes = true
        try harness.run(for: .seconds(1)) {
            if harness.node.machine.nextRound == round { for worker in [a, b] { worker.turn() } }
        }
        #expect(harness.node.machine.nextRound == round + 1)
        #expect(a.sentBytes == 0 && harness.disk.reads == ["a"])
        let record = try #require(harness.disk.commits.last?.record)
        #expect(record.attempt > 1 && record.contributions.map(\.worker) == ["a", "b"])
        // It counts under the lease and in the attempt in which it was asked for.
        #expect(record.contributions[0].attempt == record.attempt && record.contributions[0].leaseEpoch == a.epoch)
        #expect(a.received.last?.outcome == .accepted)
    }

    /// Once for each attempt, however many there are.
    @Test func attemptAfterAttempt() throws {
        let (harness, a, b) = try abandoned(1)
        a.sentBytes = 0
        let end = harness.clock.now + .seconds(60)
        let before = harness.disk.abandoned.count
        while harness.disk.abandoned.count < before + 3, harness.clock.now < end {
            try harness.run(for: .milliseconds(50)) { for worker in [a, b] { worker.turn() } }
        }
        #expect(harness.disk.abandoned.count == before + 3)
        #expect(harness.disk.abandoned.suffix(3).allSatisfy { $0.contributions.map(\.worker) == ["a"] })
        #expect(a.sentBytes == 0 && harness.disk.reads == ["a", "a", "a"])
    }

    /// A disk that does not have it, or another work: its bytes are sent as before.
    @Test(arguments: [true, false]) func otherwiseItIsSent(isOther: Bool) throws {
        let (harness, a, b) = try abandoned(1)
        if isOther {
            a.tamper = { contribution in
                contribution = Contribution(
                    kind: contribution.kind, base: contribution.base, entities: contribution.entities,
                    rawBytes: contribution.rawBytes + 1, groups: contribution.groups)
            }
        } else {
            harness.disk.kept = []
        }
        let round = harness.node.machine.nextRound
        a.sentBytes = 0
        b.contributes = true
        try harness.run(for: .seconds(2)) {
            if harness.node.machine.nextRound == round { for worker in [a, b] { worker.turn() } }
        }
        #expect(harness.node.machine.nextRound == round + 1)
        #expect(a.sentBytes > 0 && harness.disk.reads == (isOther ? [] : ["a"]))
    }

    /// Of another round nothing is read: it starts from another version.
    @Test func ofAnotherRoundNothingIsRead() throws {
        let (harness, a, b) = try abandoned(1)
        b.contributes = true
        try harness.run(for: .seconds(3)) { for worker in [a, b] { worker.turn() } }
        #expect(harness.node.machine.nextRound > 4 && harness.disk.reads == ["a"])
    }
}
