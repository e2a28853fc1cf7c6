/// How long a server keeps what it no longer needs to work.
package struct Retention: Equatable, Sendable {
    /// Model versions, the latest.
    package var versions = 100
    /// Rounds in the log, the latest; abandoned ones among them.
    package var rounds = 10_000
    /// Abandoned rounds, the latest.
    package var abandonedRounds = 1_000
    /// Workers that once were there, those seen last.
    package var workers = 4_096
    /// Alarm events, the latest.
    package var alarms = 1_000_000
    /// Days after which alarm events, and what is known of spools and of who served what, are forgotten.
    package var days = 365

    /// The defaults.
    package init() {}

    /// Seconds since 1970 before which everything is old.
    func horizon(now: Int64) -> Int64 { now - Int64(clamping: days) * 86_400 }
}
