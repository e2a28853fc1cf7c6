package import Platform

/// Decides which HTTP connections have to go, as a value: those that take too long over what they do, and when there are
/// many, those that wait without having asked for anything. A request is served whoever else holds connections open.
package struct ConnectionWatch {
    /// Bounds.
    package struct Limits: Sendable {
        /// Connections at a time; those above ``comfortable`` last only until the next look.
        package var most = 512
        /// Connections that may stay, streams of events aside.
        package var comfortable = 96
        /// Streams of events.
        package var streams = 256
        /// From the connection, or the first byte after a request, to the end of a request's headers.
        package var headers: Duration = .seconds(10)
        /// Between two requests.
        package var idle: Duration = .seconds(15)
        /// For a request's body.
        package var body: Duration = .seconds(20)
        /// For the answer, but for streams.
        package var answer: Duration = .seconds(60)
        /// Age below which no connection has to make room for others.
        package var grace: Duration = .milliseconds(250)

        /// The defaults.
        package init() {}
    }

    /// What a connection does.
    package enum Phase: Int, Comparable {
        /// It has been opened; the headers are not there.
        case waiting
        /// A request was answered; nothing has come since.
        case idle
        /// A body comes.
        case receiving
        /// The answer goes.
        case answering
        /// Events go as they come.
        case streaming

        /// Whether `a` is given up before `b`.
        package static func < (a: Phase, b: Phase) -> Bool { a.rawValue < b.rawValue }
    }

    private struct Connection {
        var address: [UInt8]
        var phase: Phase
        var since: Instant
        /// It was told to go.
        var isLeaving = false
    }

    private let limits: Limits
    private var connections: [UInt: Connection] = [:]

    /// Nothing is connected.
    package init(limits: Limits = Limits()) { self.limits = limits }

    /// Connections that are open.
    package var count: Int { connections.count }

    /// A connection was opened.
    package mutating func opened(_ id: UInt, from address: [UInt8], at now: Instant) {
        connections[id] = Connection(address: address, phase: .waiting, since: now)
    }

    /// It does something else from now on.
    package mutating func entered(_ phase: Phase, _ id: UInt, at now: Instant) {
        connections[id]?.phase = phase
        connections[id]?.since = now
    }

    /// Streams of events that go on.
    package var streams: [UInt] {
        connections.filter { $0.value.phase == .streaming && !$0.value.isLeaving }.keys.sorted()
    }

    /// It was told to go, and counts no more as a stream.
    package mutating func leaves(_ id: UInt) { connections[id]?.isLeaving = true }

    /// It begins a stream of events.
    ///
    /// - Returns: whether there is room for one more.
    package mutating func beginStream(_ id: UInt, at now: Instant) -> Bool {
        guard connections.values.count(where: { $0.phase == .streaming && !$0.isLeaving }) < limits.streams else {
            return false
        }
        entered(.streaming, id, at: now)
        return true
    }

    /// Who has to go at once for one that was just opened, where all places are almost taken: of whoever holds most connections
    /// that have not asked for anything, the one that has waited longest. Who asks for something does so within
    /// milliseconds, and is served in the midst of a thousand that only connect.
    package mutating func makeRoom(for newcomer: UInt) -> UInt? {
        let enough = limits.most * 3 / 4
        guard connections.count > enough else { return nil }
        let staying = connections.filter { !$0.value.isLeaving }
        guard staying.count > enough else { return nil }
        let silent = staying.filter { $0.key != newcomer && $0.value.phase < .receiving }
        let held = silent.values.reduce(into: [[UInt8]: Int]()) { $0[$1.address, default: 0] += 1 }
        let victim = silent.min { a, b in
            let (x, y) = (held[a.value.address, default: 0], held[b.value.address, default: 0])
            guard x == y, a.value.address == b.value.address else {
                return x == y ? a.value.address.lexicographicallyPrecedes(b.value.address) : x > y
            }
            return (a.value.since, a.key) < (b.value.since, b.key)
        }
        guard let victim else { return nil }
        connections[victim.key]?.isLeaving = true
        return victim.key
    }

    /// Where a connection comes from; `nil` for one that is not open.
    package func address(of id: UInt) -> [UInt8]? { connections[id]?.address }

    /// It is closed.
    package mutating func closed(_ id: UInt) { connections[id] = nil }

    private func patience(_ phase: Phase) -> Duration? {
        switch phase {
        case .waiting: limits.headers
        case .idle: limits.idle
        case .receiving: limits.body
        case .answering: limits.answer
        case .streaming: nil
        }
    }

    /// The connections to end now. They stay known until they are closed.
    package func overdue(at now: Instant) -> [UInt] {
        var late = connections.filter { _, connection in
            patience(connection.phase).map { now - connection.since > $0 } ?? false
        }.keys.sorted()
        let staying = connections.filter { !late.contains($0.key) && $0.value.phase != .streaming }
        var excess = staying.count - limits.comfortable
        guard excess > 0 else { return late }
        // Whoever holds most connections loses first: those without a request before those with one, the oldest first.
        var held: [[UInt8]: Int] = [:]
        for connection in staying.values { held[connection.address, default: 0] += 1 }
        let candidates = staying.filter {
            now - $0.value.since > limits.grace
                && ($0.value.phase < .answering || now - $0.value.since > limits.headers)
        }.sorted { a, b in
            if a.value.phase != b.value.phase { return a.value.phase < b.value.phase }
            return a.value.since == b.value.since ? a.key < b.key : a.value.since < b.value.since
        }
        var queues = Dictionary(grouping: candidates, by: \.value.address)
        while excess > 0 {
            let next = queues.keys.max { a, b in
                let (x, y) = (held[a, default: 0], held[b, default: 0])
                return x == y ? b.lexicographicallyPrecedes(a) : x < y
            }
            guard let next, let victim = queues[next]?.first else { break }
            late.append(victim.key)
            queues[next]?.removeFirst()
            if queues[next]?.isEmpty == true { queues[next] = nil }
            held[next, default: 0] -= 1
            excess -= 1
        }
        return late
    }
}
