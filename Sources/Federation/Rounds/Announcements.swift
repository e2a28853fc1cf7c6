/// What workers have announced of their contributions to the open round, held against each other before any bytes travel.
///
/// Of those who have said nothing yet it is taken that their changes are longer than all others. So nobody is refused for being
/// early, and nothing that a few say first can keep out what most say later.
package struct Announcements: Sendable {
    /// What is said of one group, each in ascending order, so that what one more says costs no look at all others.
    private struct Said: Sendable {
        var norms: [Double] = []
        var samples: [UInt64] = []

        mutating func add(_ change: AnnouncedChange) {
            norms.insert(change.norm, at: norms.place(of: change.norm))
            samples.insert(change.samples, at: samples.place(of: change.samples))
        }

        mutating func remove(_ change: AnnouncedChange) {
            norms.remove(at: norms.place(of: change.norm))
            samples.remove(at: samples.place(of: change.samples))
        }
    }

    private var byWorker: [String: [AnnouncedChange]] = [:]
    private var byGroup: [String: Said] = [:]

    /// Nobody has said anything.
    package init() {}

    /// Somebody says what it has.
    package mutating func note(_ changes: [AnnouncedChange], from worker: String) {
        for change in Self.first(byWorker[worker] ?? []) { byGroup[change.group]?.remove(change) }
        byWorker[worker] = changes
        for change in Self.first(changes) { byGroup[change.group, default: Said()].add(change) }
    }

    /// The first of each group.
    private static func first(_ changes: [AnnouncedChange]) -> [AnnouncedChange] {
        var seen: Set<String> = []
        return changes.filter { seen.insert($0.group).inserted }
    }

    /// What somebody said; `nil` where it said nothing.
    subscript(worker: String) -> [AnnouncedChange]? { byWorker[worker] }

    /// Why what a worker announces cannot count; `nil` where it may.
    ///
    /// - Parameters:
    ///   - count: how many may contribute to the round, this one included.
    ///   - history: the rounds before.
    package func refusal(
        of worker: String, among count: Int, gate: ContributionGate, history: ChangeHistory
    ) -> FederationError? {
        for change in byWorker[worker] ?? [] {
            guard change.norm <= gate.largestChange else {
                return FederationError(
                    .overNorm,
                    "group \(change.group): announced a change of norm \(RoundGate.text(change.norm)), at most "
                        + "\(RoundGate.text(gate.largestChange)) is allowed")
            }
            let part = RoundGate.Part(
                group: change.group, change: change.norm, claimed: change.samples, samples: change.samples)
            let (reference, name) =
                count < RoundGate.fewest
                ? (history.median(of: change.group), ChangeHistory.name)
                : (least(change.group, beside: worker, among: count), "what most of the others announced")
            if let error = gate.round.refusal(of: part, beside: reference, name) { return error }
        }
        return nil
    }

    /// The most that the median of the others can be, whatever those say who have said nothing, with the fewest samples that
    /// somebody named; `nil` while too few have.
    private func least(_ group: String, beside worker: String, among count: Int) -> RoundGate.Reference? {
        guard let said = byGroup[group] else { return nil }
        let own = byWorker[worker]?.first { $0.group == group }
        let others = said.norms.count - (own == nil ? 0 : 1)
        // The upper one of the two in the middle, where there are two.
        var middle = max(count - 1, others) / 2
        guard middle < others, var samples = said.samples.first else { return nil }
        if let own {
            if middle >= said.norms.place(of: own.norm) { middle += 1 }
            if samples == own.samples { samples = said.samples[1] }
        }
        return RoundGate.Reference(change: said.norms[middle], samples: Double(max(1, samples)))
    }
}

extension [Double] {
    /// Where the first value lies that is not smaller, in ascending order.
    fileprivate func place(of value: Double) -> Int { place { $0 < value } }
}

extension [UInt64] {
    /// Where the first value lies that is not smaller, in ascending order.
    fileprivate func place(of value: UInt64) -> Int { place { $0 < value } }
}

extension Array {
    fileprivate func place(_ isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Contribution {
    /// What differs from what its sender announced; `nil` where nothing does, or nothing was announced.
    func difference(from announced: [AnnouncedChange]?, base: FederatedModel?) -> FederationError? {
        guard let announced, !announced.isEmpty else { return nil }
        let found = announcement(from: base)
        guard found.map(\.group) == announced.map(\.group) else {
            return FederationError(
                .wrongShape,
                "\(found.count) groups, announced were \(announced.count), or others, or in another order")
        }
        for (said, sent) in zip(announced, found) {
            // Another processor may add up in another order.
            guard said.samples == sent.samples,
                abs(said.norm - sent.norm) <= 1e-6 * max(said.norm, sent.norm)
            else {
                return FederationError(
                    .overNorm,
                    "group \(said.group): announced a change of norm \(said.norm) by \(said.samples) samples, sent one of "
                        + "\(sent.norm) by \(sent.samples)")
            }
        }
        return nil
    }
}
