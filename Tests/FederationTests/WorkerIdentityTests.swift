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

    /// What nobody answered under one lease is asked for at once under the next.
    @Test mutating func anotherLeaseAsksAnew() {
        _ = receive(welcome(), at: 1)
        #expect(requests(receive(status(6, Self.digest), at: 1)) == [6])
        // The first question and two more are lost: the next one would be four seconds later.
        var asked: [Int] = []
        for second in 2...6 {
            let directives = worker.step(.tick, at: .zero + .seconds(second))
            asked += requests(directives).map { _ in second }
        }
        #expect(asked == [2, 4])
        let again = worker.step(
            .received(
                Envelope(
                    sender: "server", federation: Self.federation, leaseEpoch: 10, sequence: 1, message: welcome())),
            at: .zero + .seconds(7))
        #expect(requests(again) == [6])
    }

    /// What was sent before a heartbeat that is answered was lost: it is asked for again within two heartbeats.
    @Test mutating func whatAHeartbeatOvertookIsAskedForSoon() {
        _ = receive(welcome(), at: 1)
        var asked: [Int] = []
        var directives = receive(status(6, Self.digest), at: 1)
        for second in 1...12 {
            asked += requests(directives).map { _ in second }
            let beats = directives.compactMap {
                if case .send(let envelope) = $0, case .heartbeat = envelope.message { envelope.sequence } else { nil }
            }
            for beat in beats {
                _ = receive(
                    .status(
                        ServerStatus(
                            answers: beat, version: 6, digest: Self.digest, plan: nil, finished: false,
                            assignmentRevision: 1, assignment: nil)), at: second)
            }
            directives = worker.step(.tick, at: .zero + .seconds(second + 1))
        }
        #expect(zip(asked, asked.dropFirst()).allSatisfy { $1 - $0 <= 2 } && asked.count >= 6, "\(asked)")
    }

    /// A receipt that others have overtaken tells of what was before them: nothing is sent again for it.
    @Test mutating func aLateReceiptIsOld() {
        _ = worker.step(.alarmsSpooled(spool: 4, oldest: 1, latest: 20, delivered: 0), at: .zero)
        _ = receive(welcome(), at: 1)
        func receipt(_ delivered: UInt64, _ sequence: UInt64) -> [WorkerDirective] {
            worker.step(
                .received(
                    Envelope(
                        sender: "server", federation: Self.federation, leaseEpoch: 9, sequence: sequence,
                        message: .alarmReceipt(AlarmReceipt(spool: 4, delivered: delivered)))),
                at: .zero + .seconds(2))
        }
        func rewinds(_ directives: [WorkerDirective]) -> Bool {
            directives.contains { if case .alarmsRewound = $0 { true } else { false } }
        }
        _ = receipt(13, 20)
        _ = receipt(20, 30)
        // Twice: the first would make it ask, the second would be taken for the answer.
        #expect(!rewinds(receipt(13, 21)) && !rewinds(receipt(13, 22)))
        // The server's folder is an older one, and it says so in time: first a doubt, then the answer.
        #expect(!rewinds(receipt(13, 40)) && rewinds(receipt(13, 41)))
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
