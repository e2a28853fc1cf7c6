import Federation
import Numerics
import Platform

/// The messages on their way between the server and its workers. What a link loses, repeats, delays, reorders and damages is
/// drawn from the seed; cuts, half-open peers and new addresses come from the schedule.
final class SimulatedNetwork {
    /// What happens to a message on any link.
    struct Weather {
        /// Delays are between a millisecond and this.
        var slowest: Duration = .milliseconds(4)
        /// Whether a message may overtake those before it.
        var reorders = false
        /// Probability that a message is lost.
        var loss = 0.0
        /// Probability that it comes twice.
        var duplication = 0.0
        /// Probability that some of its bits are others.
        var corruption = 0.0
    }

    /// Which way a link leads.
    enum Direction: Hashable {
        case up
        case down
    }

    /// The sockets of one process. Without a place it is the server's.
    final class Endpoint {
        /// Messages that wait, by channel: the sender's address, whose key it has, and the bytes.
        fileprivate(set) var waiting: [[(peer: [UInt8], caller: Caller, bytes: [UInt8])]] = [[], []]
        /// Whose key its connections have; the server's is not asked for.
        let caller: Caller
        /// What the other side knows it by; empty for the server.
        fileprivate(set) var address: [UInt8]
        /// The machine that it runs on: its link is the place's.
        let place: Int
        fileprivate(set) var isOpen = true
        fileprivate(set) var isDead = false
        /// Called when a message is there.
        var wake: (() -> Void)?
        private var taken = [0, 0]

        fileprivate init(address: [UInt8], place: Int, caller: Caller) {
            self.address = address
            self.caller = caller
            self.place = place
        }

        /// The next message of a channel, if one waits.
        func receive(on channel: Int) -> (peer: [UInt8], caller: Caller, bytes: [UInt8])? {
            guard taken[channel] < waiting[channel].count else {
                waiting[channel].removeAll(keepingCapacity: true)
                taken[channel] = 0
                return nil
            }
            taken[channel] += 1
            return waiting[channel][taken[channel] - 1]
        }
    }

    private struct Link: Hashable {
        var place: Int
        var direction: Direction
        var channel: Int
    }

    /// Most messages that wait at one process; more are lost, as behind a high-water mark.
    static let capacity = 4_096

    /// What links do now.
    var weather = Weather()
    /// Called for each message that was delivered, lost or changed.
    var trace: ((_ place: Int, _ direction: Direction, _ what: String, _ bytes: [UInt8]) -> Void)?

    private let agenda: Agenda
    private let tally: FaultTally
    private var generator: CounterBasedGenerator
    private var server: Endpoint?
    private var workers: [[UInt8]: Endpoint] = [:]
    private var cuts: [Link: Instant] = [:]
    private var lastArrival: [Link: Instant] = [:]
    private var renamed = 0

    init(seed: UInt64, agenda: Agenda, tally: FaultTally) {
        generator = CounterBasedGenerator(seed: seed, purpose: "network")
        self.agenda = agenda
        self.tally = tally
    }

    // MARK: Processes

    /// The sockets of a server that starts; those of an earlier one are gone, with what waited there.
    func openServer() -> Endpoint {
        server?.isOpen = false
        let endpoint = Endpoint(address: [], place: -1, caller: .anybody)
        server = endpoint
        return endpoint
    }

    /// The sockets of a worker that starts.
    func openWorker(address: [UInt8], place: Int, caller: Caller) -> Endpoint {
        let endpoint = Endpoint(address: address, place: place, caller: caller)
        workers[address] = endpoint
        return endpoint
    }

    /// A process ends.
    func close(_ endpoint: Endpoint) {
        endpoint.isOpen = false
        if endpoint === server { server = nil }
        if workers[endpoint.address] === endpoint { workers[endpoint.address] = nil }
    }

    /// A process comes back under another address, as behind a gateway that forgot it: the old one leads nowhere.
    func rename(_ endpoint: Endpoint) {
        guard workers[endpoint.address] === endpoint else { return }
        workers[endpoint.address] = nil
        renamed += 1
        endpoint.address = Array("address\(renamed)".utf8)
        workers[endpoint.address] = endpoint
    }

    // MARK: Links

    /// Nothing passes from or to a place until then.
    func cut(_ place: Int, _ directions: Set<Direction>, until end: Instant) {
        for direction in directions {
            for channel in 0..<2 {
                let link = Link(place: place, direction: direction, channel: channel)
                cuts[link] = max(cuts[link] ?? .zero, end)
            }
        }
    }

    /// A process's connections are dead and nobody has noticed: nothing passes until it makes new ones.
    func killConnections(of endpoint: Endpoint) { endpoint.isDead = true }

    /// A process makes new connections.
    func reconnect(_ endpoint: Endpoint) { endpoint.isDead = false }

    /// Every link works again; connections that are dead stay so until somebody makes new ones.
    func heal() {
        cuts = [:]
        weather = Weather()
    }

    private func isCut(_ link: Link) -> Bool { cuts[link].map { $0 > agenda.now } ?? false }

    // MARK: Messages

    /// A worker sends to the server.
    func sendUp(_ bytes: [UInt8], from endpoint: Endpoint, on channel: Int) -> SendOutcome {
        guard endpoint.isOpen else { return .unreachable }
        guard !endpoint.isDead else { return .queued }
        let (address, caller) = (endpoint.address, endpoint.caller)
        carry(bytes, over: Link(place: endpoint.place, direction: .up, channel: channel)) { [unowned self] bytes in
            guard let server else { return }
            put(bytes, from: address, by: caller, at: server, on: channel)
        }
        return .queued
    }

    /// The server sends to an address.
    func sendDown(_ bytes: [UInt8], to address: [UInt8], on channel: Int) -> SendOutcome {
        guard let endpoint = workers[address] else { return .unreachable }
        guard !endpoint.isDead else { return .queued }
        carry(bytes, over: Link(place: endpoint.place, direction: .down, channel: channel)) { [unowned self] bytes in
            guard let endpoint = workers[address] else { return }
            put(bytes, from: [], by: .anybody, at: endpoint, on: channel)
        }
        return .queued
    }

    /// A message straight into the server's socket, from any address, over a connection with somebody's key.
    func inject(_ bytes: [UInt8], from address: [UInt8], by caller: Caller, on channel: Int) {
        guard let server else { return }
        put(bytes, from: address, by: caller, at: server, on: channel)
    }

    private func put(_ bytes: [UInt8], from peer: [UInt8], by caller: Caller, at endpoint: Endpoint, on channel: Int) {
        guard endpoint.isOpen, endpoint.waiting[channel].count < Self.capacity else { return }
        endpoint.waiting[channel].append((peer, caller, bytes))
        endpoint.wake?()
    }

    private func carry(_ bytes: [UInt8], over link: Link, _ arrive: @escaping ([UInt8]) -> Void) {
        if isCut(link) {
            trace?(link.place, link.direction, "cut off", bytes)
            return
        }
        if chance(weather.loss) {
            tally.count(.loss)
            trace?(link.place, link.direction, "lost", bytes)
            return
        }
        var copies = 1
        if chance(weather.duplication) {
            copies = 2
            tally.count(.duplication)
        }
        for _ in 0..<copies {
            var bytes = bytes
            if chance(weather.corruption), !bytes.isEmpty {
                tally.count(.corruption)
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let place = Int.random(in: 0..<bytes.count, using: &generator)
                    bytes[place] ^= UInt8.random(in: 1...255, using: &generator)
                }
                trace?(link.place, link.direction, "damaged", bytes)
            }
            let slowest = max(1, weather.slowest.milliseconds)
            var arrival = agenda.now + .microseconds(Int64.random(in: 200...slowest * 1_000, using: &generator))
            if slowest > 100 { tally.count(.delay) }
            if let before = lastArrival[link], arrival < before {
                if weather.reorders { tally.count(.reordering) } else { arrival = before }
            }
            lastArrival[link] = max(arrival, lastArrival[link] ?? .zero)
            agenda.at(arrival) { [unowned self] in
                // What is on its way when a link is cut is lost with it.
                guard !isCut(link) else { return }
                arrive(bytes)
            }
        }
    }

    private func chance(_ probability: Double) -> Bool { probability > 0 && generator.uniform() < probability }
}
