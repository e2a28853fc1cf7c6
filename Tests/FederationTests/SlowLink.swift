import Federation
import Numerics
import Platform

/// A server and a worker, or several, each at the end of a link that is slow and far: messages of both channels share its
/// width as TCP connections do, packet by packet, and a connection needs a round trip to be open and three more until it
/// can be used.
final class SlowLink {
    /// A link to one worker.
    struct Line {
        /// Time that a message takes one way, besides its bytes.
        var delay: Duration = .milliseconds(5)
        /// Bytes a second; `nil`: as many as there are.
        var up: Double?
        var down: Double?
        /// Time after which connections are cut, one after the other.
        var cutEvery: Duration?
        /// Nothing arrives, and nobody is told.
        var isDead = false
        /// Nothing large arrives.
        var isBulkStill = false
    }

    fileprivate struct Waiting {
        var bytes: [UInt8]
        var left: Double
    }

    /// One way of a connection.
    fileprivate struct Way {
        var queue: [Waiting] = []
        var flying: [(at: Instant, bytes: [UInt8])] = []
    }

    fileprivate struct Connection {
        /// Counts what was thrown away, so that nothing of before arrives.
        var since: Instant
        var link = PortLink()
        var up = Way()
        var down = Way()
    }

    /// A worker with its port.
    final class Place {
        let name: String
        var line: Line
        var machine: WorkerMachine
        fileprivate var connections: [Message.Channel: Connection] = [:]
        fileprivate var nextCut: (at: Instant, channel: Message.Channel)?
        var spool: [[UInt8]] = []
        var joined: Instant?
        var leases: Set<UInt64> = []
        var reconnections = 0
        var adopted: Instant?
        var finished: [RoundKind: Instant] = [:]
        /// Bytes of messages that were handed to the port, by type.
        var sent: [Message.Kind: Int] = [:]
        var received: [Message.Kind: Int] = [:]
        var lines: [String] = []
        var model: FederatedModel?

        fileprivate init(_ name: String, _ line: Line, _ machine: WorkerMachine) {
            (self.name, self.line, self.machine) = (name, line, machine)
        }
    }

    private(set) var now = Instant.zero
    var server: ServerRoundMachine
    private let arithmetic = ToyArithmetic()
    let places: [Place]
    /// Bytes without meaning in statistics, and so in the model.
    let padding: Int
    var alarms: [[UInt8]] = []
    /// Whether training changes the model.
    var learns = true
    /// Whether the server takes connections and nothing else.
    var isDeaf = false
    /// Lines of the server's log.
    var lines: [String] = []
    var commits: [(record: RoundRecord, at: Instant)] = []
    private static let step: Duration = .milliseconds(10)
    private static let bulkQueue = 4
    private static let controlQueue = 16

    init(_ lines: [Line], padding: Int = 0, _ configure: (inout ServerConfiguration) -> Void = { _ in }) {
        var configuration = ServerConfiguration()
        configuration.rounds = 1
        configuration.evaluates = false
        configuration.minimumWorkers = lines.count
        configuration.quorum = lines.count
        configuration.roundDeadline = .seconds(3_600)
        configure(&configuration)
        self.padding = padding
        server = ServerRoundMachine(configuration: configuration, strategy: FederatedAveraging(), recovery: .new)
        places = lines.enumerated().map { index, line in
            let name = "w\(index)"
            return Place(
                name, line,
                WorkerMachine(
                    configuration: WorkerConfiguration(
                        name: name,
                        registration: Registration(
                            incarnation: UInt64(index + 1), site: name, domain: name,
                            capabilities: Capabilities(
                                cores: 2, accelerator: "cpu", samplesPerGroup: [:], schemaHash: ""),
                            entities: ["\(name)/e"])),
                    generator: CounterBasedGenerator(seed: UInt64(index), purpose: "registration")))
        }
        for place in places { connect(place) }
    }

    /// Goes on for a while, or until something is so.
    @discardableResult func run(for duration: Duration, until done: () -> Bool = { false }) -> Bool {
        let end = now + duration
        var nextTick = now
        while now < end, !done() {
            now = now + Self.step
            for place in places { carry(place) }
            guard now >= nextTick else { continue }
            nextTick = now + .milliseconds(50)
            stepServer(.tick)
            for place in places { step(place, .tick) }
        }
        return done()
    }

    /// The worker has alarms to send.
    func raise(_ count: Int, bytes: Int, at place: Place) {
        place.spool += (0..<count).map { _ in [UInt8](repeating: 7, count: bytes) }
        step(place, .alarmsSpooled(spool: 9, oldest: 1, latest: UInt64(place.spool.count), delivered: 0))
    }

    // MARK: Links

    private func connect(_ place: Place) {
        for channel in Message.Channel.allCases { connect(place, channel) }
        if let every = place.line.cutEvery { place.nextCut = (now + every, .bulk) }
    }

    private func connect(_ place: Place, _ channel: Message.Channel) {
        let made = place.connections[channel]?.link.made ?? 0
        place.connections[channel] = Connection(since: now, link: PortLink(made: made))
        tell(place, channel)
    }

    private func tell(_ place: Place, _ channel: Message.Channel) {
        guard let link = place.connections[channel]?.link else { return }
        step(place, .link(channel, link))
    }

    private func carry(_ place: Place) {
        if let (at, channel) = place.nextCut, now >= at, let every = place.line.cutEvery {
            connect(place, channel)
            place.nextCut = (now + every, channel == .bulk ? .control : .bulk)
        }
        guard !place.line.isDead else { return }
        for channel in Message.Channel.allCases {
            guard let connection = place.connections[channel] else { continue }
            let age = now - connection.since
            if !connection.link.isOpen, age >= place.line.delay * 2 {
                place.connections[channel]?.link.isOpen = true
                tell(place, channel)
            }
            if !connection.link.isReady, age >= place.line.delay * 8 {
                place.connections[channel]?.link.isReady = true
                place.connections[channel]?.link.made += 1
                tell(place, channel)
            }
        }
        move(place, \.up, place.line.up)
        move(place, \.down, place.line.down)
        for channel in Message.Channel.allCases {
            while let first = place.connections[channel]?.up.flying.first, first.at <= now {
                place.connections[channel]?.up.flying.removeFirst()
                guard !isDeaf, let envelope = try? Envelope(decoding: first.bytes, limit: WireLimits.message)
                else { continue }
                stepServer(.received(envelope, from: Peer(place.name), by: nil))
            }
            while let first = place.connections[channel]?.down.flying.first, first.at <= now {
                place.connections[channel]?.down.flying.removeFirst()
                guard let envelope = try? Envelope(decoding: first.bytes, limit: WireLimits.message) else { continue }
                place.received[envelope.message.type, default: 0] += first.bytes.count
                step(place, .received(envelope))
            }
        }
    }

    /// What the width of a link lets through in a step, shared by those who have something to send.
    private func move(_ place: Place, _ way: WritableKeyPath<Connection, Way>, _ rate: Double?) {
        var budget = rate.map { $0 * Self.step.seconds } ?? .infinity
        while budget > 0 {
            let busy = Message.Channel.allCases.filter {
                !(place.connections[$0]?[keyPath: way].queue.isEmpty ?? true)
                    && !($0 == .bulk && place.line.isBulkStill)
            }
            guard !busy.isEmpty else { return }
            let share = budget / Double(busy.count)
            for channel in busy {
                guard var queue = place.connections[channel]?[keyPath: way].queue, !queue.isEmpty else { continue }
                let part = min(share, queue[0].left)
                queue[0].left -= part
                budget -= part
                if queue[0].left <= 0 {
                    let message = queue.removeFirst()
                    place.connections[channel]?[keyPath: way].flying.append((now + place.line.delay, message.bytes))
                }
                place.connections[channel]?[keyPath: way].queue = queue
            }
            if budget < 1e-6 { return }
        }
    }

    private func put(_ envelope: Envelope, _ place: Place, _ way: WritableKeyPath<Connection, Way>) {
        let channel = envelope.message.channel
        let most = channel == .control ? Self.controlQueue : Self.bulkQueue
        guard let connection = place.connections[channel], connection.link.isReady,
            connection[keyPath: way].queue.count < most
        else { return }
        let bytes = envelope.encoded()
        place.connections[channel]?[keyPath: way].queue.append(Waiting(bytes: bytes, left: Double(bytes.count)))
    }

    // MARK: Machines

    private func stepServer(_ event: ServerEvent) {
        var events = [event]
        while !events.isEmpty {
            for directive in server.step(events.removeFirst(), at: now) {
                switch directive {
                case .send(let envelope, let peer):
                    guard let place = places.first(where: { Peer($0.name) == peer }) else { break }
                    put(envelope, place, \.down)
                case .commit(let commit):
                    commits.append((commit.record, now))
                    events.append(.committed(version: commit.record.version))
                case .takeAlarms(let batch, let sender):
                    for (number, alarm) in zip(Int(batch.first)..., batch.alarms) where number == alarms.count + 1 {
                        alarms.append(alarm)
                    }
                    events.append(
                        .alarmsDecided(
                            AlarmReceipt(spool: batch.spool, delivered: UInt64(alarms.count)), worker: sender.worker,
                            leaseEpoch: sender.leaseEpoch))
                case .note(let note): lines.append("\(note.message) \(note.fields.sorted { $0.key < $1.key })")
                default: if let next = arithmetic.carryOut(directive) { events.append(next) }
                }
            }
        }
    }

    private func step(_ place: Place, _ event: WorkerEvent) {
        for directive in place.machine.step(event, at: now) {
            switch directive {
            case .send(let envelope):
                place.sent[envelope.message.type, default: 0] += envelope.encoded().count
                put(envelope, place, \.up)
            case .reconnect:
                place.reconnections += 1
                connect(place)
            case .work(let key, _, _):
                let payload = ToyLearner.work(
                    key, base: place.model, padding: key.kind == .statistics ? padding : 0, changes: learns)
                step(place, .finished(key, payload: payload))
            case .adopt(let version, let digest, let bytes, _):
                place.adopted = now
                place.model = try? FederatedModel(decoding: bytes)
                step(place, .adopted(version: version, digest: digest))
            case .readSpool(let after, let limit):
                let alarms = Array(place.spool.dropFirst(Int(after)).prefix(limit))
                step(place, .spoolRead(first: after + 1, alarms: alarms))
            case .note(let note): place.lines.append("\(note.level) \(note.message)")
            default: break
            }
        }
        if let epoch = place.machine.leaseEpoch {
            place.leases.insert(epoch)
            if place.joined == nil { place.joined = now }
        }
    }
}
