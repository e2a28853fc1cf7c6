/// How parameters of several workers become one vector.
package enum AggregationRule: String, CaseIterable, Sendable {
    /// The mean, weighted by samples: ``FederatedAveraging``.
    case average
    /// The median of each parameter.
    case median
    /// The mean of each parameter without the smallest and the largest values.
    case trimmedMean = "trimmed-mean"
    /// The mean of those that are nearest to each other: ``MultiKrum``.
    case multiKrum = "multi-krum"
    /// The weighted mean, of changes that are scaled down to what is usual in the round: ``RoundGate/clippingRatio``.
    case normClipping = "norm-clipping"

    /// The strategy that follows it.
    ///
    /// - Parameter assumedAttackers: how many multi-Krum stands against; `nil`: as many as it can.
    package func strategy(hyperparameters: [UInt8], assumedAttackers: Int? = nil) -> any Strategy {
        switch self {
        case .average: FederatedAveraging(hyperparameters: hyperparameters)
        case .normClipping: FederatedAveraging(name: rawValue, hyperparameters: hyperparameters)
        case .multiKrum: MultiKrum(assumedAttackers: assumedAttackers, hyperparameters: hyperparameters)
        case .median, .trimmedMean: RobustAveraging(self, hyperparameters: hyperparameters)
        }
    }

    /// The rule of a strategy's name; `nil` for names of other versions.
    package init?(strategy name: String) {
        if name == "fedavg" { self = .average } else { self.init(rawValue: name) }
    }
}

/// Rules that some of the workers cannot move far: each parameter is what the middle of the workers says. Every worker
/// counts once, whatever number of samples it claims. A group to which nobody contributed stays as it is.
///
/// The median stands as long as fewer than half of the workers are against it; the trimmed mean leaves out a fifth of them
/// at each end, rounded down, and stands as long as no more are: with fewer than five workers it is their plain mean. Of two
/// workers nobody can say which is off, and either rule gives the mean of both.
///
/// All contributions of a round are held until it ends: memory grows with workers times parameters, four bytes each.
///
/// Source: Yin, Chen, Ramchandran, Bartlett, "Byzantine-robust distributed learning: towards optimal statistical rates",
/// ICML 2018, definitions 1 and 2.
package struct RobustAveraging: RuleStrategy {
    /// Part of the workers that a trimmed mean leaves out at each end, as one in so many.
    package static let trimmedOneIn = 5

    /// `median` or `trimmed-mean`.
    package var name: String { rule.rawValue }
    /// A column of values needs all of them.
    package var holdsContributions: Bool { true }
    private let rule: AggregationRule
    /// What tells workers and sums up losses.
    package let plain: FederatedAveraging

    /// The strategy of a rule, with the learner's hyper-parameters, passed on as they are.
    ///
    /// - Precondition: the rule is ``AggregationRule/median`` or ``AggregationRule/trimmedMean``.
    package init(_ rule: AggregationRule, hyperparameters: [UInt8] = []) {
        precondition(rule == .median || rule == .trimmedMean, "other rules have strategies of their own")
        self.rule = rule
        plain = FederatedAveraging(hyperparameters: hyperparameters)
    }

    /// The rule, parameter by parameter.
    package func aggregateTraining(base: FederatedModel) -> any TrainingAggregator {
        Aggregator(base: base, rule: rule)
    }

    private struct Aggregator: TrainingAggregator {
        let base: FederatedModel
        let rule: AggregationRule
        var vectors: [String: [[Float]]] = [:]

        mutating func add(_ contribution: Contribution, from worker: String) {
            for group in contribution.groups { vectors[group.name, default: []].append(group.parameters) }
        }

        func result() -> FederatedModel {
            FederatedModel(
                context: base.context,
                groups: base.groups.map { group in
                    var next = group
                    if let given = vectors[group.name] { next.parameters = combined(given) }
                    return next
                })
        }

        private func combined(_ vectors: [[Float]]) -> [Float] {
            guard vectors.count > 1 else { return vectors[0] }
            // What is kept of the sorted values; the same whoever came first.
            let count = vectors.count
            let kept =
                rule == .median
                ? (count - 1) / 2..<count / 2 + 1
                : count / RobustAveraging.trimmedOneIn..<count - count / RobustAveraging.trimmedOneIn
            var column = [Float](repeating: 0, count: count)
            return vectors[0].indices.map { index in
                for (row, vector) in vectors.enumerated() { column[row] = vector[index] }
                column.sort()
                let sum = column[kept].reduce(0.0) { $0 + Double($1) }
                return Float(sum / Double(kept.count))
            }
        }
    }
}
