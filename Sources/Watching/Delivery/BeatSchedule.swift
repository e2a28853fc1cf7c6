package import Platform

/// What a forwarder's peer is sent at intervals, whether alarms go or not.
package struct Beat: Hashable, Sendable {
    /// What it says.
    package enum Kind: String, Sendable {
        /// That the server is there.
        case heartbeat
        /// How its watching goes.
        case measurement
    }

    /// What it says.
    package let kind: Kind
    /// Seconds from one to the next.
    package let everySeconds: Int

    /// A beat of a kind, `everySeconds` above 0.
    package init(_ kind: Kind, everySeconds: Int) {
        precondition(everySeconds > 0, "a beat without an interval")
        (self.kind, self.everySeconds) = (kind, everySeconds)
    }
}

/// When a beat is due, and its number. Best effort: one that could not go in its time is left out, and its number with it.
///
/// Numbers count intervals since 1970, so that they go on over a restart; a clock that is set back repeats none.
package struct BeatSchedule: Sendable {
    private let everySeconds: Int
    private var next: Instant?
    private var last: Int64 = -1

    /// The schedule of a beat; the first is due at once.
    package init(_ beat: Beat) { everySeconds = beat.everySeconds }

    /// The number of the beat that is due; `nil` where none is.
    ///
    /// - Parameters:
    ///   - now: by a clock that is not set.
    ///   - date: seconds since 1970.
    package mutating func due(at now: Instant, date: Double) -> Int64? {
        if let next, now < next { return nil }
        let every = Duration.seconds(everySeconds)
        // Paced by when it was due, unless a whole interval was missed.
        let planned = (next ?? now) + every
        next = planned > now ? planned : now + every
        last = max(last + 1, Int64(exactly: (date / Double(everySeconds)).rounded(.down)) ?? 0)
        return last
    }
}
