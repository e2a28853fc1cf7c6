import Federation
import Numerics
import Platform
import Testing

/// A worker's node whose disk is slow: versions are used before they are written, and not each of them is.
@Suite struct WorkerNodeTests {
    private final class Disk: WorkerDisk, @unchecked Sendable {
        // Unchecked: a test runs on one thread.
        var kept: [(version: UInt64, hasModel: Bool)] = []
        var memory = WorkerMemory()
        var refuses = false

        func keep(_ memory: WorkerMemory, model: [UInt8]?) throws {
            if refuses { throw StorageError(.busy, operation: "write", path: "state.json", found: "a test") }
            kept.append((memory.version, model != nil))
            self.memory = memory
        }
        func spooled() -> WorkerEvent { .alarmsSpooled(spool: 1, oldest: 1, latest: 0, delivered: 0) }
        func alarms(after number: UInt64, limit: Int) -> [[UInt8]] { [] }
        func decideAlarms(upTo number: UInt64) {}
        func refuseAlarms(_ refused: [AlarmReceipt.Refused]) {}
        func rewindAlarms(to number: UInt64) {}
        func keepSpoolName() {}
    }

    private struct Nobody: Learner {
        let capabilities = Capabilities(cores: 1, accelerator: "cpu", samplesPerGroup: [:], schemaHash: "")
        let entities = ["s/e"]
        func measureCapabilities(isCancelled: @escaping @Sendable () -> Bool) -> Capabilities { capabilities }
        func work(
            _ key: WorkKey, hyperparameters: [UInt8], model: FederatedModel?, mayAccelerate: Bool,
            isCancelled: @escaping @Sendable () -> Bool
        ) -> Contribution { Contribution(kind: key.kind, rawBytes: 0) }
    }

    private final class Nothing: Watcher, SampleMover {
        var watched: [UInt64] = []
        var budget: Double?
        func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?) {
            watched.append(version)
            budget = falseAlarmsPerDay
        }
        var heeded: [[FalseAlarmNotice]] = []
        func heed(_ falseAlarms: [FalseAlarmNotice]) { heeded.append(falseAlarms) }
        func stop() {}
        func mirror(_ sources: [SampleSource]) {}
        func grant(_ grants: [SampleGrant]) {}
    }

    private let clock = TestClock()
    private let port = TestPort()
    private let disk = Disk()
    private let watcher = Nothing()
    private let tasks: TestTasks
    private let node: WorkerNode
    private let sequence = Counter()

    private final class Counter { var value: UInt64 = 0 }

    init() {
        tasks = TestTasks(clock)
        let registration = Registration(
            incarnation: 7, site: "s", domain: "s", capabilities: Nobody().capabilities, entities: ["s/e"])
        node = WorkerNode(
            machine: WorkerMachine(
                configuration: WorkerConfiguration(name: "w", registration: registration),
                generator: CounterBasedGenerator(seed: 1, purpose: "registration")),
            memory: WorkerMemory(), model: nil, port: port, disk: disk, clock: clock, tasks: tasks, learner: Nobody(),
            watcher: watcher, samples: watcher, inbox: Inbox(), note: { _ in })
    }

    private static func model(_ version: UInt64) -> [UInt8] {
        FederatedModel(context: [UInt8(version)], groups: []).encoded()
    }

    private func tell(_ message: Message) {
        sequence.value += 1
        port.put(
            Envelope(
                sender: "server", federation: FederationIdentity(1, 2), leaseEpoch: 9, sequence: sequence.value,
                message: message), from: "server")
    }

    private func announce(_ version: UInt64, finished: Bool = false) {
        tell(
            .status(
                ServerStatus(
                    version: version, digest: SHA256.digest(Self.model(version)), plan: nil, finished: finished,
                    assignmentRevision: 1, assignment: Assignment(entities: ["s/e"]))))
    }

    private func run(for duration: Duration) throws {
        let end = clock.now + duration
        while clock.now < end {
            clock.now = clock.now + .milliseconds(10)
            tasks.run()
            try node.turn()
            for envelope in port.take(for: "") {
                guard case .modelRequest(let request) = envelope.message else { continue }
                let bytes = Self.model(request.version)
                tell(
                    .modelPiece(
                        ModelPiece(
                            version: request.version, digest: SHA256.digest(bytes), totalBytes: UInt64(bytes.count),
                            offset: 0, bytes: Bytes(bytes))))
            }
        }
    }

    /// Alarms that were called false are kept, heeded once, and answered each time: the answer may be lost.
    @Test func whatIsCalledFalseIsHeededAndKept() throws {
        try join()
        let notice = FalseAlarmNotice(id: "s/e@1", entity: "s/e", form: [1, 2])
        func receipts() -> [UInt64] {
            port.take(for: "").compactMap {
                if case .falseAlarmReceipt(let receipt) = $0.message { receipt.revision } else { nil }
            }
        }
        func hear(_ list: FalseAlarmList) throws -> [UInt64] {
            tell(.falseAlarms(list))
            tasks.run()
            try node.turn()
            tasks.run()
            return receipts()
        }
        #expect(try hear(FalseAlarmList(revision: 2, alarms: [notice])) == [2])
        #expect(try hear(FalseAlarmList(revision: 2, alarms: [notice])) == [2])
        #expect(watcher.heeded == [[notice]])
        // One that was overtaken is not what is wanted.
        #expect(try hear(FalseAlarmList(revision: 1, alarms: [])) == [])
        clock.now = clock.now + .seconds(2)
        try node.turn()
        tasks.run()
        #expect(node.memory.falseAlarms == [notice] && disk.memory.falseAlarms == [notice])
        #expect(try hear(FalseAlarmList(revision: 3, alarms: [])) == [3])
        #expect(watcher.heeded == [[notice], []])
    }

    private func join() throws {
        try run(for: .milliseconds(50))
        tell(.welcome(Welcome(incarnation: 7, heartbeatMilliseconds: 1_000, leaseMilliseconds: 3_000)))
        try run(for: .milliseconds(50))
    }

    @Test func aVersionIsUsedBeforeTheDiskHasIt() throws {
        tasks.durations[.disk] = .seconds(5)
        try join()
        announce(1)
        try run(for: .milliseconds(100))
        #expect(node.machine.version == 1 && node.model != nil)
        #expect(disk.kept.allSatisfy { $0.version == 0 })
        try run(for: .seconds(16))
        #expect(disk.kept.last?.version == 1 && disk.kept.contains { $0.version == 1 && $0.hasModel })
    }

    @Test func versionsThatFollowQuicklyAreNotEachWritten() throws {
        try join()
        for version in 1...50 as ClosedRange<UInt64> {
            announce(version)
            try run(for: .milliseconds(50))
            #expect(node.machine.version == version)
        }
        try run(for: .seconds(2))
        let written = disk.kept.filter(\.hasModel).map(\.version)
        #expect(written.count <= 5 && written.last == 50, "\(written)")
        // A state never names a version whose bytes are not there.
        var there: UInt64 = 0
        for entry in disk.kept {
            if entry.hasModel { there = entry.version }
            #expect(entry.version == there)
        }
    }

    @Test func whatIsScoredWithIsWrittenAtOnce() throws {
        try join()
        announce(1)
        try run(for: .milliseconds(50))
        announce(2, finished: true)
        try run(for: .milliseconds(50))
        #expect(watcher.watched.last == 2)
        #expect(disk.kept.last?.version == 2 && disk.kept.last?.hasModel == true)
    }

    @Test func whatTheDiskDidNotTakeIsWrittenAgain() throws {
        try join()
        disk.refuses = true
        announce(1)
        try run(for: .seconds(2))
        #expect(node.machine.version == 1 && disk.kept.allSatisfy { !$0.hasModel })
        disk.refuses = false
        try run(for: .seconds(3))
        #expect(disk.kept.contains { $0.version == 1 && $0.hasModel })
    }
}
