/// Whom rounds wait for, as a value.
///
/// A worker that let a round pass is waited for again when it shows that it works: it begins to send, or comes anew. Who does
/// that round after round and never ends what it began would hold each of them until its deadline; so after some of them only
/// a contribution that ended is a sign, or that many rounds have gone by without it, longer each time.
package struct RoundPatience: Sendable {
    private struct Entry: Sendable {
        /// Rounds that waited for it in vain since it last ended a contribution.
        var missed = 0
        /// Whether it has shown since that it works.
        var works = false
        /// The first round that waits for it again without its having ended one.
        var untilRound: UInt32 = 0
    }

    /// Rounds that wait in vain for who shows that it works.
    package static let trials = 2
    /// Most rounds that go by before one waits again.
    package static let longestPause: UInt32 = 64

    private let memory: Int
    private var entries: [String: Entry] = [:]

    /// Everybody is waited for.
    ///
    /// - Parameter memory: names that are remembered at most; who is not remembered is waited for.
    package init(memory: Int = 4_096) { self.memory = memory }

    /// Whether a round waits for a worker.
    package func waits(for name: String, inRound round: UInt32) -> Bool {
        guard let entry = entries[name] else { return true }
        return entry.missed < Self.trials ? entry.works : entry.works && round >= entry.untilRound
    }

    /// Whether a worker has let the last rounds pass.
    package func hasMissed(_ name: String) -> Bool { entries[name] != nil }

    /// A round's deadline came, and a worker that it waited for had not ended its contribution.
    package mutating func passed(_ name: String, round: UInt32) {
        if entries[name] == nil, entries.count >= memory { return }
        var entry = entries[name] ?? Entry()
        entry.missed = min(entry.missed + 1, 64)
        entry.works = false
        if entry.missed >= Self.trials {
            let pause = min(Self.longestPause, 1 << UInt32(min(entry.missed, 16)))
            let (until, overflows) = round.addingReportingOverflow(1 + pause)
            entry.untilRound = overflows ? .max : until
        }
        entries[name] = entry
    }

    /// A worker begins to send, or has come anew.
    package mutating func showed(_ name: String) { entries[name]?.works = true }

    /// A worker's contribution ended, whatever came of it.
    package mutating func ended(_ name: String) { entries[name] = nil }
}
