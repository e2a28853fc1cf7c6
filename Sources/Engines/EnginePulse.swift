package import Platform

/// Whether a controller goes on looking: one that waits for an answer for ever does not say so itself.
package struct EnginePulse: Sendable {
    private let limit: Duration
    private var last: Instant

    /// It begins now.
    ///
    /// - Parameter every: the time between two looks.
    package init(every: Duration, at now: Instant) {
        limit = max(.seconds(60), every * 3)
        last = now
    }

    /// A look came to its end, whatever it saw.
    package mutating func ended(at now: Instant) { last = now }

    /// One line where none has for too long: a minute, or three times what is between two.
    package func trouble(at now: Instant) -> String? {
        let since = now - last
        return since > limit ? "no look at the engine came to its end for \(Int(since.seconds)) s" : nil
    }
}
