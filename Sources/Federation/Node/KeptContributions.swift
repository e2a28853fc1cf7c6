/// Accepted contributions on their way to the disk.
final class KeptContributions: Sendable {
    private let waiting = Box<[KeptContribution]>([])
    private let backlog: Backlog

    init(_ backlog: Backlog) { self.backlog = backlog }

    /// Adds one; whether it is the first that waits. One transaction is for all that came while the disk was busy.
    func put(_ contribution: KeptContribution) -> Bool {
        backlog.add(contribution.payload.count)
        return waiting.with { waiting in
            waiting.append(contribution)
            return waiting.count == 1
        }
    }

    /// Writes what waits; what the disk does not take is kept for the next time.
    func write(to disk: any ServerDisk) throws {
        let taken = waiting.with { waiting in
            defer { waiting = [] }
            return waiting
        }
        guard !taken.isEmpty else { return }
        do {
            try disk.keep(taken)
            _ = backlog.remove(Self.bytes(of: taken))
        } catch {
            // Of earlier rounds nothing is needed any more.
            let round = taken.last?.accepted.round
            let again = taken.filter { $0.accepted.round == round }
            waiting.with { waiting in waiting = again + waiting }
            _ = backlog.remove(Self.bytes(of: taken) - Self.bytes(of: again))
            throw error
        }
    }

    private static func bytes(of contributions: [KeptContribution]) -> Int {
        contributions.reduce(0) { $0 + $1.payload.count }
    }
}
