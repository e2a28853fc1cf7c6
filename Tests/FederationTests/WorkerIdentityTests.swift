import Federation
import Numerics
import Platform
import Testing

/// A worker beside servers that are not the ones it knew.
@Suite struct WorkerIdentityTests {
    private static let federation = FederationIdentity(1, 1)
    private static let digest = [UInt8](repeating: 5, count: 32)
    private var worker: WorkerMachine
    private var sequence: UInt64 = 0

    init() {
        worker = WorkerMachine(
            configuration: WorkerConfiguration(
                name: "w",
                registration: Registration(
                    incarnation: 7, site: "s", domain: "s",
                    capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                    entities: ["s/e"])),
            generator: CounterBasedGenerator(seed: 1, purpose: "registration"), federation: Self.federation,
            version: 5, digest: Self.digest, entities: ["s/e"])
    }

    private mutating func receive(
        _ message: Message, from federation: FederationIdentity = WorkerIdentityTests.federation, at seconds: Int
    ) -> [WorkerDirective] {
        sequence += 1
        return worker.step(
            .received(
                Envelope(
                    sender: "server", federation: federation, leaseEpoch: 9, sequence: sequence, message: message)),
            at: .zero + .seconds(seconds))
    }

    private func welcome() -> Message {
        .welcome(Welcome(incarnation: 7, heartbeatMilliseconds: 1_000, leaseMilliseconds: 3_000))
    }

    private func status(_ version: UInt64, _ digest: [UInt8], grants: [SampleGrant] = []) -> Message {
        .status(
            ServerStatus(
                version: version, digest: digest, plan: nil, finished: false, assignmentRevision: 1,
                assignment: Assignment(entities: ["s/e"], grants: grants)))
    }

    private func requests(_ directives: [WorkerDirective]) -> [UInt64] {
        directives.compactMap {
            guard case .send(let envelope) = $0, case .modelRequest(let request) = envelope.message else { return nil }
            return request.version
        }
    }

    private func notes(_ directives: [WorkerDirective]) -> [String] {
        directives.compactMap { if case .note(let note) = $0 { "\(note.message)" } else { nil } }
    }

    private func forgets(_ directives: [WorkerDirective]) -> Bool {
        directives.contains { if case .forget = $0 { true } else { false } }
    }

    @Test mutating func theSameServerChangesNothing() {
        #expect(!forgets(receive(welcome(), at: 1)))
        let directives = receive(status(5, Self.digest), at: 1)
        #expect(!forgets(directives) && requests(directives).isEmpty)
        #expect(worker.version == 5)
    }

    /// The server's folder is lost: it begins another federation, and the worker starts over in it.
    @Test mutating func aServerThatLostItsFolder() {
        let other = FederationIdentity(2, 2)
        let directives = receive(welcome(), from: other, at: 1)
        #expect(forgets(directives))
        #expect(notes(directives).contains { $0.contains("another federation") })
        #expect(worker.version == 0 && worker.federation == other)
    }

    /// The server's folder is an older one, or another of the same number: the worker goes on from what the server has.
    @Test(arguments: [UInt64(3), 5]) mutating func aServerWithAnEarlierFolder(version: UInt64) {
        _ = receive(welcome(), at: 1)
        let directives = receive(status(version, [UInt8](repeating: 3, count: 32)), at: 1)
        #expect(forgets(directives))
        #expect(notes(directives).contains { $0.contains("went back") })
        #expect(requests(directives) == [version])
        #expect(worker.version == 0)
    }

    /// A server that is silent for a lease may be behind a dead connection; and what it granted is over.
    @Test mutating func silenceEndsGrantsAndConnections() {
        let grant = SampleGrant(reader: "r", token: [UInt8](repeating: 1, count: 16), entities: ["s/e"])
        _ = receive(welcome(), at: 1)
        _ = receive(status(5, Self.digest, grants: [grant]), at: 1)
        var reconnections: [Int] = []
        var granted: [[SampleGrant]] = []
        func look(_ directives: [WorkerDirective], at second: Int) {
            for directive in directives {
                if case .reconnect = directive { reconnections.append(second) }
                if case .grant(let grants) = directive { granted.append(grants) }
            }
        }
        for second in 2...12 { look(worker.step(.tick, at: .zero + .seconds(second)), at: second) }
        #expect(reconnections == [5, 9])
        #expect(granted == [[]])
        look(receive(status(5, Self.digest, grants: [grant]), at: 13), at: 13)
        #expect(granted == [[], [grant]])
    }
}
