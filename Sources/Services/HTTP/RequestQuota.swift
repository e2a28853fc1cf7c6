import Federation
package import Platform

/// How many requests each asker may make, as a value: whoever asks too often is told when to come again, and costs nobody
/// else anything.
package struct RequestQuota: Sendable {
    /// The bounds, for each asker.
    package struct Limits: Equatable, Sendable {
        /// Requests a second in the long run.
        package var perSecond = 200.0
        /// Requests at once after a pause.
        package var burst = 1_000.0

        /// The defaults.
        package init() {}
    }

    /// Who asks.
    package enum Asker: Hashable, Sendable {
        /// Whoever has the token of that name.
        case named(String)
        /// Whoever shows none, by the address; of IPv6 its first half, which is as much as one network has.
        case at([UInt8])

        /// Whoever shows no token, at an address as the system has it.
        package static func address(_ bytes: [UInt8]) -> Asker {
            .at(bytes.count == 16 && bytes != loopback ? Array(bytes.prefix(8)) : bytes)
        }

        private static let loopback = [UInt8](repeating: 0, count: 15) + [1]

        /// Whether it is anybody on this machine, whom nothing tells apart.
        package var isAnybodyHere: Bool {
            guard case .at(let bytes) = self else { return false }
            return bytes.first == 127 && bytes.count == 4 || bytes == Self.loopback
        }

        /// As the log and figures have it: a token's name or an address.
        package var name: String {
            switch self {
            case .named(let name): "token \(name)"
            case .at(let bytes) where bytes.count == 4: bytes.map { "\($0)" }.joined(separator: ".")
            case .at(let bytes) where bytes.isEmpty: "no address"
            case .at(let bytes): Hexadecimal.text(bytes)
            }
        }
    }

    /// Most askers that are told apart; those that were silent make room.
    private static let most = 16_384

    private let limits: Limits
    private var buckets: [Asker: TokenBucket] = [:]

    /// Quotas with those bounds.
    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Whether a request may be answered. Where more askers than are told apart are busy, a new one waits until another has been
    /// silent.
    package mutating func takes(_ asker: Asker, at now: Instant) -> Bool {
        if buckets[asker] == nil {
            if buckets.count >= Self.most {
                buckets = buckets.filter { entry in
                    var bucket = entry.value
                    return !bucket.isFull(at: now)
                }
            }
            guard buckets.count < Self.most else { return false }
            buckets[asker] = TokenBucket(capacity: limits.burst, perSecond: limits.perSecond, at: now)
        }
        return buckets[asker]?.take(at: now) ?? false
    }
}
