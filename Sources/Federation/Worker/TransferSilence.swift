import Platform

/// Whether the connection for models, contributions and alarms is good for nothing although the other one lives.
///
/// A stream of which a length was changed on its way waits at its reader for bytes that never come, while both sides take the
/// connection for good; the library's own heartbeats cannot be used. Much that is asked is answered late: a contribution's
/// turn comes after those of thousands, a small piece takes a minute over a slow link. So it takes long, and longer each
/// time that new connections brought nothing either.
struct TransferSilence: Sendable {
    /// Time without an answer after which the connection is taken for dead.
    static let limit: Duration = .seconds(120)
    /// Longest time between two attempts.
    static let longest: Duration = .seconds(960)

    private var isAsking = false
    private var since: Instant?
    private var fruitless = 0

    /// Something is sent that is answered.
    mutating func asked() { isAsking = true }

    /// Something came.
    mutating func heard() {
        isAsking = false
        since = nil
        fruitless = 0
    }

    /// There is another connection, or none: what was asked is asked again over the next.
    mutating func began() {
        isAsking = false
        since = nil
    }

    /// Whether others are to be made now, which begins their time.
    mutating func renews(at now: Instant) -> Bool {
        guard isAsking else { return false }
        let start = since ?? now
        since = start
        guard now - start > Self.limit.doubled(fruitless, atMost: Self.longest) else { return false }
        fruitless += 1
        since = now
        return true
    }
}
