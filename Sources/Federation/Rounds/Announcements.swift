/// What workers have announced of their contributions to the open round, held against each other before any bytes travel.
///
/// Of those who have said nothing yet it is taken that their changes are longer than all others. So nobody is refused for being
/// early, and nothing that a few say first can keep out what most say later.
package struct Announcements: Sendable {
    private var byWorker: [String: [AnnouncedChange]] = [:]

    /// Nobody has said anything.
    package init() {}

    /// Somebody says what it has.
    package mutating func note(_ changes: [AnnouncedChange], from worker: String) {
        byWorker[worker] = changes
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
        let said = byWorker.filter { $0.key != worker }.compactMap { $0.value.first { $0.group == group } }
        let norms = said.map(\.norm).sorted()
        // The upper one of the two in the middle, where there are two.
        let middle = max(count - 1, norms.count) / 2
        guard middle < norms.count, let samples = said.map(\.samples).min() else { return nil }
        return RoundGate.Reference(change: norms[middle], samples: Double(max(1, samples)))
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
