/// The mean of the contributions that are nearest to the others: each is judged by the sum of its squared distances to its
/// nearest n − f − 2 others, where f of n are assumed to mean ill, and the n − f of the least sum are averaged, each once.
/// A group to which nobody contributed stays as it is.
///
/// Stands as long as n ≥ 2f + 3; where f is larger than that it is taken for the largest that is not. With fewer than five
/// workers f is 0: nobody is left out, and the rule is the plain mean. Equal sums go by the workers' names.
///
/// All contributions of a round are held until it ends, and compared with each other: memory grows with workers times
/// parameters, time with the square of the workers.
///
/// Source: Blanchard, El Mhamdi, Guerraoui, Stainer, "Machine learning with adversaries: Byzantine tolerant gradient
/// descent", NeurIPS 2017, sections 3 and 4.
package struct MultiKrum: RuleStrategy {
    /// `multi-krum`.
    package let name = AggregationRule.multiKrum.rawValue
    /// Distances need both ends.
    package var holdsContributions: Bool { true }
    private let assumedAttackers: Int?
    /// What tells workers and sums up losses.
    package let plain: FederatedAveraging

    /// The rule with the learner's hyper-parameters, passed on as they are.
    ///
    /// - Parameter assumedAttackers: f; `nil`: as many as the rule stands against.
    package init(assumedAttackers: Int? = nil, hyperparameters: [UInt8] = []) {
        self.assumedAttackers = assumedAttackers
        plain = FederatedAveraging(hyperparameters: hyperparameters)
    }

    /// f with that many contributors.
    package static func attackers(among count: Int, assumed: Int?) -> Int {
        let most = max(0, (count - 3) / 2)
        return min(assumed ?? most, most)
    }

    /// The rule, group by group.
    package func aggregateTraining(base: FederatedModel) -> any TrainingAggregator {
        Aggregator(base: base, assumedAttackers: assumedAttackers)
    }

    private struct Aggregator: TrainingAggregator {
        private typealias Given = (worker: String, values: [Float])

        let base: FederatedModel
        let assumedAttackers: Int?
        private var vectors: [String: [Given]] = [:]

        init(base: FederatedModel, assumedAttackers: Int?) {
            self.base = base
            self.assumedAttackers = assumedAttackers
        }

        mutating func add(_ contribution: Contribution, from worker: String) {
            for group in contribution.groups { vectors[group.name, default: []].append((worker, group.parameters)) }
        }

        func result() -> FederatedModel {
            FederatedModel(
                context: base.context,
                groups: base.groups.map { group in
                    var next = group
                    if let given = vectors[group.name] {
                        var mean = WeightedAverage()
                        for index in chosen(of: given) { mean.add(given[index].values, weight: 1) }
                        next.parameters = mean.mean() ?? group.parameters
                    }
                    return next
                })
        }

        var leftOut: [String: [String]] {
            vectors.compactMapValues { given in
                let kept = Set(chosen(of: given))
                let names = given.indices.filter { !kept.contains($0) }.map { given[$0].worker }.sorted()
                return names.isEmpty ? nil : names
            }
        }

        private func chosen(of given: [Given]) -> [Int] {
            let count = given.count
            let attackers = MultiKrum.attackers(among: count, assumed: assumedAttackers)
            guard attackers > 0 else { return Array(given.indices) }
            var distances = [[Double]](repeating: [], count: count)
            for first in 0..<count {
                for second in first + 1..<count {
                    let distance = Self.squaredDistance(given[first].values, given[second].values)
                    distances[first].append(distance)
                    distances[second].append(distance)
                }
            }
            let sums = distances.map { $0.sorted().prefix(count - attackers - 2).reduce(0, +) }
            return given.indices.sorted { (sums[$0], given[$0].worker) < (sums[$1], given[$1].worker) }
                .prefix(count - attackers).sorted()
        }

        private static func squaredDistance(_ first: [Float], _ second: [Float]) -> Double {
            var sum = 0.0
            for index in first.indices {
                let difference = Double(first[index]) - Double(second[index])
                sum += difference * difference
            }
            return sum
        }
    }
}
