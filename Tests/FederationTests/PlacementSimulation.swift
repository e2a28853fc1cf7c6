import Federation
import Numerics
import Placement
import Platform

/// A placed federation on one time line: a server with its placement loop, workers of given speeds, and a network with
/// latencies that waver, all from one seed.
struct PlacementSimulation {
    struct Worker {
        var machine: WorkerMachine
        var domain: String
        /// Seconds that an entity takes.
        var secondsPerEntity: Double
        var isAlive = true
        var bundle: FederatedModel?
        var peer: Peer { Peer("\(machine.configuration.name)#\(machine.configuration.registration.incarnation)") }
        var name: String { machine.configuration.name }
    }

    enum Delivery {
        case toServer(Envelope, Peer)
        case toWorker(Envelope, Peer)
        case workDone(WorkKey, worker: Int, incarnation: UInt64, seconds: Double)
        case durable(UInt64)
    }

    var generator: CounterBasedGenerator
    var now = Instant.zero
    var queue: [(at: Instant, what: Delivery)] = []
    var server: ServerRoundMachine
    let arithmetic = ToyArithmetic()
    var loop: PlacementLoop
    var workers: [Worker] = []
    let entities: Int
    /// How much times waver, as a share.
    var noise = 0.02
    /// One way, in seconds.
    var latency = 0.004
    var notes: [String] = []
    var violations: [String] = []
    var kept: MeasuredProfile?
    /// What starts and ends workers on nodes; `nil`: nobody does.
    var engine: CandidateEngine?
    var lastChoice: WorkerChoice?
    var abandoned: [RoundRecord] = []

    init(
        seed: UInt64, workers count: Int, domains: Int = 1, entities: Int = 12, secondsPerEntity: Double = 0.1,
        placement: PlacementLoop.Configuration, minimumWorkers: Int? = nil
    ) {
        generator = CounterBasedGenerator(seed: seed, purpose: "placement simulation")
        self.entities = entities
        var configuration = ServerConfiguration()
        configuration.rounds = 100_000
        configuration.evaluates = false
        configuration.minimumWorkers = minimumWorkers ?? count
        configuration.quorum = configuration.minimumWorkers
        configuration.awaitsChoice = true
        server = ServerRoundMachine(
            configuration: configuration, strategy: FederatedAveraging(), recovery: .new)
        loop = PlacementLoop(placement)
        for index in 0..<count { join("w\(index)", domain: "d\(index % domains)", secondsPerEntity: secondsPerEntity) }
    }

    mutating func join(
        _ name: String, domain: String = "d0", secondsPerEntity: Double = 0.1, accelerator: Double? = nil,
        offers: Bool = false, standsBy: Bool = false
    ) {
        var capabilities = Capabilities(
            cores: 1, accelerator: accelerator == nil ? "cpu" : "test", samplesPerGroup: [:], schemaHash: "")
        capabilities.device.cpuWindowsPerSecond = 100
        capabilities.device.windowsPerSecond = accelerator.map { 100 / $0 } ?? 100
        let incarnation = generator.next()
        let configuration = WorkerConfiguration(
            name: name,
            registration: Registration(
                incarnation: incarnation, site: domain, domain: domain, capabilities: capabilities,
                entities: (0..<entities).map { "entity\($0)" }, dataAddress: offers ? "tcp://\(name):1" : "",
                standsBy: standsBy))
        workers.append(
            Worker(
                machine: WorkerMachine(
                    configuration: configuration,
                    generator: CounterBasedGenerator(seed: incarnation, purpose: "registration")),
                domain: domain, secondsPerEntity: secondsPerEntity))
    }

    func index(_ name: String) -> Int { workers.firstIndex { $0.name == name && $0.isAlive } ?? 0 }
    mutating func kill(_ name: String) { workers[index(name)].isAlive = false }
    mutating func slow(_ name: String, by factor: Double) { workers[index(name)].secondsPerEntity *= factor }

    var active: Set<String> { Set(loop.decisions.last?.active.map(\.name) ?? []) }
    var rounds: [PlacedRound] { loop.placedRounds }

    private mutating func wavering(_ seconds: Double) -> Duration {
        .nanoseconds(Int64(seconds * (1 + noise * (2 * generator.uniform() - 1)) * 1e9))
    }

    private mutating func post(_ what: Delivery) { queue.append((now + wavering(latency), what)) }

    /// Until so many rounds of training have been placed in all, or for 1,000 s at most.
    mutating func run(rounds: Int) { run { $0.loop.placedRounds.count >= rounds } }

    mutating func run(seconds: Double) {
        let end = now + .nanoseconds(Int64(seconds * 1e9))
        run { $0.now >= end }
    }

    mutating func run(until condition: (PlacementSimulation) -> Bool) {
        let end = now + .seconds(1_000)
        while now < end, violations.isEmpty, !condition(self) {
            // The next message, or the next tick.
            let tick = Instant(nanoseconds: (now.nanoseconds / 20_000_000 + 1) * 20_000_000)
            if let next = queue.indices.min(by: { queue[$0].at < queue[$1].at }), queue[next].at <= tick {
                now = max(now, queue[next].at)
                deliver(queue.remove(at: next).what)
            } else {
                now = tick
                stepEngine()
                stepServer(.tick)
                for index in workers.indices where workers[index].isAlive { stepWorker(index, .tick) }
            }
            check()
        }
    }

    private mutating func deliver(_ what: Delivery) {
        switch what {
        case .toServer(let envelope, let peer): stepServer(.received(envelope, from: peer))
        case .toWorker(let envelope, let peer):
            guard let index = workers.firstIndex(where: { $0.peer == peer && $0.isAlive }) else { return }
            stepWorker(index, .received(envelope))
        case .workDone(let key, let index, let incarnation, let seconds):
            guard workers[index].isAlive,
                workers[index].machine.configuration.registration.incarnation == incarnation
            else { return }
            stepWorker(
                index,
                .finished(key, payload: ToyLearner.work(key, base: workers[index].bundle), seconds: seconds))
        case .durable(let version): stepServer(.committed(version: version))
        }
    }

    private mutating func stepServer(_ event: ServerEvent) {
        carryOut(server.step(event, at: now))
        follow(loop.step(.tick, in: server.view, at: now))
    }

    private mutating func carryOut(_ directives: [ServerDirective]) {
        var following: [ServerEvent] = []
        for directive in directives {
            switch directive {
            case .send(let envelope, let peer): post(.toWorker(envelope, peer))
            case .commit(let commit):
                follow(loop.step(.ended(commit.record), in: server.view, at: now))
                queue.append((now + .milliseconds(2), .durable(commit.record.version)))
            case .recordAbandoned(let record):
                abandoned.append(record)
                follow(loop.step(.ended(record), in: server.view, at: now))
            default:
                if let event = arithmetic.carryOut(directive) { following.append(event) }
            }
        }
        for event in following { carryOut(server.step(event, at: now)) }
    }

    mutating func target(_ seconds: Double, rounds: Int) {
        follow(loop.step(.target(seconds: seconds, rounds: rounds), in: server.view, at: now))
    }

    mutating func follow(_ directives: [PlacementLoop.Directive]) {
        for directive in directives {
            switch directive {
            case .choose(let choice, let isUrgent):
                check(choice)
                carryOut(server.step(.chosen(choice, isUrgent: isUrgent), at: now))
            case .keep(let profile): kept = profile
            case .note(let note): notes.append("\(now) \(note.message) \(note.fields.sorted { $0.key < $1.key })")
            }
        }
    }

    mutating func stepWorker(_ index: Int, _ event: WorkerEvent) {
        for directive in workers[index].machine.step(event, at: now) {
            switch directive {
            case .send(let envelope): post(.toServer(envelope, workers[index].peer))
            case .work(let key, _, let mayAccelerate):
                var time = workers[index].secondsPerEntity * Double(key.entities.count)
                if mayAccelerate,
                    let alpha = workers[index].machine.configuration.registration.capabilities
                        .accelerationFactor
                {
                    time *= alpha
                }
                let wavered = wavering(time)
                queue.append(
                    (
                        now + wavered,
                        .workDone(
                            key, worker: index,
                            incarnation: workers[index].machine.configuration.registration.incarnation,
                            seconds: wavered.seconds)
                    ))
            case .adopt(let version, let digest, let model, _):
                workers[index].bundle = try? FederatedModel(decoding: model)
                stepWorker(index, .adopted(version: version, digest: digest))
            case .fail where engine != nil: workers[index].isAlive = false
            case .fail(_, let text): violations.append("\(workers[index].name) gave up: \(text)")
            default: break
            }
        }
    }

    /// Each entity has one owner at most, and one if somebody reaches it.
    private mutating func check() {
        var holders: [String: String] = [:]
        for view in server.workers {
            guard
                let worker = workers.first(where: {
                    $0.isAlive && $0.name == view.name && $0.machine.leaseEpoch == view.leaseEpoch
                })
            else { continue }
            for entity in worker.machine.acceptedEntities ?? [] {
                if let other = holders.updateValue(view.name, forKey: view.domain + "/" + entity) {
                    violations.append("\(entity) is served by \(other) and \(view.name) at \(now)")
                }
            }
        }
        for domain in Set(server.workers.filter { !$0.onlyOffers }.map(\.domain))
        where !server.isEveryEntityOwned(inDomain: domain) {
            violations.append("an entity of \(domain) is nobody's at \(now)")
        }
    }
}
