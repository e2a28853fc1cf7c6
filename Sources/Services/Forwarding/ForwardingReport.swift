/// What operators see of forwarding, as a server says it over HTTP and its tools read it.
package enum ForwardingReport {
    /// How a forwarder stands.
    package struct Forwarder: Codable, Sendable {
        package let name: String
        package let kind: String
        /// `well`, or `failing` where the peer does not take letters now.
        package var state = "well"
        /// Events of the log that are not dealt with.
        package var waiting: Int64 = 0
        /// Letters that went, in all.
        package var sent: Int64 = 0
        /// Letters that were refused and lie in `deliveries.db`.
        package var deadLetters: Int64 = 0
        /// What the peer said last, where it did not take something.
        package var trouble: String?

        init(name: String, kind: String) {
            self.name = name
            self.kind = kind
        }
    }

    /// A letter that a peer will never take.
    package struct DeadLetter: Codable, Sendable {
        /// Its number among the dead letters of all forwarders.
        package let number: Int64
        /// The forwarder's name.
        package let forwarder: String
        /// `alarm` where it is an event of the log, `operation` where it is of what an operator said.
        package let of: String
        /// The event's number in the log, or the operation's in the audit.
        package let sequence: Int64
        /// The alarm's identity; absent where it is not in the log any more.
        package let alarm: String?
        /// What the peer said.
        package let reason: String
        /// When that was, in seconds since 1970.
        package let at: Int64
        /// Whether it is about to be sent again.
        package let isWanted: Bool
    }

    /// A subscription of a manager.
    package struct Subscription: Codable, Sendable {
        /// Its name in paths, and as a forwarder.
        package let id: String
        /// Where notifications are posted to.
        package let consumer: String
        /// When it was made, in seconds since 1970; absent where that is not known.
        package let since: Int64?
        /// `well`, or `failing` where the consumer does not take notifications now.
        package let state: String
        /// Seconds for which the consumer was tried in vain; absent where it was reached.
        package let failingSeconds: Double?
        /// Seconds of trying in vain after which it ends.
        package let endsAfterSeconds: Double
    }
}
