/// The scores of all samples of an entity.
package struct EntityScores: Sendable {
    /// The scored groups, the combined one last, `[G]`.
    package let groups: [String]
    /// Time of each sample in seconds, `[N]`.
    package let times: [Double]
    /// The score of each group at each sample, `[G][N]`.
    package private(set) var scores: [[Double]]
    /// The threshold of each group's score at each sample, `[G][N]`; it adapts to drift.
    package private(set) var thresholds: [[Double]]
    /// Whether an alarm of each group stands at each sample, `[G][N]`. A single metric may raise one while the score
    /// is below its threshold.
    package private(set) var alarms: [[Bool]]
    /// What was found metric by metric.
    package private(set) var found: MetricDeviations

    /// N: number of samples.
    package var count: Int { times.count }
    /// The index of the combined score among the groups.
    package var combined: Int { groups.count - 1 }

    /// Streams an entity's samples through a model.
    ///
    /// - Precondition: the samples have the model's metrics.
    init(model: EntityModel, samples: DetectorSamples) {
        let groups = model.scoredGroups
        self.groups = groups
        times = samples.times
        found = MetricDeviations(metrics: model.metrics, rows: samples.count)
        scores = groups.map { _ in [Double](repeating: 0, count: samples.count) }
        thresholds = scores
        alarms = groups.map { _ in [Bool](repeating: false, count: samples.count) }
        var scorer = EntityScorer(model: model)
        for segment in samples.segments {
            scorer.startSegment()
            for row in segment {
                scorer.update(time: samples.times[row], row: samples.row(row))
                found.replaceRow(row, with: scorer.found)
                for group in groups.indices {
                    let found = scorer.score(of: group)
                    scores[group][row] = found.score
                    thresholds[group][row] = found.threshold
                    alarms[group][row] = found.isAlarm
                }
            }
        }
    }
}
