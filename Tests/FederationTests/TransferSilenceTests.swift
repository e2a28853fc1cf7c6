import Federation
import Numerics
import Platform
import Testing

/// A worker of which one connection is stuck: heartbeats are answered, and nothing else is.
@Suite struct TransferSilenceTests {
    private var worker = WorkerMachine(
        configuration: WorkerConfiguration(
            name: "w",
            registration: Registration(
                incarnation: 7, site: "s", domain: "s",
                capabilities: Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: ["s/e"])),
        generator: CounterBasedGenerator(seed: 1, purpose: "registration"))
    private var sequence: UInt64 = 0

    private mutating func receive(_ message: Message, at now: Instant) -> [WorkerDirective] {
        sequence += 1
        return worker.step(
            .received(
                Envelope(
                    sender: "server", federation: FederationIdentity(1, 1), leaseEpoch: 9, sequence: sequence,
                    message: message)), at: now)
    }

    /// Seconds at which it makes new connections, while heartbeats are answered each second.
    private mutating func reconnections(
        from first: Int, to last: Int, answersAlarms: Bool, each: (inout Self, Instant) -> Void = { _, _ in }
    ) -> [Int] {
        var found: [Int] = []
        for second in first..<last {
            let now = Instant.zero + .seconds(second)
            var directives = worker.step(.tick, at: now)
            directives += receive(
                .status(
                    ServerStatus(
                        version: 0, digest: [], plan: nil, finished: false, assignmentRevision: 1,
                        assignment: Assignment(entities: ["s/e"]))), at: now)
            each(&self, now)
            var todo = directives
            while !todo.isEmpty {
                switch todo.removeFirst() {
                case .reconnect: found.append(second)
                case .send(let envelope):
                    guard answersAlarms, case .alarmBatch(let batch) = envelope.message else { break }
                    todo += receive(.alarmReceipt(AlarmReceipt(spool: batch.spool, delivered: 3)), at: now)
                default: break
                }
            }
        }
        return found
    }

    private mutating func join() {
        _ = worker.step(.tick, at: .zero)
        _ = receive(
            .welcome(Welcome(incarnation: 7, heartbeatMilliseconds: 1_000, leaseMilliseconds: 3_000)), at: .zero)
        _ = worker.step(.alarmsSpooled(spool: 5, oldest: 1, latest: 3, delivered: 0), at: .zero)
    }

    @Test mutating func newConnectionsAreMadeEverMoreSeldom() {
        join()
        #expect(reconnections(from: 0, to: 1_200, answersAlarms: false) == [121, 362, 843])
        // Once something came it begins anew, and where everything is delivered nothing is waited for.
        #expect(reconnections(from: 1_200, to: 1_900, answersAlarms: true) == [])
        _ = worker.step(.alarmsSpooled(spool: 5, oldest: 1, latest: 4, delivered: 3), at: .zero + .seconds(1_900))
        _ = worker.step(.spoolRead(first: 4, alarms: [[1]]), at: .zero + .seconds(1_900))
        #expect(reconnections(from: 1_900, to: 2_100, answersAlarms: false) == [2_021])
    }

    @Test mutating func aConnectionThatAnswersIsKept() {
        join()
        #expect(reconnections(from: 0, to: 2_000, answersAlarms: true) == [])
    }

    /// A connection that is made anew by itself has its time again.
    @Test mutating func anotherConnectionHasItsTime() {
        join()
        let found = reconnections(from: 0, to: 400, answersAlarms: false) { test, now in
            guard now == .zero + .seconds(100) else { return }
            _ = test.worker.step(.link(.bulk, PortLink(isOpen: true, isReady: true, made: 1)), at: now)
        }
        #expect(found == [222])
    }
}
