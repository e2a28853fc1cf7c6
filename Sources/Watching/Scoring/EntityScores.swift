/// The scores of all samples of an entity.
package struct EntityScores: Sendable {
    /// The scored groups, the combined one last, `[G]`.
    package let groups: [String]
    /// Time of each sample in seconds, `[N]`.
    package private(set) var times: [Double]
    /// The score of each group at each sample, `[G][N]`.
    package private(set) var scores: [[Double]]
    /// The threshold of each group's score at each sample, `[G][N]`; it adapts to drift.
    package private(set) var thresholds: [[Double]]
    /// Whether an alarm of each group stands at each sample, `[G][N]`. A single metric may raise one; the threshold is
    /// lowered then.
    package private(set) var alarms: [[Bool]]
    /// Whether that alarm stands for a single metric's sake alone, `[G][N]`.
    package private(set) var singleAlarms: [[Bool]]
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
        var scorer = EntityScorer(model: model)
        self.init(streaming: samples, through: &scorer, continuing: false)
    }

    /// Streams the next samples of an entity through its scorer.
    ///
    /// - Parameter continuing: whether the first sample follows the last one that the scorer saw.
    /// - Precondition: the samples have the model's metrics.
    package init(streaming samples: DetectorSamples, through scorer: inout EntityScorer, continuing: Bool) {
        let groups = scorer.model.scoredGroups
        self.groups = groups
        times = samples.times
        found = MetricDeviations(metrics: scorer.model.metrics, rows: samples.count)
        scores = groups.map { _ in [Double](repeating: 0, count: samples.count) }
        thresholds = scores
        alarms = groups.map { _ in [Bool](repeating: false, count: samples.count) }
        singleAlarms = alarms
        for (index, segment) in samples.segments.enumerated() {
            if index > 0 || !continuing { scorer.startSegment() }
            for row in segment {
                scorer.update(time: samples.times[row], row: samples.row(row))
                found.replaceRow(row, with: scorer.found)
                for group in groups.indices {
                    let found = scorer.score(of: group)
                    scores[group][row] = found.score
                    thresholds[group][row] = found.threshold
                    alarms[group][row] = found.isAlarm
                    singleAlarms[group][row] = found.isSingle
                }
            }
        }
    }

    /// Adds the scores of the samples that follow.
    ///
    /// - Precondition: they are of the same model.
    package mutating func append(_ next: EntityScores) {
        precondition(groups == next.groups && found.metrics == next.found.metrics, "scores of the same model")
        times += next.times
        for group in groups.indices {
            scores[group] += next.scores[group]
            thresholds[group] += next.thresholds[group]
            alarms[group] += next.alarms[group]
            singleAlarms[group] += next.singleAlarms[group]
        }
        found.append(next.found)
    }
}
