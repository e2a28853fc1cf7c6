/// What the gate did with the contributions to a round that it let in: part of what the next version is a function of.
package struct RoundTreatment: Equatable, Sendable, Codable {
    /// One group.
    package struct Group: Equatable, Sendable, Codable {
        /// Its name.
        package var group: String
        /// How many contributed to it.
        package var contributors: Int
        /// Median of their changes' norms; absent in an evaluation.
        package var medianChange: Double?
        /// Median of the samples behind them.
        package var medianSamples: Double?
        /// The norm to which changes were scaled down; absent where none is.
        package var clippedAbove: Double?

        /// A group with every field given.
        package init(
            group: String, contributors: Int, medianChange: Double?, medianSamples: Double?, clippedAbove: Double?
        ) {
            self.medianSamples = medianSamples
            self.group = group
            self.contributors = contributors
            self.medianChange = medianChange
            self.clippedAbove = clippedAbove
        }
    }

    /// What counted otherwise than it came.
    package struct Line: Equatable, Sendable, Codable {
        /// Who sent it.
        package var worker: String
        /// The group.
        package var group: String
        /// Norm of its change; absent in an evaluation.
        package var change: Double?
        /// What its change was multiplied by; absent: nothing.
        package var factor: Double?
        /// The samples that it claimed.
        package var claimed: UInt64
        /// Those that counted.
        package var weight: UInt64
        /// In words.
        package var reason: String

        /// A line with every field given.
        package init(
            worker: String, group: String, change: Double?, factor: Double?, claimed: UInt64, weight: UInt64,
            reason: String
        ) {
            self.worker = worker
            self.group = group
            self.change = change
            self.factor = factor
            self.claimed = claimed
            self.weight = weight
            self.reason = reason
        }
    }

    /// The groups that somebody contributed to, sorted by name.
    package var groups: [Group] = []
    /// What counted otherwise than it came, by group and worker; in a round of statistics by entity type and worker, of rows.
    package var lines: [Line] = []
    /// Whom a rule that chooses among contributions left out, by group; absent where it leaves nobody out. In a round of
    /// statistics whose did not count, by type and metric with a tab between.
    package var leftOut: [String: [String]]?

    /// Everything counts as it came.
    package init() {}

    /// The lines of each worker.
    package var linesByWorker: [String: [Line]] { Dictionary(grouping: lines, by: \.worker) }
}

extension Contribution {
    /// The same as it counts: with those weights and scaled-down changes.
    package func treated(by lines: [RoundTreatment.Line], from base: FederatedModel?) -> Contribution {
        guard !lines.isEmpty else { return self }
        let groups = groups.map { update in
            guard let line = lines.first(where: { $0.group == update.name }) else { return update }
            var update = update
            update.sampleCount = min(max(1, line.weight), WeightedAverage.largestWeight)
            if let factor = line.factor, let old = base?.group(named: update.name)?.parameters,
                old.count == update.parameters.count
            {
                update.parameters = zip(update.parameters, old).map { new, old in
                    Float(Double(old) + (Double(new) - Double(old)) * factor)
                }
            }
            return update
        }
        return Contribution(
            kind: kind, base: self.base, entities: entities, rawBytes: rawBytes, statistics: statistics, groups: groups)
    }

    /// What the gate looks at when it holds contributions against each other.
    ///
    /// - Parameters:
    ///   - base: what the round started from.
    ///   - rows: rows behind its entities, where that is known.
    func summary(from worker: String, site: String, base: FederatedModel?, rows: UInt64?) -> RoundGate.Summary {
        RoundGate.Summary(
            worker: worker, site: site,
            parts: groups.map { update in
                RoundGate.Part(
                    group: update.name, change: update.change(from: base), claimed: update.sampleCount,
                    samples: max(1, min(update.sampleCount, rows ?? .max)))
            })
    }

    /// What its sender announces of it before it sends it; nothing where a norm is no number.
    ///
    /// - Parameter base: what the round started from.
    package func announcement(from base: FederatedModel?) -> [AnnouncedChange] {
        guard kind == .training else { return [] }
        let changes = groups.compactMap { update in
            update.change(from: base).map {
                AnnouncedChange(group: update.name, norm: $0, samples: update.sampleCount)
            }
        }
        return changes.allSatisfy(\.norm.isFinite) ? changes : []
    }
}

extension Contribution.GroupUpdate {
    /// How far the parameters are from those of the base; `nil` where there are none to compare, or they are figures.
    func change(from base: FederatedModel?) -> Double? {
        guard let group = base?.group(named: name), !group.holdsFigures else { return nil }
        let old = group.parameters
        guard old.count == parameters.count else { return nil }
        var squared = 0.0
        for index in old.indices {
            let difference = Double(parameters[index]) - Double(old[index])
            squared += difference * difference
        }
        return squared.squareRoot()
    }
}
