import Federation
import Numerics
import Platform
import Testing

/// What workers measure of themselves: how it reaches the server, and that it changes nothing else.
@Suite struct MeasurementTests {
    private var server = ServerRoundMachine(
        configuration: ServerConfiguration(), strategy: FederatedAveraging(), recovery: .new)
    private var worker = Self.worker(patience: .seconds(2))

    private static func worker(patience: Duration) -> WorkerMachine {
        var configuration = WorkerConfiguration(
            name: "w",
            registration: Registration(
                incarnation: 7, site: "s", domain: "s",
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: ["s/e"]))
        configuration.capabilitiesPatience = patience
        return WorkerMachine(
            configuration: configuration, generator: CounterBasedGenerator(seed: 1, purpose: "registration"))
    }

    /// Lets messages pass for a while, each way taking so long; the messages of the worker.
    private mutating func run(
        from start: Int, to end: Int, delay: Int = 0, losing: (Message) -> Bool = { _ in false }
    ) -> [Message] {
        var sent: [Message] = []
        var onTheWay: [(at: Int, envelope: Envelope, toServer: Bool)] = []
        for millisecond in start..<end {
            let now = Instant.zero + .milliseconds(millisecond)
            func post(_ directives: [WorkerDirective]) {
                for case .send(let envelope) in directives {
                    sent.append(envelope.message)
                    if !losing(envelope.message) { onTheWay.append((millisecond + delay, envelope, true)) }
                }
            }
            post(worker.step(.tick, at: now))
            _ = server.step(.tick, at: now)
            while let next = onTheWay.firstIndex(where: { $0.at <= millisecond }) {
                let item = onTheWay.remove(at: next)
                if item.toServer {
                    for case .send(let envelope, _) in server.step(.received(item.envelope, from: Peer("w")), at: now)
                    where !losing(envelope.message) {
                        onTheWay.append((millisecond + delay, envelope, false))
                    }
                } else {
                    post(worker.step(.received(item.envelope), at: now))
                }
            }
        }
        return sent
    }

    private static func registrations(_ messages: [Message]) -> [Registration] {
        messages.compactMap { if case .registration(let registration) = $0 { registration } else { nil } }
    }

    @Test mutating func itRegistersWhenItHasMeasured() {
        #expect(run(from: 0, to: 700).isEmpty)
        _ = worker.step(.capable(FederationSimulation.measured), at: .zero + .milliseconds(700))
        // The step itself sent the first one, which is lost here.
        let sent = Self.registrations(run(from: 701, to: 2_300))
        #expect(sent.map(\.capabilities) == [FederationSimulation.measured])
        #expect(server.workers.map(\.capabilities) == [FederationSimulation.measured])
    }

    /// Measuring takes too long: it registers without, and again with, until the server says that it has it, under the
    /// same lease.
    @Test mutating func aLateMeasurementIsToldAgain() {
        #expect(Self.registrations(run(from: 0, to: 2_500)).count == 1)
        #expect(server.workers.map(\.capabilities.device) == [.unknown])
        let lease = worker.leaseEpoch
        _ = worker.step(.capable(FederationSimulation.measured), at: .zero + .milliseconds(2_500))
        var losses = 3
        let sent = Self.registrations(
            run(from: 2_501, to: 12_000) { message in
                switch message {
                case .registration, .welcome:
                    losses -= 1
                    return losses >= 0
                default: return false
                }
            })
        #expect(server.workers.map(\.capabilities) == [FederationSimulation.measured])
        #expect(sent.count == 4 || sent.count == 3)
        #expect(worker.leaseEpoch == lease)
        #expect(Self.registrations(run(from: 12_001, to: 20_000)).isEmpty)
    }

    /// A registration that was on its way for long does not undo a newer one.
    @Test mutating func anOldRegistrationChangesNothing() throws {
        let old = try #require(Self.registrations(run(from: 0, to: 2_500)).first)
        _ = worker.step(.capable(FederationSimulation.measured), at: .zero + .milliseconds(2_500))
        _ = run(from: 2_501, to: 6_000)
        let echo = Envelope(sender: "w", leaseEpoch: 0, sequence: 1, message: .registration(old))
        _ = server.step(.received(echo, from: Peer("w")), at: .zero + .milliseconds(6_000))
        #expect(server.workers.map(\.capabilities) == [FederationSimulation.measured])
    }

    @Test mutating func theRoundTripIsWhatTheWayTakes() {
        worker = Self.worker(patience: .zero)
        _ = run(from: 0, to: 4_000, delay: 30)
        #expect(server.workers.map(\.roundTripSeconds) == [0.06])
    }

    /// Times longer than the interval of heartbeats are measured too, and a lost answer gives none.
    @Test mutating func aSlowOrLossyWay() {
        worker = Self.worker(patience: .zero)
        var answers = 0
        _ = run(from: 0, to: 12_000, delay: 700) { message in
            guard case .status(let status) = message, status.answers > 0 else { return false }
            answers += 1
            return answers % 2 == 0
        }
        #expect(server.workers.map(\.roundTripSeconds) == [1.4])
    }

    @Test func amountsThatCannotBeAreRefused() {
        for value in [-1.0, .infinity, .nan] {
            let piece = ContributionPiece(
                round: 1, attempt: 1, assignmentRevision: 1, workSeconds: value,
                digest: [UInt8](repeating: 0, count: 32), totalBytes: 1, offset: 0, bytes: [])
            let bytes = Envelope(sender: "w", leaseEpoch: 1, sequence: 1, message: .contributionPiece(piece)).encoded()
            #expect(throws: FederationError.self) { try Envelope(decoding: bytes, limit: 1_000) }
        }
    }
}
