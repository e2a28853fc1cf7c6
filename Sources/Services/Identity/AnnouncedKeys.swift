package import Platform

/// The key that a server will have, and when it is to be taken by the clock that nobody sets.
///
/// Workers are told how long it is until then, and count by clocks of their own. A server that looked at the wall clock
/// would, with that set back meanwhile, keep its key while all of them go over to the next, back, and over again; with that set
/// ahead it would be the first.
package struct AnnouncedKeys: Sendable {
    /// Seconds that are counted at most: a hundred years.
    private static let longest: Int64 = 3_155_760_000
    /// The keys, and when they were to be taken by the wall clock.
    package let next: IdentityStore.NextKeys
    /// When they are taken.
    package let due: Instant

    /// Keys that this process hears of now; where a restart comes in between, the wall clock of then counts.
    ///
    /// - Parameters:
    ///   - seconds: the wall clock, in seconds since 1970.
    ///   - uptime: the clock that nobody sets.
    package init(_ next: IdentityStore.NextKeys, at seconds: Int64, uptime: Instant) {
        self.next = next
        // A wall clock that nobody has set yet may be half a century off: the key is not taken in this process then.
        let (left, overflows) = next.at.subtractingReportingOverflow(seconds)
        due = uptime + .seconds(overflows ? Self.longest : min(max(0, left), Self.longest))
    }

    /// Time until they are taken; not below zero.
    package func remaining(at uptime: Instant) -> Duration { max(.zero, due - uptime) }
}
