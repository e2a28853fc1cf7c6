/// How long a server keeps what it no longer needs to work.
package struct Retention: Equatable, Sendable {
    /// Model versions, the latest.
    package var versions = 100
    /// Rounds in the log, the latest; abandoned ones among them.
    package var rounds = 10_000
    /// Abandoned rounds, the latest.
    package var abandonedRounds = 1_000
    /// Names of workers, those seen last.
    package var workers = 4_096
    /// Seconds after which the name of a worker that was not seen is forgotten.
    package var workerSeconds: Int64 = 365 * 86_400
    /// Alarm events, the latest.
    package var alarms = 1_000_000
    /// Events of what is wrong with the watching, the latest: however many come, no alarm goes for them.
    package var findings = 100_000
    /// Seconds after which alarm events, and what is known of spools and of who served what, are forgotten.
    package var alarmSeconds: Int64 = 365 * 86_400

    /// The defaults.
    package init() {}

    /// Seconds since 1970 before which alarms are old.
    func horizon(now: Int64) -> Int64 { now - alarmSeconds }

    /// The workers whose names are forgotten.
    ///
    /// - Parameters:
    ///   - seen: when each was last seen, in seconds since 1970; 0 where an earlier release did not note it.
    ///   - living: those that have a lease: they stay, whenever they were noted last.
    package func forgotten(_ seen: [String: Int64], living: Set<String>, now: Int64) -> [String] {
        let away = seen.filter { !living.contains($0.key) }.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let room = max(0, workers - (seen.count - away.count))
        return away.enumerated().filter { place, worker in
            place >= room || (worker.value > 0 && worker.value < now - workerSeconds)
        }.map(\.element.key).sorted()
    }
}
