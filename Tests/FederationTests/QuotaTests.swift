import Federation
import Platform
import Testing

/// What may come from one address, and from one principal.
@Suite struct QuotaTests {
    private static func at(_ seconds: Double) -> Instant { .zero + .milliseconds(Int64(seconds * 1_000)) }

    @Test func aBucketLetsThroughWhatItSays() {
        var bucket = TokenBucket(capacity: 5, perSecond: 2, at: .zero)
        #expect((0..<10).filter { _ in bucket.take(at: .zero) }.count == 5)
        #expect((0..<10).filter { _ in bucket.take(at: Self.at(1)) }.count == 2)
        #expect((0..<10).filter { _ in bucket.take(at: Self.at(100)) }.count == 5)
        // A clock that goes back gives nothing.
        let late = bucket.take(at: Self.at(50))
        #expect(!late)
        // What is larger than the bucket passes once, and is paid for.
        var bytes = TokenBucket(capacity: 10, perSecond: 10, at: .zero)
        let found = [0, 9, 9.2].map { bytes.take($0 == 0 ? 100 : 1, at: Self.at($0)) }
        #expect(found == [true, false, true])
    }

    @Test func eachPrincipalHasItsOwn() {
        var limits = MessageQuota.Limits()
        (limits.messagesPerSecond, limits.bytesPerSecond, limits.burst) = (10, 1_000, 1)
        var quota = MessageQuota(limits)
        let (one, other) = (PrincipalID("00000000000000aa"), PrincipalID("00000000000000bb"))
        let refusals = (0..<15).map { _ in quota.refusal(of: 1, from: one, at: .zero) }
        #expect(refusals.prefix(10).allSatisfy { $0 == nil })
        #expect(refusals.dropFirst(10).allSatisfy { $0 == "too many messages" })
        #expect(quota.refusal(of: 900, from: other, at: .zero) == nil)
        #expect(quota.refusal(of: 900, from: other, at: .zero) == nil, "on credit")
        #expect(quota.refusal(of: 1, from: other, at: .zero) == "too many bytes")
        #expect(quota.refusal(of: 1, from: other, at: Self.at(1)) == nil)
        #expect(quota.refusal(of: 1, from: nil, at: .zero) == nil, "whoever only enrols")
    }

    @Test func anAddressHasSoManyConnections() {
        var quota = ConnectionQuota(.init(connections: 10, handshakes: 4))
        let first = (0..<6).map { quota.opened($0, from: "a", at: .zero) }
        #expect(first == [nil, nil, nil, nil, .handshakes, .handshakes])
        #expect(quota.opened(20, from: "b", at: .zero) == nil, "another address")
        // What is cut was never counted, and its end changes nothing.
        for id in [4, 5] as [Int64] { quota.closed(id) }
        #expect(quota.count == 5)
        // Handshakes end one way or the other.
        quota.finished(from: "a")
        quota.closed(1)
        #expect((30..<33).map { quota.opened($0, from: "a", at: .zero) } == [nil, nil, .handshakes])
        // What still stands after the longest handshake has finished it.
        #expect((40..<44).map { quota.opened($0, from: "a", at: Self.at(7)) } == [nil, nil, nil, nil])
        #expect(quota.opened(50, from: "a", at: Self.at(14)) == nil)
        #expect(quota.opened(51, from: "a", at: Self.at(14)) == .connections)
        #expect(quota.count == 11)
    }

    @Test func connectionsMayNotComeTooFast() {
        var quota = ConnectionQuota(.init(connections: 10, handshakes: 10))
        let verdicts = (0..<12).map { (id: Int64) in
            let verdict = quota.opened(id, from: "a", at: .zero)
            quota.closed(id)
            return verdict
        }
        #expect(verdicts.prefix(10).allSatisfy { $0 == nil } && verdicts.dropFirst(10).allSatisfy { $0 == .pace })
        #expect(quota.opened(90, from: "a", at: Self.at(1)) == nil, "one a second")
        #expect(quota.opened(91, from: "a", at: Self.at(1)) == .pace)
    }

    /// A worker that finds entities again and again, and loses others, has those that its last registration names.
    @Test func aWorkerReachesSoManyEntities() throws {
        let harness = NodeHarness { $0.minimumWorkers = 2 }
        let worker = ScriptedWorker("m", in: harness, entities: ["m/e"])
        try harness.run(for: .seconds(1)) { worker.turn() }
        for revision in 1...4 as ClosedRange<UInt32> {
            var registration = Registration(
                incarnation: 7, site: "m", domain: "m",
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: (0..<WireLimits.entities / 2 - 1).map { "m/\(revision)-\($0)" })
            registration.revision = revision
            worker.send(.registration(registration))
            try harness.run(for: .seconds(1)) { worker.turn() }
        }
        let served = harness.node.machine.workers.first?.entities ?? []
        #expect(served.count == WireLimits.entities / 2 - 1 && served.allSatisfy { $0.hasPrefix("m/4-") })
        #expect(harness.node.machine.workers.map(\.name) == ["m"])
    }
}
