/// Consecutive samples of one entity with their scores.
package struct ScoredBlock: Sendable {
    /// `site/entity`.
    package var entity: String
    /// The scored groups, the combined one (`site`) last, `[G]`.
    package var groups: [String]
    /// Index of each sample among the entity's rows, `[N]`.
    package var indices: [Int]
    /// Time of each sample in seconds, `[N]`.
    package var times: [Double]
    /// Score of each group at each sample, `[G][N]`.
    package var scores: [[Double]]
    /// Threshold of each group at each sample, `[G][N]`.
    package var thresholds: [[Double]]
    /// Whether an alarm of each group stands at each sample, `[G][N]`.
    package var alarms: [[Bool]]
    /// The metrics, `[F]`.
    package var metrics: [String]
    /// The resource group of each metric, `[F]`.
    package var metricGroups: [String]
    /// What each metric adds at each sample, row-major `[N × F]`.
    package var deviations: [Double]
    /// Its weight as a root cause, `[N × F]`.
    package var causes: [Double]
    /// Its side: 1 above, −1 below what is expected, `[N × F]`.
    package var signs: [Int8]
    /// Its value, cleaned and in its own unit, `[N × F]`.
    package var values: [Double]

    /// Adds the samples that follow.
    ///
    /// - Precondition: they belong to the same entity.
    package mutating func append(_ other: ScoredBlock) {
        precondition(entity == other.entity && groups == other.groups && metrics == other.metrics, "same entity")
        indices += other.indices
        times += other.times
        for group in groups.indices {
            scores[group] += other.scores[group]
            thresholds[group] += other.thresholds[group]
            alarms[group] += other.alarms[group]
        }
        deviations += other.deviations
        causes += other.causes
        signs += other.signs
        values += other.values
    }
}
