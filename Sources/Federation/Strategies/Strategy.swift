/// How contributions become the next version: four verbs, configure and aggregate, for training and for evaluation.
package protocol Strategy: Sendable {
    /// As in configuration files.
    var name: String { get }
    /// Whether it needs all contributions of a round at once; otherwise a sum of them is enough.
    var holdsContributions: Bool { get }
    /// What the workers of a training round are told, in the learner's own format.
    func configureTraining(round: UInt32) -> [UInt8]
    /// Takes the contributions of a training round as they arrive.
    func aggregateTraining(base: FederatedModel) -> any TrainingAggregator
    /// What the workers of an evaluation are told.
    func configureEvaluation() -> [UInt8]
    /// Sums up the losses of a round of training or evaluation.
    func aggregateEvaluation(_ losses: RoundLosses) -> RoundSummary
}

/// Folds contributions into the next version; its result may not depend on their order.
package protocol TrainingAggregator: Sendable {
    /// Adds a contribution that has passed the gate.
    mutating func add(_ contribution: Contribution, from worker: String)
    /// The next version.
    func result() -> FederatedModel
    /// Workers of which nothing is in it, by group.
    var leftOut: [String: [String]] { get }
}

extension Strategy {
    /// A sum is enough.
    package var holdsContributions: Bool { false }
}

/// A strategy that differs from federated averaging in its rule alone.
package protocol RuleStrategy: Strategy {
    /// What tells workers and sums up losses.
    var plain: FederatedAveraging { get }
}

extension RuleStrategy {
    /// The hyper-parameters, the same in every round.
    package func configureTraining(round: UInt32) -> [UInt8] { plain.configureTraining(round: round) }

    /// The hyper-parameters.
    package func configureEvaluation() -> [UInt8] { plain.configureEvaluation() }

    /// Means weighted by samples, as federated averaging has them: they are only told.
    package func aggregateEvaluation(_ losses: RoundLosses) -> RoundSummary { plain.aggregateEvaluation(losses) }
}

extension TrainingAggregator {
    /// Nobody.
    package var leftOut: [String: [String]] { [:] }
}

/// The losses of a round, by worker and group.
package struct RoundLosses: Equatable, Sendable {
    /// One worker's losses on one group.
    package struct Entry: Equatable, Sendable {
        /// Samples behind the losses.
        package var sampleCount: UInt64
        /// With the version that the round started from.
        package var before: Double
        /// After local work.
        package var after: Double
    }

    /// By worker, then by group.
    package private(set) var entries: [String: [String: Entry]] = [:]

    /// No losses yet.
    package init() {}

    /// Adds a worker's losses. Figures have none.
    package mutating func add(_ contribution: Contribution, from worker: String) {
        for group in contribution.groups where !group.holdsFigures {
            entries[worker, default: [:]][group.name] = Entry(
                sampleCount: group.sampleCount, before: group.lossBefore, after: group.lossAfter)
        }
    }
}

/// What the log says about the losses of a round.
package struct RoundSummary: Equatable, Sendable {
    /// Mean held-out loss of the version that the round started from, weighted by samples; `nil` without losses.
    package var lossBefore: Double?
    /// The same after local work.
    package var lossAfter: Double?
    /// Mean loss before, by group.
    package var groupLossBefore: [String: Double] = [:]
    /// Mean loss before, by site.
    package var siteLossBefore: [String: Double] = [:]

    /// A summary without losses.
    package init() {}
}
