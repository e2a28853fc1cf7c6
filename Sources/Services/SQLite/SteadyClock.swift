import Platform

/// A wall clock by which things are forgotten when they are old, as a value that is kept between looks at it.
///
/// A clock that is set wrong for a while, a year ahead, makes everything old at once, and what was forgotten by it does not
/// come back when it is set right. So what is found elsewhere than it should be is not believed before it has gone on for a
/// day from there. A server that stood still for longer than a week forgets nothing by age for a day.
package struct SteadyClock: Equatable, Sendable {
    /// Seconds between two looks at a clock that goes on, at most.
    static let longestGap: Int64 = 7 * 86_400
    /// Seconds for which a clock has to have gone on.
    static let trial: Int64 = 86_400

    /// Since when it has gone on, in seconds since 1970.
    package private(set) var since: Int64
    /// When it was looked at last, in seconds since 1970; 0 for never.
    package private(set) var seen: Int64

    /// A clock as it was kept.
    package init(since: Int64 = 0, seen: Int64 = 0) {
        self.since = since
        self.seen = seen
    }

    /// Looks at the clock; to be called every hour or so.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: whether what is old by it may be forgotten.
    package mutating func look(_ now: Int64) -> Bool {
        if seen == 0 || now < seen || now - seen > Self.longestGap { since = now }
        seen = now
        return now - since >= Self.trial
    }

    /// Reads a clock from a database's table `facts`, looks at it, and keeps it.
    static func look(_ now: Int64, in database: Database) throws(StorageError) -> Bool {
        func fact(_ name: String) throws(StorageError) -> Int64 {
            try database.query("SELECT value FROM facts WHERE name = ?", [.text(name)]).first?.first?.integer ?? 0
        }
        var clock = SteadyClock(since: try fact("clock since"), seen: try fact("clock seen"))
        let isSteady = clock.look(now)
        for (name, value) in [("clock since", clock.since), ("clock seen", clock.seen)] {
            try database.query("INSERT OR REPLACE INTO facts VALUES (?, ?)", [.text(name), .integer(value)])
        }
        return isSteady
    }
}
