package import Platform

/// What one principal may send: messages and bytes a second, over both channels together. What exceeds it is dropped where
/// it arrives, before it is read: senders repeat what was not answered.
package struct MessageQuota: Sendable {
    /// The bounds, for each principal.
    package struct Limits: Equatable, Sendable {
        /// Messages a second in the long run.
        package var messagesPerSecond = 1_000.0
        /// Bytes a second in the long run.
        package var bytesPerSecond = 256.0 * 1_048_576
        /// Seconds' worth that may come at once after a pause.
        package var burst = 4.0

        /// The defaults.
        package init() {}
    }

    private struct Buckets: Sendable {
        var messages: TokenBucket
        var bytes: TokenBucket
    }

    /// Most principals that are told apart; those that have been silent make room.
    private static let most = 65_536

    private let limits: Limits
    private var buckets: [PrincipalID?: Buckets] = [:]

    /// Quotas with those bounds.
    package init(_ limits: Limits = Limits()) { self.limits = limits }

    /// Why a message may not come; `nil` when it may.
    ///
    /// - Parameter principal: whose key its connection has; `nil` stands for all that only enrol together.
    package mutating func refusal(of bytes: Int, from principal: PrincipalID?, at now: Instant) -> String? {
        var own: Buckets
        if let known = buckets[principal] { own = known } else { own = fresh(at: now) }
        defer { buckets[principal] = own }
        guard own.messages.take(at: now) else { return "too many messages" }
        guard own.bytes.take(Double(bytes), at: now) else { return "too many bytes" }
        return nil
    }

    private mutating func fresh(at now: Instant) -> Buckets {
        if buckets.count >= Self.most {
            buckets = buckets.filter { entry in
                var messages = entry.value.messages
                return !messages.isFull(at: now)
            }
        }
        return Buckets(
            messages: TokenBucket(
                capacity: max(1, limits.messagesPerSecond * limits.burst), perSecond: limits.messagesPerSecond, at: now),
            bytes: TokenBucket(
                capacity: max(1, limits.bytesPerSecond * limits.burst), perSecond: limits.bytesPerSecond, at: now))
    }
}
