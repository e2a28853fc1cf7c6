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
    /// A contribution with a change above this many times the reference is refused; `nil`: changes are not compared.
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

    /// Those whose changes are far beyond the others', and what was found; each for the first group, by name, of which that
    /// is true.
    package func refusals(_ summaries: [Summary], history: ChangeHistory) -> [String: FederationError] {
        guard largestRatio != nil else { return [:] }
        var changes: [String: [(worker: String, change: Double)]] = [:]
        for summary in summaries {
            for part in summary.parts {
                if let change = part.change { changes[part.group, default: []].append((summary.worker, change)) }
            }
        }
        var refused: [String: FederationError] = [:]
        for (group, entries) in changes.sorted(by: { $0.key < $1.key }) {
            let sorted = entries.map(\.change).sorted()
            for (worker, change) in entries where refused[worker] == nil {
                refused[worker] =
                    sorted.count >= Self.fewest
                    ? refusal(
                        of: change, group, beside: Self.median(of: sorted, without: change),
                        "the median of the \(sorted.count - 1) others")
                    : refusal(of: change, group, beside: history.median(of: group), ChangeHistory.name)
            }
        }
        return refused
    }

    /// What is wrong with a change; `nil` where nothing is, or there is nothing to hold it against.
    func refusal(
        of change: Double, _ group: String, beside reference: Double?, _ name: String
    ) -> FederationError? {
        guard let ratio = largestRatio, let reference, reference > 0, change > ratio * reference else { return nil }
        return FederationError(
            .overNorm,
            "group \(group): a change of norm \(Self.text(change)), \(name) is \(Self.text(reference)), at most "
                + "\(Self.text(ratio)) times that, \(Self.text(ratio * reference)), is allowed")
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
        var members: [String: [Member]] = [:]
        for summary in summaries {
            for part in summary.parts {
                members[part.group, default: []].append(
                    Member(worker: summary.worker, site: summary.site, part: part, weight: Double(part.samples)))
            }
        }
        var result = RoundTreatment()
        for (group, all) in members.sorted(by: { $0.key < $1.key }) {
            var all = all.sorted { $0.worker < $1.worker }
            let changes = all.compactMap(\.part.change).sorted()
            let median = Self.median(of: changes)
            let reference = changes.count >= Self.fewest ? median : history.median(of: group)
            let bound = clippingRatio.flatMap { ratio in reference.map { $0 * ratio } }
            result.groups.append(
                RoundTreatment.Group(
                    group: group, contributors: all.count, medianChange: median, clippedAbove: bound))
            limitWeights(&all)
            result.lines += all.compactMap { line(of: $0, bound: bound) }
        }
        return result
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

    private var medians: [String: [Double]] = [:]

    /// Nothing was seen yet.
    package init() {}

    /// Adds a round that made a version.
    package mutating func add(_ treatment: RoundTreatment) {
        for group in treatment.groups {
            guard let median = group.medianChange, median > 0 else { continue }
            medians[group.group] = Array(((medians[group.group] ?? []) + [median]).suffix(Self.longest))
        }
    }

    /// The median over the rounds; `nil` before there was one.
    package func median(of group: String) -> Double? { RoundGate.median(of: (medians[group] ?? []).sorted()) }
}
