import Federation
import Numerics
import Platform

/// A whole federation on one time line, from one seed: a server, its workers, the network between them and the disks below
/// them. First it trains while everything goes wrong, then nothing does; then it watches while everything goes wrong, and
/// then nothing does until the end.
package final class SimulatedCluster {
    /// What a cluster went through.
    package struct Outcome: Sendable {
        /// What it was drawn from.
        package var seed: UInt64
        /// Everything that happened.
        package var events: Int
        /// Rounds that were committed.
        package var commits: Int
        /// Entries of the server's alarm log.
        package var alarmsDelivered: Int
        /// Faults, by kind.
        package var faults: [FaultKind: Int]
        /// Promises that were broken.
        package var violations: [SimulationReport.Violation]
        /// Over everything that was seen: the same for the same seed.
        package var digest: UInt64
    }

    let seed: UInt64
    let settings: ClusterSettings
    let variant: Variant?
    let agenda = Agenda()
    let tally = FaultTally()
    let network: SimulatedNetwork
    var generator: CounterBasedGenerator
    /// Whether nothing goes wrong now.
    private(set) var isHealthy = true
    /// When the streams began; `nil` before.
    private var streamsSince: Instant?
    private(set) lazy var server = ServerPlace(self)
    private(set) var workers: [WorkerPlace] = []
    /// Who may take part, as what.
    private(set) var identities = SimulatedIdentities()
    /// One that does not what it says.
    private(set) lazy var hostile = HostileWorker(self)
    /// Other processes under the names of workers, those that are gone too.
    var twins: [WorkerPlace] = []

    private var oracles: [any Oracle] = []
    private var violations: [SimulationReport.Violation] = []
    private var observations = 0
    private var commits = 0
    private var alarmsDelivered = 0
    private var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    private let trace: ((String) -> Void)?

    init(seed: UInt64, settings: ClusterSettings? = nil, variant: Variant? = nil, trace: ((String) -> Void)? = nil) {
        self.seed = seed
        self.settings = settings ?? ClusterSettings(seed: seed)
        self.variant = variant
        self.trace = trace
        network = SimulatedNetwork(seed: seed, agenda: agenda, tally: tally)
        generator = CounterBasedGenerator(seed: seed, purpose: "cluster")
        for index in 0..<self.settings.workers {
            let site = "site\(index / self.settings.workersInDomain)"
            let shared = (0..<self.settings.entitiesInDomain).map { "\(site)/entity\($0)" }
            let own = self.settings.offersSamples ? ["\(site)/own\(index)"] : []
            workers.append(
                WorkerPlace(self, index: index, name: "worker\(index)", site: site, entities: shared + own))
        }
        for worker in workers { identities.enrol(Grant(name: worker.name, site: worker.site)) }
        for number in 0..<HostileWorker.most {
            let name = HostileWorker.name(number)
            identities.enrol(Grant(name: name, site: HostilePeer.sitePrefix + name))
        }
        oracles = [
            ContributionOracle(), VersionOracle(), ReplayOracle(),
            FencingOracle(longestSilence: self.settings.longestSilence),
            OwnerOracle(longestSilence: self.settings.longestSilence),
            DeadlineOracle(longest: self.settings.roundDeadline * 5 / 4 + .milliseconds(500), storing: .seconds(12)),
            GateOracle(), MemoryOracle(mostBytes: 500_000),
            RecoveryOracle(
                workers: Set(workers.map(\.name)), heartbeat: self.settings.heartbeat,
                longestAbsence: self.settings.heartbeat * (self.settings.missedHeartbeats + 4),
                longestSilence: self.settings.longestSilence),
            AlarmOracle(),
        ]
    }

    /// Plays the cluster of a seed.
    ///
    /// - Parameter trace: gets what happens, line by line.
    package static func play(
        seed: UInt64, variant: Variant? = nil, trace: ((String) -> Void)? = nil
    ) -> Outcome {
        SimulatedCluster(seed: seed, variant: variant, trace: trace).play()
    }

    /// Row of every stream that has come last.
    var presentRow: Int {
        guard let streamsSince else { return 0 }
        return min(settings.rows, Int((agenda.now - streamsSince).seconds * settings.rowsPerSecond))
    }

    // MARK: The course of things

    func play() -> Outcome {
        live()
        if violations.isEmpty {
            for index in oracles.indices {
                for text in oracles[index].conclude(at: agenda.now) { violated(oracles[index].promise, text) }
            }
        }
        return Outcome(
            seed: seed, events: agenda.happened + observations, commits: commits, alarmsDelivered: alarmsDelivered,
            faults: tally.counts, violations: violations, digest: digest)
    }

    private func live() {
        server.start()
        for worker in workers { worker.start() }
        keepBackups()
        suffer(for: settings.training, "training")
        guard violations.isEmpty else { return }
        rest { [unowned self] in
            server.node?.machine.isFinished == true && workers.allSatisfy { $0.folder.memory.scoring }
        }
        guard violations.isEmpty else { return }
        streamsSince = agenda.now
        suffer(for: settings.watching, "watching")
        guard violations.isEmpty else { return }
        rest { [unowned self] in presentRow == settings.rows && isEverythingDelivered }
    }

    /// Whether every worker has watched all rows and every alarm is with the server.
    private var isEverythingDelivered: Bool {
        server.node?.machine.isFinished == true
            && workers.allSatisfy { worker in
                worker.node.map { $0.streamsEnded && worker.folder.delivered == worker.folder.latest } ?? false
            }
    }

    /// What is not done, for readers.
    private var undone: String {
        let open = workers.compactMap { worker -> String? in
            guard let node = worker.node else { return "\(worker.name) does not run" }
            let folder = worker.folder
            guard folder.memory.scoring else { return "\(worker.name) does not watch" }
            guard node.streamsEnded else { return "\(worker.name)'s streams have not ended" }
            return folder.delivered == folder.latest
                ? nil : "\(worker.name) has delivered \(folder.delivered) of \(folder.latest) alarms"
        }
        return (server.node?.machine.isFinished == true ? open : ["the server has rounds left"] + open)
            .joined(separator: ", ")
    }

    private var isEverybodyIn: Bool {
        let leases = (server.node?.machine.workers ?? []).reduce(into: [String: UInt64]()) {
            $0[$1.name] = $1.leaseEpoch
        }
        return workers.allSatisfy { worker in
            worker.node?.machine.leaseEpoch.map { leases[worker.name] == $0 } ?? false
        }
    }

    private func suffer(for duration: Duration, _ phase: String) {
        isHealthy = false
        say("all", "trouble begins, while it is \(phase)")
        observe(.troubled)
        setSpeeds()
        let end = agenda.now + duration
        let schedule = FaultSchedule(
            seed: seed, phase: phase, places: settings.workers + 1, begin: agenda.now + .milliseconds(500), end: end)
        for incident in schedule.incidents { agenda.at(incident.at) { [unowned self] in strike(incident) } }
        run(until: end)
    }

    /// Nothing goes wrong any more; how long until everything is done?
    private func rest(until isDone: @escaping () -> Bool) {
        heal()
        observe(.healed)
        let end = agenda.now + settings.rest
        let earliest = agenda.now + settings.heartbeat * 2
        while agenda.now < end, violations.isEmpty, agenda.now < earliest || !isEverybodyIn || !isDone() {
            run(until: agenda.now + .milliseconds(250))
        }
        if violations.isEmpty, !isDone() {
            violated(.recovery, "not done \(settings.rest.seconds) s after the healing: \(undone)")
        }
    }

    private func heal() {
        isHealthy = true
        say("all", "nothing goes wrong any more")
        network.heal()
        hostile.leave()
        for twin in twins { twin.end("it was one too many", restartAfter: .zero) }
        for place in [server.faults] + workers.map(\.faults) {
            place.isFull = false
            place.isBusy = false
            place.accident = nil
        }
        server.longestWrite = .milliseconds(3)
        server.process?.clock.drift(at: 1)
        for worker in workers {
            worker.process?.clock.drift(at: 1)
            worker.fails = false
            worker.longestWrite = .milliseconds(3)
            worker.process?.tasks.hurry(within: settings.longestWork / 10)
        }
        server.process?.tasks.hurry(within: settings.longestWork / 10)
        setSpeeds()
    }

    private func setSpeeds() {
        server.setSpeed()
        for worker in workers {
            worker.longestWork = isHealthy ? settings.longestWork / 10 : settings.longestWork
            worker.setSpeed()
        }
    }

    private func keepBackups() {
        agenda.after(.seconds(4)) { [unowned self] in
            server.backUp()
            for worker in workers { worker.backUp() }
            keepBackups()
        }
    }

    private func run(until end: Instant) { agenda.run(until: end) { [unowned self] in !violations.isEmpty } }

    // MARK: What is seen

    func observe(_ observation: Observation) {
        observations += 1
        switch observation {
        case .committed(let record, let model, _):
            commits += 1
            say(
                "server",
                "commits round \(record.round), version \(record.version): "
                    + record.contributions.map(\.worker).joined(separator: ", "))
            mix(record.version)
            for byte in SHA256.digest(model ?? []).prefix(8) { mix(UInt64(byte)) }
        case .logged(let sequence, _):
            alarmsDelivered += 1
            mix(UInt64(bitPattern: sequence))
        case .arrived(let envelope, _):
            mix(envelope.sequence)
            mix(UInt64(bitPattern: agenda.now.nanoseconds))
        default: break
        }
        for index in oracles.indices {
            for text in oracles[index].see(observation, at: agenda.now) { violated(oracles[index].promise, text) }
        }
    }

    private func violated(_ promise: Promise, _ text: String) {
        say("VIOLATION", "\(promise.rawValue): \(text)")
        violations.append(
            SimulationReport.Violation(
                seed: seed, promise: promise, seconds: (agenda.now - .zero).seconds, text: text))
    }

    private func mix(_ value: UInt64) { digest = (digest ^ value) &* 0x100_0000_01b3 }

    // MARK: For readers

    func say(_ who: @autoclosure () -> String, _ what: @autoclosure () -> String) {
        trace?("\(Self.column(agenda.now)) \(who()): \(what())")
    }

    func say(_ who: String, _ note: Note) {
        guard let trace else { return }
        let fields = note.fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        trace("\(Self.column(agenda.now)) \(who): \(note.level) \(note.message)\(fields)")
    }

    private static func column(_ now: Instant) -> String {
        let milliseconds = (now - .zero).milliseconds
        let fraction = String(milliseconds % 1_000)
        return "\(milliseconds / 1_000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction) s"
    }
}
