/// The contributions to a round of training or evaluation, from their arrival to their sum.
///
/// They are held until all are there, so that each can be held against the others, whatever their order. Where they are
/// more than ``RoundGate/heldBytes`` and the strategy needs only a sum, they are compared and added when that is reached;
/// later ones are then held against the rounds before, or where there are none against those that were held, and added as
/// they come: memory does not grow with the number of workers.
struct RoundComparison {
    private struct Held {
        var contribution: Contribution
        var summary: RoundGate.Summary
    }

    /// What those that come later are held against.
    private struct Reference {
        var usual: RoundGate.Reference?
        var bound: Double?
        var weight: Double
        var total: Double
        var sites: [String: Double]
    }

    private let gate: RoundGate
    private let base: FederatedModel?
    private let history: ChangeHistory
    private let recorded: [String: [RoundTreatment.Line]]?
    private let holdsAll: Bool
    private let spared: Set<String>
    private var aggregator: (any TrainingAggregator)?
    private var held: [Held] = []
    private var bytes = 0
    private var references: [String: Reference]?
    private var changes: [String: [Double]] = [:]
    private var samples: [String: [Double]] = [:]
    private var contributors: [String: Int] = [:]
    private var sites: [String: String] = [:]
    private var losses = RoundLosses()
    private var refused: [String: FederationError] = [:]
    private var isCompared = false
    private var treatment = RoundTreatment()

    /// - Parameters:
    ///   - spared: those whose changes are scaled down, and not refused, where they are far beyond the others'.
    ///   - aggregator: adds up parameters; `nil` in an evaluation.
    ///   - recorded: what the gate did when the round was made; `nil`: it decides now.
    init(
        gate: RoundGate, base: FederatedModel?, history: ChangeHistory, holdsAll: Bool, spared: Set<String>,
        aggregator: (any TrainingAggregator)?, recorded: RoundTreatment?
    ) {
        self.gate = gate
        self.base = base
        self.history = history
        self.holdsAll = holdsAll
        self.spared = spared
        self.aggregator = aggregator
        self.recorded = recorded?.linesByWorker
    }

    /// A contribution that passed the gate by itself.
    mutating func add(_ contribution: Contribution, from worker: String, site: String, rows: UInt64?) {
        sites[worker] = site
        if let recorded {
            count(contribution, from: worker, recorded[worker] ?? [])
            return
        }
        let summary = contribution.summary(from: worker, site: site, base: base, rows: rows)
        if references != nil {
            addLate(contribution, summary)
            return
        }
        held.append(Held(contribution: contribution, summary: summary))
        bytes += contribution.groups.reduce(0) { $0 + $1.parameters.count * MemoryLayout<Float>.size }
        if !holdsAll, bytes > gate.heldBytes, held.count >= RoundGate.mostHeld { countHeld(leavesReference: true) }
    }

    /// Those that are far beyond the others, and why. They do not count.
    mutating func refusals() -> [String: FederationError] {
        if references == nil, !isCompared, recorded == nil {
            refused = refusalsOfHeld()
        }
        isCompared = true
        return refused
    }

    private func refusalsOfHeld() -> [String: FederationError] {
        gate.refusals(held.map(\.summary), history: history).filter { !spared.contains($0.key) }
    }

    /// Everything that counts is added up; what came of it.
    mutating func finish(leavingOut names: Set<String>) -> (RoundLosses, RoundTreatment, model: FederatedModel?) {
        held.removeAll { names.contains($0.summary.worker) }
        if references == nil, recorded == nil { countHeld(leavesReference: false) }
        if references != nil { treatment.groups = groupsOfAll() }
        if let leftOut = aggregator?.leftOut, !leftOut.isEmpty { treatment.leftOut = leftOut }
        return (losses, treatment, aggregator?.result())
    }

    /// Mean losses of the version that the round started from, by site.
    func siteLosses(_ losses: RoundLosses) -> [String: Double] {
        var sums: [String: (weight: Double, loss: Double)] = [:]
        for (worker, groups) in losses.entries.sorted(by: { $0.key < $1.key }) {
            for (_, entry) in groups.sorted(by: { $0.key < $1.key }) {
                let weight = Double(entry.sampleCount)
                let old = sums[sites[worker] ?? ""] ?? (0, 0)
                sums[sites[worker] ?? ""] = (old.weight + weight, old.loss + weight * entry.before)
            }
        }
        return sums.compactMapValues { $0.weight > 0 ? $0.loss / $0.weight : nil }
    }

    private mutating func count(
        _ contribution: Contribution, from worker: String, _ lines: [RoundTreatment.Line]
    ) {
        let treated = contribution.treated(by: lines, from: base)
        aggregator?.add(treated, from: worker)
        losses.add(treated, from: worker)
    }

    private mutating func countHeld(leavesReference: Bool) {
        if leavesReference {
            refused = refusalsOfHeld()
            held.removeAll { refused[$0.summary.worker] != nil }
        }
        let summaries = held.map(\.summary)
        treatment = gate.treatment(of: summaries, history: history)
        let lines = treatment.linesByWorker
        for item in held { count(item.contribution, from: item.summary.worker, lines[item.summary.worker] ?? []) }
        held = []
        bytes = 0
        guard leavesReference else { return }
        references = reference(of: summaries, lines)
        for summary in summaries { tally(summary) }
    }

    private mutating func tally(_ summary: RoundGate.Summary) {
        for part in summary.parts {
            contributors[part.group, default: 0] += 1
            samples[part.group, default: []].append(Double(part.samples))
            if let change = part.change { changes[part.group, default: []].append(change) }
        }
    }

    /// The groups, with those that came late.
    private func groupsOfAll() -> [RoundTreatment.Group] {
        contributors.sorted { $0.key < $1.key }.map { group, count in
            RoundTreatment.Group(
                group: group, contributors: count, medianChange: RoundGate.median(of: (changes[group] ?? []).sorted()),
                medianSamples: RoundGate.median(of: (samples[group] ?? []).sorted()),
                clippedAbove: references?[group]?.bound)
        }
    }

    private func reference(
        of summaries: [RoundGate.Summary], _ lines: [String: [RoundTreatment.Line]]
    ) -> [String: Reference] {
        var result: [String: Reference] = [:]
        for group in treatment.groups {
            var weights: [Double] = []
            var sites: [String: Double] = [:]
            for summary in summaries {
                guard let part = summary.parts.first(where: { $0.group == group.group }) else { continue }
                let line = lines[summary.worker]?.first { $0.group == group.group }
                weights.append(Double(line?.weight ?? part.samples))
                sites[summary.site, default: 0] += weights[weights.count - 1]
            }
            result[group.group] = Reference(
                usual: history.median(of: group.group)
                    ?? group.medianChange.map {
                        RoundGate.Reference(change: $0, samples: group.medianSamples ?? 1)
                    }, bound: group.clippedAbove,
                weight: RoundGate.median(of: weights.sorted()) ?? 1, total: weights.reduce(0, +), sites: sites)
        }
        return result
    }

    private mutating func addLate(_ contribution: Contribution, _ summary: RoundGate.Summary) {
        for part in summary.parts where !spared.contains(summary.worker) {
            let usual = references?[part.group]?.usual ?? history.median(of: part.group)
            if let error = gate.refusal(of: part, beside: usual, "what it is held against") {
                refused[summary.worker] = error
                return
            }
        }
        var lines: [RoundTreatment.Line] = []
        for part in summary.parts {
            let group = part.group
            if references?[group] == nil {
                let fresh = Reference(
                    usual: history.median(of: group), bound: nil, weight: Double(part.samples), total: 0, sites: [:])
                references?[group] = fresh
            }
            // No copy of what there is of each site.
            let (total, own) = (references?[group]?.total ?? 0, references?[group]?.sites[summary.site] ?? 0)
            var weight = min(Double(part.samples), gate.weightRatio * (references?[group]?.weight ?? 0))
            // What makes the site's part of the whole as large as it may be, and no larger.
            let room = (gate.largestShare * total - own) / max(1e-9, 1 - gate.largestShare)
            if references?[group]?.sites.count ?? 0 >= RoundGate.fewest { weight = min(weight, room) }
            let counted = UInt64(max(1, weight.rounded(.down)))
            references?[group]?.total += Double(counted)
            references?[group]?.sites[summary.site] = own + Double(counted)
            let (bound, usual) = (references?[group]?.bound, references?[group]?.usual)
            if let line = gate.line(
                of: part, worker: summary.worker, weight: counted,
                bound: gate.limit(bound, beside: usual))
            {
                lines.append(line)
            }
        }
        treatment.lines += lines
        tally(summary)
        count(contribution, from: summary.worker, lines)
    }
}
