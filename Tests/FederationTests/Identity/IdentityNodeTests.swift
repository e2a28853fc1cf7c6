import Federation
import Platform
import Testing

/// A server's node whose callers have keys: what a message says beyond its key's grant is worth nothing.
@Suite struct IdentityNodeTests {
    private final class Office: IdentityKeeper {
        func enrol(
            _ request: EnrolmentRequest, isHeld: Bool, answer: @escaping @Sendable (EnrolmentAnswer) -> Void
        ) { answer(EnrolmentAnswer(isHeld ? .later : .accepted)) }
        func audit(_ event: AuditEvent) {}
    }

    private static func caller(_ name: String) -> Caller { .principal(PrincipalID(firstKey: PrincipalKeys.key(name))) }

    private static func registry(_ grants: [Grant]) -> IdentityRegistry {
        var registry = IdentityRegistry()
        for grant in grants {
            let token = PrincipalKeys.key("token of \(grant.name)")
            _ = registry.step(.invited(Invitation(key: token, grant: grant, expires: 1)), at: 0)
            let request = EnrolmentRequest(
                caller: .invited(token), name: grant.name,
                enrolment: Enrolment(key: PrincipalKeys.key(grant.name), site: "", domain: ""))
            _ = registry.step(.enrolling(request, isHeld: false), at: 0)
        }
        return registry
    }

    private let registry: IdentityRegistry
    private let harness: NodeHarness
    private let honest: ScriptedWorker

    init() throws {
        let registry = Self.registry([
            Grant(name: "a", site: "a"), Grant(name: "m", site: "evil"),
            Grant(name: "w", site: "w", roles: [.watch]),
        ])
        self.registry = registry
        harness = NodeHarness(access: .identified(registry, Office()))
        honest = ScriptedWorker("a", in: harness, entities: ["a/e"])
        honest.caller = Self.caller("a")
        try harness.run(for: .seconds(1)) { honest.turn() }
    }

    private func worker(_ name: String, by caller: Caller, entities: [String], domain: String) -> ScriptedWorker {
        let worker = ScriptedWorker(name, in: harness, entities: entities, domain: domain)
        worker.caller = caller
        worker.contributes = false
        return worker
    }

    @Test func anHonestWorkerIsIn() {
        #expect(honest.epoch != nil)
        #expect(harness.node.machine.owners(inDomain: "a") == ["a/e": "a"])
    }

    @Test(arguments: [
        ("a", ["a/e"], "a", "name"), ("m", ["a/e"], "evil", "entities"), ("m", ["evil/x"], "a", "site"),
        ("m", ["evil/x", "a/e"], "evil", "a/e"),
    ]) func aClaimIsNoGrant(name: String, entities: [String], domain: String, word: String) throws {
        let epoch = honest.epoch
        let hostile = ScriptedWorker(name, in: harness, entities: entities, domain: domain)
        for number in 0..<5 {
            // Even with the very address of another.
            harness.port.put(
                Envelope(
                    sender: name, leaseEpoch: 0, sequence: UInt64(number),
                    message: .registration(
                        Registration(
                            incarnation: 7, site: domain, domain: domain,
                            capabilities: Capabilities(
                                cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                            entities: hostile.entities))), from: "elsewhere", by: Self.caller("m"))
        }
        try harness.run(for: .seconds(1)) { honest.turn() }
        let texts = harness.port.take(for: "elsewhere").compactMap { envelope in
            if case .refusal(let refusal) = envelope.message { refusal.text } else { nil }
        }
        #expect(texts.count == 5 && texts.allSatisfy { $0.contains(word) }, "\(texts)")
        #expect(harness.node.machine.workers.map(\.name) == ["a"])
        #expect(harness.node.machine.refusals.counts["m"]?["registration"] == 5)
        #expect(harness.lines.count { $0.hasPrefix("claim refused") } == 1)
        #expect(honest.epoch == epoch)
    }

    /// More messages than one principal may send: the rest is dropped unread and counted for it, and others hear nothing
    /// of it.
    @Test func aQuotaIsOnesOwn() throws {
        let harness = NodeHarness(access: .identified(registry, Office())) {
            $0.messages.messagesPerSecond = 20
            $0.messages.burst = 1
        }
        let honest = ScriptedWorker("a", in: harness, entities: ["a/e"])
        honest.caller = Self.caller("a")
        try harness.run(for: .seconds(10)) {
            honest.turn()
            for number in 0..<20 {
                harness.port.put(
                    Envelope(
                        sender: "m", leaseEpoch: 5, sequence: UInt64(number),
                        message: .heartbeat(Heartbeat(assignmentRevision: 0, activity: .idle, version: 0))),
                    from: "m", by: Self.caller("m"))
            }
        }
        let dropped = try #require(harness.node.machine.refusals.counts["m"]?["too many messages"])
        #expect((3_700...3_800).contains(dropped), "\(dropped): 4,000 were sent, 20 a second may come")
        #expect(harness.lines.count { $0.hasPrefix("message dropped: beyond the quota") } == 1)
        #expect(harness.node.machine.refusals.counts["a"] == nil)
        #expect(honest.answered >= 9 && harness.node.machine.version > 3)
    }

    /// Lease and address of another open nothing.
    @Test func anotherIsNotSpokenFor() throws {
        let epoch = try #require(honest.epoch)
        for caller in [Self.caller("m"), .anybody, .local, .invited(PrincipalKeys.key("x"))] {
            for message in [Message.goodbye, .modelRequest(ModelRequest(version: 1, offset: 0))] {
                harness.port.put(
                    Envelope(
                        sender: "a", federation: harness.federation, leaseEpoch: epoch, sequence: 1 << 40,
                        message: message), from: "a", by: caller)
            }
        }
        try harness.run(for: .seconds(1)) { honest.turn() }
        #expect(honest.epoch == epoch)
        #expect(harness.node.machine.workers.map(\.name) == ["a"])
        #expect(harness.node.machine.refusals.counts["m"]?["name"] == 2)
        #expect(harness.node.machine.refusals.counts[RefusalBook.others] == ["no key": 2, "not enrolled": 4])
    }

    @Test func whoeverIsShutOutIsOutAtOnce() throws {
        var others = registry
        _ = others.step(.revoked(name: "a"), at: 1)
        harness.node.inbox.put(.identities(others))
        try harness.run(for: .milliseconds(100))
        #expect(harness.node.machine.workers.isEmpty)
        try harness.run(for: .seconds(5)) { honest.turn() }
        #expect(harness.node.machine.workers.isEmpty)
        #expect(harness.node.machine.refusals.counts[RefusalBook.others]?["revoked"] ?? 0 > 0)
    }

    /// A worker that may not train is not waited for, and what it gives all the same does not count.
    @Test func rolesAreKept() throws {
        let watcher = worker("w", by: Self.caller("w"), entities: ["w/e"], domain: "w")
        watcher.contributes = true
        try harness.run(for: .seconds(6)) {
            honest.turn()
            watcher.turn()
        }
        #expect(watcher.epoch != nil)
        #expect(harness.disk.commits.count > 2)
        #expect(harness.disk.commits.allSatisfy { $0.record.contributions.map(\.worker) == ["a"] })
    }

    /// A copy of what nobody of the domain may have is no reason to serve it.
    @Test func copiesOfOthersEntitiesDoNotCount() throws {
        harness.port.put(
            Envelope(
                sender: "m", leaseEpoch: 0, sequence: 1,
                message: .registration(
                    Registration(
                        incarnation: 7, site: "evil", domain: "evil",
                        capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                        entities: ["evil/x"], mirrored: ["a/e", "evil/y"]))), from: "m", by: Self.caller("m"))
        try harness.run(for: .milliseconds(500)) { honest.turn() }
        #expect(Set(harness.node.machine.owners(inDomain: "evil").keys) == ["evil/x", "evil/y"])
    }
}
