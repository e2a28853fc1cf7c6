import Federation
import Numerics
import Platform
import Testing

@Suite struct EnvelopeTests {
    private func code(_ bytes: [UInt8], limit: Int = WireLimits.message) -> FederationError.Code? {
        do throws(FederationError) {
            _ = try Envelope(decoding: bytes, limit: limit)
            return nil
        } catch { return error.code }
    }

    @Test func everyMessageComesBackAsItWas() throws {
        for seed in 0..<3_000 {
            var random = RandomMessages(generator: CounterBasedGenerator(seed: UInt64(seed), purpose: "round trip"))
            let envelope = random.envelope()
            #expect(try Envelope(decoding: envelope.encoded(), limit: 1 << 20) == envelope, "seed \(seed)")
        }
    }

    /// Damage of any kind is an error, never a crash and never another message.
    @Test func damagedMessagesAreRefused() {
        for seed in 0..<20_000 {
            var random = RandomMessages(generator: CounterBasedGenerator(seed: UInt64(seed), purpose: "damage"))
            let good = random.envelope().encoded()
            var bad = good
            switch seed % 4 {
            case 0: bad.removeLast(Int.random(in: 1...bad.count, using: &random.generator))
            case 1: bad += random.bytes() + [0]
            case 2:
                let index = Int.random(in: 0..<bad.count, using: &random.generator)
                bad[index] ^= UInt8.random(in: 1...255, using: &random.generator)
            default: bad = random.bytes(200)
            }
            #expect(bad == good || code(bad) != nil, "seed \(seed)")
        }
    }

    /// A payload of a well-formed envelope can hold anything: reading it ends in a message or an error.
    @Test func anyPayloadIsReadOrRefused() {
        for seed in 0..<20_000 {
            var random = RandomMessages(generator: CounterBasedGenerator(seed: UInt64(seed), purpose: "payload"))
            let kind = random.one(of: Message.Kind.self)
            var writer = WireWriter()
            random.message(kind).encode(into: &writer)
            var payload = seed % 2 == 0 ? writer.bytes : random.bytes(120)
            for _ in 0..<3 where !payload.isEmpty {
                let index = Int.random(in: 0..<payload.count, using: &random.generator)
                payload[index] = seed % 3 == 0 ? 0xff : UInt8(truncatingIfNeeded: random.generator.next())
            }
            let bytes = Envelope.assemble(
                version: Envelope.protocolVersion, type: kind.rawValue, leaseEpoch: 1, sequence: 1, sender: "a",
                payload: payload
            ).bytes
            _ = code(bytes)
            _ = try? FederatedModel(decoding: payload)
            _ = try? Contribution(decoding: payload)
        }
    }

    @Test func strangersAreToldWhy() {
        func bytes(version: UInt16, type: UInt16) -> [UInt8] {
            Envelope.assemble(
                version: version, type: type, leaseEpoch: 0, sequence: 0, sender: "a", payload: []
            ).bytes
        }
        let ours = Envelope.protocolVersion
        #expect(code(bytes(version: ours, type: 6)) == nil)
        #expect(code(bytes(version: ours - 1, type: 6)) == .unsupportedVersion)
        #expect(code(bytes(version: ours + 1, type: 6)) == .unsupportedVersion)
        #expect(code(bytes(version: ours, type: 99)) == .unknownType)
        #expect(code(Array("GET / HTTP/1.1\r\n\r\n".utf8)) == .notThisProtocol)
        #expect(code(bytes(version: ours, type: 6), limit: 20) == .oversized)
        #expect(code([]) == .notThisProtocol)
    }

    @Test func aClaimedTerabyteCostsNothing() {
        var writer = WireWriter()
        writer.put(UInt64(1))
        writer.put(UInt64(1))
        writer.put(UInt64(1))
        writer.put(UInt32.max)
        let bytes = Envelope.assemble(
            version: Envelope.protocolVersion, type: Message.Kind.alarmBatch.rawValue, leaseEpoch: 1, sequence: 1,
            sender: "a",
            payload: writer.bytes
        ).bytes
        #expect(code(bytes) == .oversized)
    }

    @Test func bundlesAndContributionsComeBackAsTheyWere() throws {
        let bundle = FederatedModel(
            context: [1, 2, 3],
            groups: [
                .init(name: "physical.memory", schema: "s2", parameters: [-0.0, .leastNonzeroMagnitude, 3]),
                .init(name: "physical.cpu", schema: "s1", parameters: []),
            ])
        #expect(try FederatedModel(decoding: bundle.encoded()) == bundle)
        #expect(bundle.groups.map(\.name) == ["physical.cpu", "physical.memory"])
        let contribution = Contribution(
            kind: .training, base: [UInt8](repeating: 3, count: 32), entities: ["b", "a"], rawBytes: 9, statistics: [7],
            groups: [
                .init(
                    name: "a", schema: "s", sampleCount: 4, steps: 5, lossBefore: 0.5, lossAfter: 0.25,
                    parameters: [1, 2])
            ])
        #expect(try Contribution(decoding: contribution.encoded()) == contribution)
    }

    /// The check value of CRC-32/ISO-HDLC.
    @Test func checksum() {
        var check = CyclicRedundancyCheck()
        check.update(Array("123456789".utf8))
        #expect(check.value == 0xcbf4_3926)
    }
}
