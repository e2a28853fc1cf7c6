import CommandLine
import Federation
import Foundation
import Numerics
import Platform
package import Services

/// One real `fl-server` and the connections of thousands of workers, each with its own key and both of its connections, in
/// this process: what the server carries.
package struct FleetSimulation: Sendable {
    /// What was measured.
    package struct Result: Encodable, Sendable {
        /// Workers.
        package var workers: Int
        /// Training rounds.
        package var rounds: Int
        /// Parameters of the model.
        package var parameters: Int
        /// Seconds of a training round, from its opening until its version is durable; the median.
        package var roundSeconds: Double
        /// Training rounds a second, from the opening of the first to the end of the last.
        package var roundsPerSecond: Double
        /// Seconds from the first connection until every worker has its lease.
        package var registrationSeconds: Double
        /// Seconds of the round of statistics.
        package var statisticsSeconds: Double
        /// Seconds between heartbeats of a worker.
        package var heartbeatSeconds: Double
        /// Largest resident size of the server.
        package var serverPeakBytes: Int
        /// Its resident size when all rounds are done and only heartbeats come.
        package var serverIdleBytes: Int
        /// Processor time of the server, start and enrolment included.
        package var serverCPUSeconds: Double
        /// Bytes of all messages of workers to the server, before encryption.
        package var bytesSent: Int
        /// Bytes of all messages of the server to workers.
        package var bytesReceived: Int
        /// Median seconds for which the commit of a training round waited for the disk; part of `roundSeconds`.
        package var syncSecondsMedian: Double
    }

    /// Workers that have asked to be let in and were not answered, at most: the server makes some thousand handshakes a
    /// second, and one that takes longer than five seconds is given up.
    fileprivate static let mostPending = 256
    /// Time without any news after which it is given up.
    private static let patience: Duration = .seconds(300)

    private let workers: Int
    private let rounds: Int
    private let shape: FleetShape
    private let heartbeat: Double

    /// A fleet.
    ///
    /// - Parameters:
    ///   - parameters: of the model; the nearest that there is.
    ///   - heartbeat: seconds between heartbeats of a worker.
    package init(workers: Int, rounds: Int, parameters: Int, heartbeat: Double) {
        self.workers = workers
        self.rounds = rounds
        self.heartbeat = heartbeat
        shape = FleetShape(parameters: parameters)
    }

    /// Runs it to the end.
    ///
    /// - Parameters:
    ///   - progress: hears how it goes, in a line.
    ///   - stop: ends it before.
    /// - Throws: ``CommandLineError`` when the system does not allow as many connections, or the server does not carry
    ///   them; ``ExitStatus`` when it was stopped.
    package func run(stop: StopSignal, progress: (String) -> Void) throws -> Result {
        let needed = DescriptorLimit.needed(workers: workers)
        let allowed = DescriptorLimit.raise(to: needed)
        guard allowed >= needed else {
            throw CommandLineError(
                .unavailable,
                "--workers: found \(workers), whose connections need \(needed) descriptors here and in the server, "
                    + "expected at most \(DescriptorLimit.workers(within: allowed)): the system allows \(allowed)",
                hint: "raise the hard limit of descriptors (ulimit -Hn)")
        }
        let server = try LoopbackFederation()
        defer { server.end() }
        progress("enrolling \(workers) workers")
        let members = (0..<workers).map { FleetWorker(number: $0) }
        let keys = try members.map { _ in try CurveKeys() }
        let serverKey = try enrol(members, keys, server)
        try server.start(
            shape.options + [
                "--minimum-workers", "\(workers)", "--maximum-workers", "\(workers)", "--rounds", "\(rounds)",
                // All of them come from one address.
                "--connections-per-address", "1000000",
                "--no-evaluate", "--heartbeat", "\(heartbeat)", "--round-deadline", "3600", "--kept-rounds", "0",
            ])
        let crowd = try Crowd(
            members, keys, heartbeat: .seconds(heartbeat), updates: try FleetUpdates(metrics: FleetShape.features),
            port: try PortCrowd(control: server.control, bulk: server.bulk, server: serverKey))
        let clock = ContinuousClock()
        let start = clock.now
        var registered: Duration?
        var (lastNews, lastCount) = (start, -1)
        var nextLook = start
        while !crowd.isFinished {
            try crowd.turn()
            let now = clock.now
            if registered == nil, crowd.registered == workers { registered = now - start }
            guard now >= nextLook else { continue }
            nextLook = now + .milliseconds(500)
            if stop.isSet { throw ExitStatus(code: 130) }
            try server.requireLife()
            if let refusal = crowd.refusal {
                throw CommandLineError(.software, "the server refuses a worker: \(refusal)")
            }
            progress(
                registered == nil
                    ? "\(crowd.registered) of \(workers) workers registered"
                    : "\(Quantity.bytes(crowd.bytesSent)) sent, \(Quantity.bytes(crowd.bytesReceived)) received")
            let count = crowd.registered + crowd.accepted
            if count != lastCount { (lastNews, lastCount) = (now, count) }
            guard now - lastNews < Self.patience else {
                let waiting = (try? server.rounds(latest: 1))?.waitingFor ?? "nothing that it says"
                throw CommandLineError(
                    .software, "nothing has gone on for five minutes; the server waits for \(waiting)")
            }
        }
        // Only heartbeats from here on.
        let quiet = clock.now + .seconds(2)
        while clock.now < quiet { try crowd.turn() }
        let figures = try server.figures()
        let log = try server.rounds(latest: rounds + 1).rounds.filter(\.committed)
        let training = log.filter { $0.kind == "training" }
        guard training.count == rounds else {
            throw CommandLineError(.software, "found \(training.count) rounds of training, expected \(rounds)")
        }
        let seconds = training.map { $0.seconds + ($0.syncSeconds ?? 0) }
        return Result(
            workers: workers, rounds: rounds, parameters: shape.parameters,
            roundSeconds: seconds.sorted().quantile(0.5),
            roundsPerSecond: Double(rounds) / seconds.reduce(0, +), registrationSeconds: (registered ?? .zero).seconds,
            statisticsSeconds: log.first { $0.kind == "statistics" }?.seconds ?? 0, heartbeatSeconds: heartbeat,
            serverPeakBytes: figures.peakBytes, serverIdleBytes: figures.residentBytes,
            serverCPUSeconds: figures.processorSeconds, bytesSent: crowd.bytesSent, bytesReceived: crowd.bytesReceived,
            syncSecondsMedian: training.compactMap(\.syncSeconds).sorted().quantile(0.5))
    }

    /// Writes all of them into the server's folder before it starts, as `fl-server` itself would; the server's key.
    private func enrol(
        _ members: [FleetWorker], _ keys: [CurveKeys], _ server: LoopbackFederation
    ) throws -> PublicKey {
        let store = try IdentityStore(folder: server.folder)
        let many = zip(members, keys).map { (grant: $0.grant, key: $1.publicKey) }
        _ = try store.change { record in
            let directives = record.registry.step(.admitted(many), at: IdentityStore.now)
            let events = directives.compactMap { directive -> AuditEvent? in
                if case .audit(let event) = directive { event } else { nil }
            }
            return (events.count, events)
        }
        return try store.serverKeys().publicKey
    }
}

/// The workers of a fleet with their connections. Used by one thread.
private final class Crowd {
    private var members: [FleetWorker]
    private let keys: [CurveKeys]
    private let heartbeat: Duration
    private let updates: FleetUpdates
    private let port: PortCrowd
    private let clock = ContinuousClock()
    private var nextBeats: [ContinuousClock.Instant]
    /// Who is due next: everybody's turn comes once in a heartbeat.
    private var cursor = 0
    private var finished = 0

    private(set) var registered = 0
    /// Contributions that count.
    private(set) var accepted = 0
    private(set) var bytesSent = 0
    private(set) var bytesReceived = 0
    private(set) var refusal: String?

    init(
        _ members: [FleetWorker], _ keys: [CurveKeys], heartbeat: Duration, updates: FleetUpdates, port: PortCrowd
    ) throws {
        self.members = members
        self.keys = keys
        self.heartbeat = heartbeat
        self.updates = updates
        self.port = port
        nextBeats = [ContinuousClock.Instant](repeating: clock.now, count: members.count)
    }

    /// Whether everybody has heard that all rounds are done.
    var isFinished: Bool { finished == members.count }

    func turn() throws {
        try connectMore()
        try beat()
        var some = 0
        while some < 1_024, let (member, bytes) = try port.receive(on: .control) {
            try take(bytes, for: member)
            some += 1
        }
        while some < 2_048, let (member, bytes) = try port.receive(on: .bulk) {
            try take(bytes, for: member)
            some += 1
        }
        if some == 0 { try port.wait(upTo: .milliseconds(5)) }
    }

    private func connectMore() throws {
        while port.count < members.count, port.count - registered < FleetSimulation.mostPending {
            let number = try port.connect(keys[port.count], tag: Array("\(members[port.count].name)#1".utf8))
            nextBeats[number] = clock.now + heartbeat
            try send(members[number].registration, from: number)
        }
    }

    /// Looks at some in turn, so that heartbeats are spread over their interval.
    private func beat() throws {
        guard port.count > 0 else { return }
        let now = clock.now
        for _ in 0..<min(256, port.count) {
            cursor = (cursor + 1) % port.count
            guard now >= nextBeats[cursor] else { continue }
            nextBeats[cursor] = now + heartbeat
            for message in members[cursor].due(updates) { try send(message, from: cursor) }
        }
    }

    private func take(_ bytes: Bytes, for number: Int) throws {
        bytesReceived += bytes.count
        guard let envelope = try? Envelope(decoding: bytes, limit: WireLimits.message) else { return }
        let before = (members[number].isIn, members[number].isFinished)
        let answers = members[number].receive(envelope, updates)
        let after = (members[number].isIn, members[number].isFinished)
        registered += (after.0 ? 1 : 0) - (before.0 ? 1 : 0)
        finished += (after.1 ? 1 : 0) - (before.1 ? 1 : 0)
        if case .contributionReceipt(let receipt) = envelope.message, receipt.outcome == .accepted { accepted += 1 }
        refusal = refusal ?? members[number].refusal
        for message in answers { try send(message, from: number) }
    }

    /// What finds no place is said again with the next heartbeat.
    private func send(_ message: Message, from number: Int) throws {
        let parts = members[number].envelope(message).parts()
        if try port.send(parts, from: number, on: message.channel) == .queued { bytesSent += parts.count }
    }
}
