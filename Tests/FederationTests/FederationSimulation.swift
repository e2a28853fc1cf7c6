import Federation
import Numerics
import Platform

/// A whole federation on one time line: a server, workers, and a network that loses, repeats, delays and reorders
/// messages, cuts peers off and lets processes crash, all from one seed.
struct FederationSimulation {
    struct Faults {
        var loss = 0.15
        var duplication = 0.1
        var slowestMilliseconds = 900
        var crashes = true
        var partitions = true
        var poison = true
        /// Whether other workers are chosen now and then.
        var choices = false
        /// Whether each worker has an entity of its own and offers its samples.
        var offers = false
        /// Whether earlier versions are asked for now and then, and the configuration changes.
        var restores = false
        /// Workers that only offer their samples.
        var standby: Set<Int> = []
    }

    /// What is on the server's disk.
    struct Registry {
        var term: UInt32 = 1
        var nextRound: UInt32 = 0
        var version: UInt64 = 0
        var bundle: FederatedModel?
        var commits: [(commit: Commit, base: FederatedModel?)] = []
        var kept: [[UInt8]: [UInt8]] = [:]
        var delivered: [UInt64: UInt64] = [:]
        var alarms: [[UInt8]] = []
        var versions: [UInt64: [UInt8]] = [:]
    }

    struct Process {
        var machine: WorkerMachine
        var incarnation: UInt64
        var bundle: FederatedModel?
        var cutOffUntil = Instant.zero
        var poisons = false
        /// On its disk.
        var spool: [[UInt8]] = []
        var delivered: UInt64 = 0
        var isScoring = false
        /// Entities of which it has a copy on its disk.
        var copies: Set<String> = []
        var sources: [SampleSource] = []
        var grants: [SampleGrant] = []
        var falseAlarmsPerDay: Double?
        var falseAlarms: [FalseAlarmNotice] = []
        var peer: Peer { Peer("\(machine.configuration.name)#\(incarnation)") }
    }

    enum Delivery {
        case toServer([UInt8], Peer)
        case toWorker([UInt8], Peer)
        case workDone(WorkKey, worker: Int, incarnation: UInt64)
        case measured(worker: Int, incarnation: UInt64)
        case copied([String], worker: Int, incarnation: UInt64)
        case durable(Commit, FederatedModel?, term: UInt32)
    }

    var generator: CounterBasedGenerator
    let faults: Faults
    let healAt: Instant
    var now = Instant.zero
    var queue: [(at: Instant, what: Delivery)] = []
    var configuration: ServerConfiguration
    /// What operators call false, by entity.
    var falseAlarms: [String: [FalseAlarmNotice]] = [:]
    var registry = Registry()
    var server: ServerRoundMachine
    var arithmetic = ToyArithmetic()
    var workers: [Process]
    /// What went against a promise.
    var violations: [String] = []
    var roundOpened: (round: UInt32, attempt: UInt32, term: UInt32, at: Instant)?
    var abandoned = 0
    var finishedAt: Instant?
    var restorationsAsked = 0
    var restorationsAnswered = 0

    let workersPerDomain: Int

    init(
        seed: UInt64, workers count: Int, perDomain: Int = 2, rounds: UInt32 = 3, quorum: Int? = nil,
        loops: LoopSchedule = LoopSchedule(), healAfter: Duration, faults: Faults
    ) {
        workersPerDomain = perDomain
        generator = CounterBasedGenerator(seed: seed, purpose: "simulation")
        self.faults = faults
        healAt = .zero + healAfter
        configuration = ServerConfiguration()
        configuration.rounds = rounds
        configuration.loops = loops
        configuration.minimumWorkers = quorum ?? count
        configuration.quorum = quorum ?? count
        configuration.roundDeadline = .seconds(20)
        configuration.pieceBytes = 64
        server = ServerRoundMachine(
            configuration: configuration, strategy: FederatedAveraging(), recovery: .new)
        workers = []
        for index in 0..<count { workers.append(process(index, copies: [])) }
    }

    private mutating func process(_ index: Int, copies: Set<String>) -> Process {
        let domain = "site\(index / workersPerDomain)"
        let incarnation = generator.next()
        var configuration = WorkerConfiguration(
            name: "worker\(index)",
            registration: Registration(
                incarnation: incarnation, site: domain, domain: domain,
                capabilities: Capabilities(cores: 2, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                entities: faults.offers ? ["entity0", "entity1", "own\(index)"] : (0..<5).map { "entity\($0)" },
                dataAddress: faults.offers ? "tcp://\(index)" : "", standsBy: faults.standby.contains(index),
                mirrored: copies.sorted()))
        configuration.pieceBytes = 48
        configuration.capabilitiesPatience = .milliseconds(500)
        let measuring = Duration.milliseconds(Int.random(in: 50...3_000, using: &generator))
        queue.append((now + measuring, .measured(worker: index, incarnation: incarnation)))
        return Process(
            machine: WorkerMachine(
                configuration: configuration,
                generator: CounterBasedGenerator(seed: incarnation, purpose: "registration")),
            incarnation: incarnation, copies: copies)
    }

    /// What a worker says of itself when it has counted and measured.
    static let measured = Capabilities(
        cores: 2, accelerator: "cpu",
        device: .init(name: "toy", precision: "float32", threads: 2, windowsPerSecond: 100, cpuWindowsPerSecond: 50),
        samplesPerGroup: ["physical.cpu": 7], schemaHash: "")

    private var healed: Bool { now >= healAt }

    private mutating func chance(_ probability: Double) -> Bool { generator.uniform() < probability }

    private mutating func post(_ what: Delivery, lossy: Bool) {
        var copies = 1
        if lossy, !healed {
            if chance(faults.loss) { copies = 0 }
            if chance(faults.duplication) { copies += 1 }
        }
        for _ in 0..<copies {
            let slowest = healed ? 5 : faults.slowestMilliseconds
            let delay = Duration.milliseconds(Int.random(in: 1...slowest, using: &generator))
            queue.append((now + delay, what))
        }
    }

    mutating func run(until end: Instant) {
        let step = Duration.milliseconds(50)
        while now < end, violations.isEmpty {
            now = now + step
            misfortune()
            // In order of time; what arrives at the same time keeps the order of posting.
            while let next = queue.indices.min(by: { queue[$0].at < queue[$1].at }), queue[next].at <= now {
                deliver(queue.remove(at: next).what)
                check()
            }
            stepServer(.tick)
            for index in workers.indices {
                if workers[index].isScoring, chance(0.05), workers[index].spool.count < 12 { raiseAlarm(index) }
                stepWorker(index, .tick)
            }
            check()
            if finishedAt == nil, server.isFinished, workers.allSatisfy(\.isScoring) { finishedAt = now }
            if finishedAt != nil, healed, workers.allSatisfy({ $0.spool.count == 12 && $0.delivered == 12 }) { return }
        }
    }

    /// Goes on for a while, whether everything is done or not.
    mutating func settle(for duration: Duration) {
        let end = now + duration
        while now < end {
            now = now + .milliseconds(50)
            while let next = queue.indices.min(by: { queue[$0].at < queue[$1].at }), queue[next].at <= now {
                deliver(queue.remove(at: next).what)
            }
            stepServer(.tick)
            for index in workers.indices { stepWorker(index, .tick) }
        }
    }

    /// What must hold of samples that move when everything is quiet.
    func sampleViolations() -> [String] {
        var found: [String] = []
        var grantsUsed = 0
        for (index, process) in workers.enumerated() {
            let name = "worker\(index)"
            let own = Set(process.machine.configuration.registration.entities)
            if let given = process.machine.acceptedEntities, given != process.machine.entities {
                found.append("\(name) does not serve all that it was given")
            }
            for entity in process.machine.entities
            where !own.contains(entity) && !process.sources.contains(where: { $0.entities.contains(entity) }) {
                found.append("\(name) serves \(entity) and was not told from where")
            }
            for source in process.sources {
                guard let holder = Int(source.holder.dropFirst(6)),
                    holder / workersPerDomain == index / workersPerDomain
                else {
                    found.append("\(name) is to read from \(source.holder), which is not of its domain")
                    continue
                }
                let grant = SampleGrant(reader: name, token: source.token, entities: source.entities)
                if !workers[holder].grants.contains(grant) { found.append("\(source.holder) does not know \(name)") }
                if source.address != "tcp://\(holder)" { found.append("\(source.holder) is not at \(source.address)") }
            }
            grantsUsed += process.sources.count
        }
        if workers.reduce(0, { $0 + $1.grants.count }) != grantsUsed { found.append("a grant that nobody uses") }
        let tokens = workers.flatMap(\.sources).map(\.token)
        if Set(tokens).count != tokens.count { found.append("two sources with one token") }
        // Whatever anybody has is served.
        for domain in Set(workers.indices.map { $0 / workersPerDomain }) {
            let here = workers.indices.filter { $0 / workersPerDomain == domain }
            guard here.contains(where: { !faults.standby.contains($0) }) else { continue }
            let there = here.reduce(into: Set<String>()) {
                $0.formUnion(workers[$1].machine.configuration.registration.entities)
            }
            let served = here.flatMap { workers[$0].machine.entities }
            if Set(served) != there || served.count != there.count { found.append("\(served) of \(there) are served") }
        }
        return found
    }

    private mutating func misfortune() {
        guard !healed else { return }
        if faults.crashes, chance(0.004) { restartServer() }
        if faults.choices, chance(0.02) {
            let names = workers.map(\.machine.configuration.name)
            var chosen = Set<String>()
            for name in names where chance(0.5) { chosen.insert(name) }
            let accelerated = Set(chosen.sorted().prefix(1))
            stepServer(.chosen(WorkerChoice(active: chosen, accelerated: accelerated), isUrgent: chance(0.3)))
        }
        if faults.restores, chance(0.02), registry.version > 1 {
            let number = UInt64.random(in: 1..<registry.version, using: &generator)
            if let bytes = registry.versions[number], let model = try? FederatedModel(decoding: bytes) {
                restorationsAsked += 1
                stepServer(
                    .restoring(
                        Restoration(
                            id: generator.next(), version: number, model: model, bytes: bytes,
                            digest: SHA256.digest(bytes), by: "operator")))
            }
        }
        if faults.restores, chance(0.01) {
            configuration.rounds = UInt32.random(in: 1...4, using: &generator)
            configuration.falseAlarmsPerDay = generator.uniform() + 0.1
            stepServer(
                .tuned(
                    ServerTuning(configuration: configuration, strategy: FederatedAveraging(), maker: ToyMaker())))
        }
        if faults.restores, chance(0.02) {
            let entity = "entity\(Int.random(in: 0..<5, using: &generator))"
            let notice = FalseAlarmNotice(id: "\(entity)@\(generator.next())", entity: entity, form: [1])
            falseAlarms[entity] = chance(0.3) ? nil : (falseAlarms[entity] ?? []) + [notice]
            stepServer(.falseAlarms(falseAlarms))
        }
        for index in workers.indices {
            if faults.crashes, chance(0.003) { restartWorker(index) }
            if faults.partitions, chance(0.002) {
                workers[index].cutOffUntil = now + .milliseconds(Int.random(in: 500...9_000, using: &generator))
            }
            if faults.poison { workers[index].poisons = chance(0.1) }
        }
    }

    mutating func restartServer() {
        registry.term += 1
        // As the log says where the present loop began.
        let begins = registry.commits.map(\.commit.record).filter { $0.kind == .statistics && $0.restoredBy == nil }
        let loop = begins.last.map { (start: $0.round, number: UInt32(begins.count - 1)) }
        arithmetic = ToyArithmetic()
        server = ServerRoundMachine(
            configuration: configuration, strategy: FederatedAveraging(),
            recovery: ServerRecovery(
                term: registry.term, nextRound: registry.nextRound, version: registry.version,
                bundle: registry.bundle, loop: loop))
        roundOpened = nil
        if faults.restores { stepServer(.falseAlarms(falseAlarms)) }
    }

    mutating func restartWorker(_ index: Int) {
        var fresh = process(index, copies: workers[index].copies)
        fresh.falseAlarms = workers[index].falseAlarms
        fresh.spool = workers[index].spool
        fresh.delivered = workers[index].delivered
        workers[index] = fresh
        stepWorker(index, spooled(index))
    }

    private func spooled(_ index: Int) -> WorkerEvent {
        .alarmsSpooled(
            spool: UInt64(index + 1), oldest: 1, latest: UInt64(workers[index].spool.count),
            delivered: workers[index].delivered)
    }

    private mutating func raiseAlarm(_ index: Int) {
        let text = "alarm \(workers[index].spool.count + 1) of worker \(index)"
        workers[index].spool.append(Array(text.utf8))
        stepWorker(index, spooled(index))
    }

    private mutating func deliver(_ what: Delivery) {
        switch what {
        case .toServer(let bytes, let peer):
            guard let index = workers.firstIndex(where: { $0.peer == peer }) else {
                return decodeForServer(bytes, from: peer)  // a late message of a process that is gone
            }
            guard workers[index].cutOffUntil <= now else { return }
            decodeForServer(bytes, from: peer)
        case .toWorker(let bytes, let peer):
            guard let index = workers.firstIndex(where: { $0.peer == peer }), workers[index].cutOffUntil <= now,
                let envelope = try? Envelope(decoding: bytes, limit: WireLimits.message)
            else { return }
            stepWorker(index, .received(envelope))
        case .workDone(let key, let index, let incarnation):
            guard workers[index].incarnation == incarnation else { return }
            var payload = ToyLearner.work(key, base: workers[index].bundle)
            if workers[index].poisons, key.kind == .training, !healed { payload = Self.poison(payload) }
            stepWorker(index, .finished(key, payload: payload, seconds: Double(key.round) + 0.5))
        case .measured(let index, let incarnation):
            guard workers[index].incarnation == incarnation else { return }
            stepWorker(index, .capable(Self.measured))
        case .copied(let entities, let index, let incarnation):
            guard workers[index].incarnation == incarnation else { return }
            workers[index].copies.formUnion(entities)
            stepWorker(index, .mirrored(workers[index].copies.sorted()))
        case .durable(let commit, let base, let term):
            guard term == registry.term else { return }
            store(commit, base: base)
        }
    }

    /// The same contribution with a parameter that is not a number.
    private static func poison(_ payload: [UInt8]) -> [UInt8] {
        guard let good = try? Contribution(decoding: payload), var group = good.groups.first else { return payload }
        group.parameters[0] = .nan
        return Contribution(
            kind: good.kind, base: good.base, entities: good.entities, rawBytes: good.rawBytes,
            groups: [group] + good.groups.dropFirst()
        ).encoded()
    }

    private mutating func decodeForServer(_ bytes: [UInt8], from peer: Peer) {
        do throws(FederationError) {
            let envelope = try Envelope(decoding: bytes, limit: WireLimits.message)
            stepServer(.received(envelope, from: peer))
        } catch {
            stepServer(.unreadable(error, from: peer))
        }
    }

    private mutating func store(_ commit: Commit, base: FederatedModel?) {
        if let model = commit.model {
            if commit.record.version != registry.version + 1 {
                violations.append("version \(commit.record.version) after \(registry.version)")
            }
            registry.version = commit.record.version
            registry.bundle = try? FederatedModel(decoding: model)
            registry.versions[commit.record.version] = model
        }
        registry.nextRound = commit.record.round + (commit.record.restoredBy == nil ? 1 : 0)
        registry.commits.append((commit, base))
        // A crash can come after the write and before anybody hears of it.
        if !healed, faults.crashes, chance(0.2) {
            restartServer()
        } else {
            stepServer(.committed(version: commit.record.version))
        }
    }

    /// One event, and what follows from it, one event after the other: as the node does it.
    mutating func stepServer(_ event: ServerEvent) {
        let term = registry.term
        var events = [event]
        while !events.isEmpty, registry.term == term {
            events += carryOut(server.step(events.removeFirst(), at: now))
        }
    }

    private mutating func carryOut(_ directives: [ServerDirective]) -> [ServerEvent] {
        var following: [ServerEvent] = []
        for directive in directives {
            switch directive {
            case .send(let envelope, let peer): post(.toWorker(envelope.encoded(), peer), lossy: true)
            case .commit(let commit):
                post(.durable(commit, server.bundle, term: registry.term), lossy: false)
            case .keep(let accepted, let payload):
                if server.workers.first(where: { $0.name == accepted.worker })?.leaseEpoch != accepted.leaseEpoch {
                    violations.append("a contribution of \(accepted.worker) without a lease counted")
                }
                registry.kept[accepted.digest] = payload.array
            case .recall(_, let worker, let digest):
                following.append(.recalled(registry.kept[digest].map { Bytes($0) }, digest: digest, worker: worker))
            case .recordAbandoned: abandoned += 1
            case .takeAlarms(let batch, let sender):
                var delivered = registry.delivered[batch.spool] ?? 0
                for (number, alarm) in zip(batch.first..., batch.alarms) where number == delivered + 1 {
                    registry.alarms.append(alarm)
                    delivered = number
                }
                registry.delivered[batch.spool] = delivered
                // A crash can come before the receipt.
                if !healed, faults.crashes, chance(0.05) {
                    restartServer()
                    return []
                }
                following.append(
                    .alarmsDecided(
                        AlarmReceipt(spool: batch.spool, delivered: delivered), worker: sender.worker,
                        leaseEpoch: sender.leaseEpoch))
            case .begin, .judge, .fold, .aggregate:
                if let event = arithmetic.carryOut(directive) { following.append(event) }
            case .restorationEnded: restorationsAnswered += 1
            case .tune, .recordWorker, .serving, .takeScores, .note: break
            }
        }
        return following
    }

    mutating func stepWorker(_ index: Int, _ event: WorkerEvent) {
        let incarnation = workers[index].incarnation
        for directive in workers[index].machine.step(event, at: now) {
            switch directive {
            case .send(let envelope): post(.toServer(envelope.encoded(), workers[index].peer), lossy: true)
            case .work(let key, _, _):
                let duration = Duration.milliseconds(Int.random(in: 10...4_000, using: &generator))
                queue.append((now + duration, .workDone(key, worker: index, incarnation: incarnation)))
            case .adopt(let version, let digest, let model, _):
                workers[index].bundle = try? FederatedModel(decoding: model)
                stepWorker(index, .adopted(version: version, digest: digest))
            case .mirror(let sources):
                workers[index].sources = sources
                for source in sources {
                    let duration = Duration.milliseconds(Int.random(in: 10...6_000, using: &generator))
                    queue.append(
                        (now + duration, .copied(source.entities, worker: index, incarnation: incarnation)))
                }
            case .grant(let grants): workers[index].grants = grants
            case .score: workers[index].isScoring = true
            case .readSpool(let after, let limit):
                let alarms = workers[index].spool.dropFirst(Int(after)).prefix(limit)
                stepWorker(
                    index,
                    .spoolRead(first: after + 1, alarms: Array(alarms)))
            case .alarmsDelivered(let upTo): workers[index].delivered = upTo
            case .alarmsRefused: violations.append("worker \(index): alarms were refused")
            case .alarmsRewound(let number): workers[index].delivered = number
            case .fail(_, let text): violations.append("worker \(index) gave up: \(text)")
            case .allow(let budget): workers[index].falseAlarmsPerDay = budget
            case .heed(let list):
                workers[index].falseAlarms = list.alarms
                stepWorker(index, .heeding(revision: list.revision))
            case .cancelWork, .serve, .forget, .reconnect, .learnServerKey, .spoolKnown, .note: break
            }
        }
    }

    /// What must hold at every moment.
    private mutating func check() {
        // Entities: no two workers with a living lease were given the same one.
        var holders: [String: String] = [:]
        for view in server.workers {
            guard
                let process = workers.first(where: { $0.machine.configuration.name == view.name }),
                process.machine.leaseEpoch == view.leaseEpoch
            else { continue }
            for entity in process.machine.acceptedEntities ?? [] {
                if let other = holders.updateValue(view.name, forKey: view.domain + "/" + entity) {
                    violations.append("\(entity) is served by \(other) and \(view.name) at \(now)")
                }
            }
        }
        // Rounds: none outlives its deadline.
        if let open = server.openRound {
            if let seen = roundOpened, seen.round == open.round, seen.attempt == open.attempt,
                seen.term == registry.term
            {
                if now - seen.at > configuration.roundDeadline + .milliseconds(100) {
                    violations.append("round \(open.round) is open since \(seen.at)")
                }
            } else {
                roundOpened = (open.round, open.attempt, registry.term, now)
            }
        } else {
            roundOpened = nil
        }
        // Nobody stands by who is needed: what some worker reaches is served or on its way.
        let reached = Set(server.workers.map(\.domain))
        for domain in reached where !server.isEveryEntityOwned(inDomain: domain) {
            violations.append("an entity of \(domain) is nobody's at \(now)")
        }
        if server.version > registry.version { violations.append("version \(server.version) is not on the disk") }
    }

    /// What must hold of the log in the end; replays it.
    func logViolations() throws -> [String] {
        var found: [String] = []
        var rounds: Set<UInt32> = []
        for (commit, base) in registry.commits {
            let record = commit.record
            if record.restoredBy != nil {
                if commit.model == nil || commit.model != record.restores.flatMap({ registry.versions[$0] }) {
                    found.append("version \(record.version) is not version \(record.restores ?? 0) again")
                }
                continue
            }
            if !rounds.insert(record.round).inserted { found.append("round \(record.round) was committed twice") }
            if Set(record.contributions.map(\.worker)).count != record.contributions.count {
                found.append("a worker counted twice in round \(record.round)")
            }
            if record.contributions.contains(where: { $0.workSeconds != Double(record.round) + 0.5 }) {
                found.append("the time of the work in round \(record.round) is another")
            }
            if record.contributions.count < configuration.quorum { found.append("round \(record.round): no quorum") }
            let payloads = try record.contributions.reversed().map {
                ($0.worker, try Contribution(decoding: registry.kept[$0.digest] ?? []))
            }
            switch record.kind {
            case .evaluation: break
            case .statistics:
                let counted = String(decoding: payloads.flatMap(\.1.statistics), as: UTF8.self)
                let perDomain = Dictionary(grouping: counted.split(separator: "\n"), by: { $0 })
                let domains = Set(
                    record.contributions.compactMap { Int($0.worker.dropFirst(6)) }.map { $0 / workersPerDomain }
                ).count
                if perDomain.values.contains(where: { $0.count > domains }) {
                    found.append("an entity was counted twice: \(counted)")
                }
            case .training:
                guard let base else { return found + ["round \(record.round) has no base"] }
                var aggregator = FederatedAveraging().aggregateTraining(base: base)
                let lines = record.treatment.linesByWorker
                for (worker, contribution) in payloads {
                    aggregator.add(contribution.treated(by: lines[worker] ?? [], from: base), from: worker)
                }
                if aggregator.result().encoded() != commit.model {
                    found.append("replaying round \(record.round) gives other bytes")
                }
                if aggregator.result().groups.contains(where: { !$0.parameters.allSatisfy(\.isFinite) }) {
                    found.append("a poisoned parameter in round \(record.round)")
                }
            }
        }
        for view in server.workers where view.capabilities != Self.measured {
            found.append("\(view.name) measured itself and the server does not know")
        }
        for (index, process) in workers.enumerated() {
            let mine = registry.alarms.filter { String(decoding: $0, as: UTF8.self).hasSuffix(" \(index)") }
            if mine != process.spool {
                found.append("worker \(index): \(mine.count) of \(process.spool.count) alarms, or not in order")
            }
        }
        return found
    }
}
