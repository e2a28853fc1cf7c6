package import Platform

/// How many connections an address may hold, how many of them may be in the middle of a handshake, and how fast new ones
/// may come; before anybody knows who is behind it.
package struct ConnectionQuota: Sendable {
    /// The bounds, for each address.
    package struct Limits: Equatable, Sendable {
        /// Connections that stand.
        package var connections: Int
        /// Those among them that have not finished their handshake.
        package var handshakes: Int

        /// Bounds for an address; new connections may come at a tenth of `connections` a second, and as many at once.
        package init(connections: Int = 4_096, handshakes: Int = 512) {
            self.connections = connections
            self.handshakes = handshakes
        }
    }

    /// Why a connection may not stand.
    package enum Refusal: String, Sendable, CaseIterable {
        /// Its address has as many as it may have.
        case connections = "too many connections"
        /// Its address has as many unfinished handshakes as it may have.
        case handshakes = "too many handshakes"
        /// Its address makes them too fast.
        case pace = "connections too fast"
        /// More has come over it than messages may wait.
        case unfinished = "unfinished messages"
    }

    private struct Connection: Sendable {
        var address: String
        /// It is being cut, and does not count.
        var isRefused: Bool
    }

    private struct Address: Sendable {
        var connections = 0
        /// Those that may be in the middle of a handshake, oldest first.
        var unfinished: [(id: Int64, since: Instant)] = []
        var bucket: TokenBucket
    }

    /// Addresses that are remembered at most, beyond those that have connections.
    private static let mostAddresses = 4_096

    /// Time after which a connection that stands has finished its handshake, because the library would have cut it.
    private static let longestHandshake: Duration = .seconds(6)

    private let limits: Limits
    private var connections: [Int64: Connection] = [:]
    private var addresses: [String: Address] = [:]

    /// Quotas with those bounds.
    package init(_ limits: Limits) {
        precondition(limits.connections > 0 && limits.handshakes > 0, "an address that may hold nothing")
        self.limits = limits
    }

    /// Connections that stand, refused ones left out.
    package var count: Int { addresses.values.reduce(0) { $0 + $1.connections } }

    /// A connection was made.
    ///
    /// - Parameter id: what names it until it is closed.
    /// - Returns: why it is to be cut; `nil` where it may stand.
    package mutating func opened(_ id: Int64, from name: String, at now: Instant) -> Refusal? {
        closed(id)
        forgetAddresses(at: now)
        var address =
            addresses[name]
            ?? Address(
                bucket: TokenBucket(
                    capacity: Double(limits.connections), perSecond: max(1, Double(limits.connections) / 10), at: now))
        address.unfinished.removeAll { now - $0.since > Self.longestHandshake }
        var refusal: Refusal?
        if address.connections >= limits.connections {
            refusal = .connections
        } else if address.unfinished.count >= limits.handshakes {
            refusal = .handshakes
        } else if !address.bucket.take(at: now) {
            refusal = .pace
        }
        connections[id] = Connection(address: name, isRefused: refusal != nil)
        if refusal == nil {
            address.connections += 1
            address.unfinished.append((id, now))
        }
        addresses[name] = address
        return refusal
    }

    /// A handshake from that address has succeeded. Which connection's is not told: it is taken for the oldest's.
    package mutating func finished(from name: String) {
        guard addresses[name]?.unfinished.isEmpty == false else { return }
        addresses[name]?.unfinished.removeFirst()
    }

    /// It is gone.
    package mutating func closed(_ id: Int64) {
        guard let connection = connections.removeValue(forKey: id), !connection.isRefused else { return }
        addresses[connection.address]?.connections -= 1
        addresses[connection.address]?.unfinished.removeAll { $0.id == id }
    }

    private mutating func forgetAddresses(at now: Instant) {
        guard addresses.count >= Self.mostAddresses else { return }
        let idle = addresses.filter { entry in
            var bucket = entry.value.bucket
            return entry.value.connections == 0 && bucket.isFull(at: now)
        }
        for name in idle.keys { addresses[name] = nil }
        // Who has many addresses gets no more room by that than the bounds on connections give.
        if addresses.count >= Self.mostAddresses * 2 {
            addresses = addresses.filter { $0.value.connections > 0 }
        }
    }
}
