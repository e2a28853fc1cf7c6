import Numerics

/// What contributions must be beside one another before a version is made of them, and how much each of them counts.
///
/// A part of a contribution is what it says of one group. Its *change* is the Euclidean distance of its parameters from
/// those that the round started from. From ``fewest`` contributors to a group on, each is held against the median of the
/// others; with fewer, of whom nobody can say which is off, against the medians of the rounds before.
///
/// A bound on norms as in Sun, Kairouz, Suresh, McMahan, "Can you really backdoor federated learning?", 2019, section 3,
/// with the median of the round in place of a constant.
package struct RoundGate: Equatable, Sendable {
    /// A contribution with a change above this many times the reference is refused; where it has more samples behind it than
    /// the reference, above so many times more, and what is above this is scaled down to this. `nil`: changes are not
    /// compared.
    package var largestRatio: Double? = 5
    /// A change is scaled down to this many times the median of all; `nil`: none is.
    package var clippingRatio: Double?
    /// Samples count for at most this many times the median of the contributors' samples.
    package var weightRatio = 3.0
    /// The largest part of a group's weight that one worker, or one site, may have.
    package var largestShare = 0.5
    /// Bytes of parameters that are held until they can be compared, beyond those of ``mostHeld`` contributions.
    package var heldBytes = 16 << 20

    /// Contributors, or sites, from which on they are held against each other.
    package static let fewest = 3
    /// Contributions that are held whatever their size.
    package static let mostHeld = 9

    /// The defaults.
    package init() {}

    /// What one contribution says of one group.
    package struct Part: Equatable, Sendable {
        /// The group.
        package var group: String
        /// How far its parameters are from those that the round started from; `nil` in an evaluation.
        package var change: Double?
        /// The samples that it claims.
        package var claimed: UInt64
        /// Those of them that can be: as many as there are rows behind its entities, where that is known.
        package var samples: UInt64

        /// A part with every field given.
        package init(group: String, change: Double?, claimed: UInt64, samples: UInt64) {
            self.group = group
            self.change = change
            self.claimed = claimed
            self.samples = samples
        }
    }

    /// One contribution, without its parameters.
    package struct Summary: Equatable, Sendable {
        /// Who sent it.
        package var worker: String
        /// The sender's site.
        package var site: String
        /// Its groups.
        package var parts: [Part]

        /// A summary with every field given.
        package init(worker: String, site: String, parts: [Part]) {
            self.worker = worker
            self.site = site
            self.parts = parts
        }
    }

    // MARK: Refusals

    /// What a change is held against.
    package struct Reference: Equatable, Sendable {
        /// The usual norm of a change.
        package var change: Double
        /// The usual number of samples behind it.
        package var samples: Double

        /// A reference with both given.
        package init(change: Double, samples: Double) {
            self.change = change
            self.samples = samples
        }
    }

    /// Those whose changes are far beyond the others', and what was found; each for the first group, by name, of which that
    /// is true.
    package func refusals(_ summaries: [Summary], history: ChangeHistory) -> [String: FederationError] {
        guard largestRatio != nil else { return [:] }
        var refused: [String: FederationError] = [:]
        for (group, members) in Self.members(of: summaries).sorted(by: { $0.key < $1.key }) {
            let (changes, samples) = Self.sorted(members)
            for member in members where refused[member.worker] == nil {
                refused[member.worker] = refusal(
                    of: member.part, beside: Self.reference(of: member.part, changes, samples, group, history),
                    changes.count >= Self.fewest
                        ? "the median of the \(changes.count - 1) others" : ChangeHistory.name)
            }
        }
        return refused
    }

    /// What is wrong with a change; `nil` where nothing is, or there is nothing to hold it against. More samples make more
    /// steps, and a longer change.
    func refusal(of part: Part, beside reference: Reference?, _ name: String) -> FederationError? {
        guard let ratio = largestRatio, let reference, let change = part.change, reference.change > 0 else {
            return nil
        }
        let growth = max(1, Double(part.samples) / max(1, reference.samples))
        let limit = ratio * reference.change * growth
        guard change > limit else { return nil }
        return FederationError(
            .overNorm,
            "group \(part.group): a change of norm \(Self.text(change)) by \(part.samples) samples, \(name) is "
                + "\(Self.text(reference.change)) by \(Self.text(reference.samples)), at most \(Self.text(limit)) is "
                + "allowed")
    }

    private static func members(of summaries: [Summary]) -> [String: [Member]] {
        var members: [String: [Member]] = [:]
        for summary in summaries {
            for part in summary.parts {
                members[part.group, default: []].append(
                    Member(worker: summary.worker, site: summary.site, part: part, weight: Double(part.samples)))
            }
        }
        return members
    }

    private static func sorted(_ members: [Member]) -> (changes: [Double], samples: [Double]) {
        (members.compactMap(\.part.change).sorted(), members.map { Double($0.part.samples) }.sorted())
    }

    /// The median of the others where there are enough, otherwise that of the rounds before.
    private static func reference(
        of part: Part, _ changes: [Double], _ samples: [Double], _ group: String, _ history: ChangeHistory
    ) -> Reference? {
        guard let change = part.change else { return nil }
        guard changes.count >= fewest else { return history.median(of: group) }
        guard let others = median(of: changes, without: change),
            let usual = median(of: samples, without: Double(part.samples))
        else { return nil }
        return Reference(change: others, samples: usual)
    }

    /// Four digits: what a person compares.
    static func text(_ value: Double) -> String {
        guard value.isFinite, value.magnitude >= 1e-3, value.magnitude < 1e9 else { return "\(value)" }
        let scale = value.magnitude < 1 ? 1e6 : value.magnitude < 1_000 ? 1e3 : 1
        return "\((value * scale).rounded() / scale)"
    }

    /// The median of ascending values without one of them that equals `value`.
    static func median(of sorted: [Double], without value: Double) -> Double? {
        guard sorted.count > 1 else { return nil }
        let skipped = sorted.firstIndex { $0 >= value } ?? sorted.count - 1
        func entry(_ index: Int) -> Double { sorted[index < skipped ? index : index + 1] }
        let count = sorted.count - 1
        return count % 2 == 1 ? entry(count / 2) : (entry(count / 2 - 1) + entry(count / 2)) / 2
    }

    /// The median of ascending values.
    static func median(of sorted: [Double]) -> Double? {
        guard !sorted.isEmpty else { return nil }
        return sorted.quantile(0.5)
    }

    // MARK: What counts how much

    /// How much each of those that are not refused counts.
    package func treatment(of summaries: [Summary], history: ChangeHistory) -> RoundTreatment {
        var result = RoundTreatment()
        for (group, all) in Self.members(of: summaries).sorted(by: { $0.key < $1.key }) {
            var all = all.sorted { $0.worker < $1.worker }
            let (changes, samples) = Self.sorted(all)
            let median = Self.median(of: changes)
            let usual = changes.count >= Self.fewest ? median : history.median(of: group)?.change
            let bound = clippingRatio.flatMap { ratio in usual.map { $0 * ratio } }
            let bounds = all.map { member in
                limit(bound, beside: Self.reference(of: member.part, changes, samples, group, history))
            }
            result.groups.append(
                RoundTreatment.Group(
                    group: group, contributors: all.count,
                    medianChange: changes.count >= Self.fewest
                        ? median
                        // A few are the measure of later rounds by what of their changes counted.
                        : Self.median(
                            of: zip(all, bounds).compactMap { member, bound in
                                member.part.change.map { min($0, bound ?? $0) }
                            }.sorted()),
                    medianSamples: Self.median(of: samples), clippedAbove: bound))
            limitWeights(&all)
            result.lines += zip(all, bounds).compactMap { line(of: $0, bound: $1) }
        }
        return result
    }

    /// The norm to which a change is scaled down: what clipping says, and what nobody is let pass, whatever number of samples
    /// he claims.
    func limit(_ bound: Double?, beside reference: Reference?) -> Double? {
        let most = largestRatio.flatMap { ratio in
            reference.flatMap { $0.change > 0 ? ratio * $0.change : nil }
        }
        return [bound, most].compactMap { $0 }.min()
    }

    private struct Member {
        var worker: String
        var site: String
        var part: Part
        var weight: Double
    }

    private func line(of member: Member, bound: Double?) -> RoundTreatment.Line? {
        let part = member.part
        return line(
            of: part, worker: member.worker, weight: UInt64(max(1, member.weight.rounded(.down))), bound: bound)
    }

    /// What the log says of a part that does not count as it came; `nil` for one that does.
    func line(of part: Part, worker: String, weight: UInt64, bound: Double?) -> RoundTreatment.Line? {
        var factor: Double?
        if let bound, let change = part.change, change > bound, change > 0 { factor = bound / change }
        guard factor != nil || weight != part.claimed else { return nil }
        var reasons: [String] = []
        if let bound, factor != nil, let change = part.change {
            reasons.append("a change of norm \(Self.text(change)) was scaled down to \(Self.text(bound))")
        }
        if weight != part.claimed { reasons.append("\(part.claimed) samples count as \(weight)") }
        return RoundTreatment.Line(
            worker: worker, group: part.group, change: part.change, factor: factor, claimed: part.claimed,
            weight: weight, reason: reasons.joined(separator: "; "))
    }

    private func limitWeights(_ members: inout [Member]) {
        guard members.count >= Self.fewest else { return }
        if let median = Self.median(of: members.map(\.weight).sorted()) {
            for index in members.indices { members[index].weight = min(members[index].weight, weightRatio * median) }
        }
        // Each bound moves what the other is a share of; after a few times neither does.
        for _ in 0..<4 {
            var sites: [String: Double] = [:]
            for member in members { sites[member.site, default: 0] += member.weight }
            if sites.count >= Self.fewest {
                let cap = Self.cap(sites.sorted { $0.key < $1.key }.map(\.value), share: largestShare)
                for index in members.indices {
                    let total = sites[members[index].site] ?? 0
                    if total > cap { members[index].weight *= cap / total }
                }
            }
            let cap = Self.cap(members.map(\.weight), share: largestShare)
            for index in members.indices { members[index].weight = min(members[index].weight, cap) }
        }
    }

    /// The most that each may have so that nobody has more than `share` of what all have then. A share that is smaller than
    /// equal parts is taken for equal parts.
    package static func cap(_ amounts: [Double], share: Double) -> Double {
        let sorted = amounts.sorted(by: >)
        guard let largest = sorted.first, let smallest = sorted.last else { return 0 }
        let share = max(share, 1 / Double(sorted.count))
        var rest = sorted.reduce(0, +)
        guard largest > share * rest else { return largest }
        for (index, amount) in sorted.enumerated() {
            rest -= amount
            let free = 1 - share * Double(index + 1)
            guard free > 1e-9, index + 1 < sorted.count else { break }
            let cap = share * rest / free
            if cap >= sorted[index + 1] { return cap }
        }
        return smallest
    }
}

/// The medians of the changes in the latest rounds, by group: what a contribution is held against where there are too few
/// others.
package struct ChangeHistory: Equatable, Sendable {
    /// Rounds that are remembered.
    package static let longest = 16
    /// As lines for people name its median.
    static let name = "the median of the rounds before"

    private var medians: [String: [RoundGate.Reference]] = [:]

    /// Nothing was seen yet.
    package init() {}

    /// Adds a round that made a version.
    package mutating func add(_ treatment: RoundTreatment) {
        for group in treatment.groups {
            guard let median = group.medianChange, median > 0 else { continue }
            let entry = RoundGate.Reference(change: median, samples: group.medianSamples ?? 1)
            medians[group.group] = Array(((medians[group.group] ?? []) + [entry]).suffix(Self.longest))
        }
    }

    /// The medians over the rounds; `nil` before there was one.
    package func median(of group: String) -> RoundGate.Reference? {
        let entries = medians[group] ?? []
        guard let change = RoundGate.median(of: entries.map(\.change).sorted()),
            let samples = RoundGate.median(of: entries.map(\.samples).sorted())
        else { return nil }
        return RoundGate.Reference(change: change, samples: samples)
    }
}
