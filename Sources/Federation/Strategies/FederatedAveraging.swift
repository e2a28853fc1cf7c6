/// Federated averaging: the next parameters are the mean of the workers' parameters, weighted by their sample counts.
/// A group to which nobody contributed stays as it is.
///
/// Source: McMahan, Moore, Ramage, Hampson, Agüera y Arcas, "Communication-efficient learning of deep networks from
/// decentralized data", AISTATS 2017, algorithm 1.
package struct FederatedAveraging: Strategy {
    /// `fedavg`, where nothing is done to the changes before.
    package let name: String
    private let hyperparameters: [UInt8]

    /// The strategy with the learner's hyper-parameters, passed on as they are.
    package init(name: String = "fedavg", hyperparameters: [UInt8] = []) {
        self.name = name
        self.hyperparameters = hyperparameters
    }

    /// The hyper-parameters, the same in every round.
    package func configureTraining(round: UInt32) -> [UInt8] { hyperparameters }

    /// A weighted mean by group.
    package func aggregateTraining(base: FederatedModel) -> any TrainingAggregator { Aggregator(base: base) }

    /// The hyper-parameters.
    package func configureEvaluation() -> [UInt8] { hyperparameters }

    /// Means weighted by samples, summed in the order of the workers' names.
    package func aggregateEvaluation(_ losses: RoundLosses) -> RoundSummary {
        var summary = RoundSummary()
        var total = (weight: 0.0, before: 0.0, after: 0.0)
        var groups: [String: (weight: Double, before: Double)] = [:]
        for (_, byGroup) in losses.entries.sorted(by: { $0.key < $1.key }) {
            for (group, entry) in byGroup.sorted(by: { $0.key < $1.key }) {
                let weight = Double(entry.sampleCount)
                total.weight += weight
                total.before += weight * entry.before
                total.after += weight * entry.after
                let old = groups[group] ?? (0, 0)
                groups[group] = (old.weight + weight, old.before + weight * entry.before)
            }
        }
        guard total.weight > 0 else { return summary }
        summary.lossBefore = total.before / total.weight
        summary.lossAfter = total.after / total.weight
        summary.groupLossBefore = groups.mapValues { $0.before / $0.weight }
        return summary
    }

    private struct Aggregator: TrainingAggregator {
        let base: FederatedModel
        var averages: [String: WeightedAverage] = [:]

        mutating func add(_ contribution: Contribution, from worker: String) {
            for group in contribution.groups {
                averages[group.name, default: WeightedAverage()].add(group.parameters, weight: group.sampleCount)
            }
        }

        func result() -> FederatedModel {
            FederatedModel(
                context: base.context,
                groups: base.groups.map { group in
                    var next = group
                    if let mean = averages[group.name]?.mean() { next.parameters = mean }
                    return next
                })
        }
    }
}
