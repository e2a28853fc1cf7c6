/// Accepted contributions on their way to the disk.
final class KeptContributions: Sendable {
    private struct State: Sendable {
        var waiting: [KeptContribution] = []
        /// Whether somebody is on the way to write them.
        var isScheduled = false
    }

    private let state = Box(State())
    private let backlog: Backlog

    init(_ backlog: Backlog) { self.backlog = backlog }

    /// Adds one; whether somebody has to be sent to write it. One transaction is for all that came while the disk was busy.
    func put(_ contribution: KeptContribution) -> Bool {
        backlog.add(contribution.payload.count)
        return state.with { state in
            state.waiting.append(contribution)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
    }

    /// Whether what the disk did not take waits, and somebody has to be sent to write it.
    func takesUp() -> Bool {
        state.with { state in
            guard !state.waiting.isEmpty, !state.isScheduled else { return false }
            state.isScheduled = true
            return true
        }
    }

    /// Writes what waits; what the disk does not take is kept for the next time.
    func write(to disk: any ServerDisk) throws {
        let taken = state.with { state in
            defer { state = State() }
            return state.waiting
        }
        guard !taken.isEmpty else { return }
        do {
            try disk.keep(taken)
            _ = backlog.remove(Self.bytes(of: taken))
        } catch {
            // Of earlier rounds nothing is needed any more.
            let round = taken.last?.accepted.round
            let again = taken.filter { $0.accepted.round == round }
            state.with { state in state.waiting = again + state.waiting }
            _ = backlog.remove(Self.bytes(of: taken) - Self.bytes(of: again))
            throw error
        }
    }

    private static func bytes(of contributions: [KeptContribution]) -> Int {
        contributions.reduce(0) { $0 + $1.payload.count }
    }
}
