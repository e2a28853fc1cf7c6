package import Platform

/// The scores of consecutive rows of an entity. A stream adds rows at its end and lets go of the oldest.
package struct EntityScores: Sendable {
    /// The scored groups, the combined one last, `[G]`.
    package let groups: [String]
    /// Time of each sample in seconds, `[N]`.
    package private(set) var times: [Double]
    /// The score of each group at each sample, `[G][N]`.
    package private(set) var scores: [[Double]]
    /// The threshold of each group's score at each sample, `[G][N]`; it adapts to drift.
    package private(set) var thresholds: [[Double]]
    /// Whether an alarm of each group stands at each sample, `[G][N]`.
    package private(set) var alarms: [[Bool]]
    /// What was found metric by metric.
    package internal(set) var found: MetricDeviations

    /// N: number of samples.
    package var count: Int { times.count }
    /// The index of the combined score among the groups.
    package var combined: Int { groups.count - 1 }

    /// Memory that a row takes.
    package var bytesPerRow: Int { 8 + groups.count * 18 + found.bytesPerRow }

    /// No sample yet.
    package init(of model: EntityModel) {
        groups = model.scoredGroups
        times = []
        found = MetricDeviations(metrics: model.metrics, rows: 0)
        scores = groups.map { _ in [] }
        thresholds = scores
        alarms = groups.map { _ in [] }
    }

    /// Streams an entity's samples through a model.
    ///
    /// - Precondition: the samples have the model's metrics.
    init(model: EntityModel, samples: DetectorSamples) {
        var scorer = EntityScorer(model: model)
        self.init(of: model)
        scorer.append(samples, to: &self)
    }

    /// Adds what the groups' scores came to at the row whose deviations were added last.
    ///
    /// - Parameter tolerated: how much further thresholds are, where the row is no alarm because the same was called false.
    mutating func appendRow(time: Double, _ judged: [GroupScore], tolerated: FalseAlarmTolerance.Reach? = nil) {
        times.append(time)
        for group in judged.indices {
            let further = tolerated.map { group < $0.groups.count ? $0.groups[group] : $0.combined } ?? 1
            scores[group].append(judged[group].score)
            thresholds[group].append(judged[group].threshold * further)
            alarms[group].append(judged[group].isAlarm && tolerated == nil)
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
        }
        found.append(next.found)
    }

    /// Lets go of the first rows.
    package mutating func removeFirst(_ rows: Int) {
        guard rows > 0 else { return }
        times.removeFirst(rows)
        for group in groups.indices {
            scores[group].removeFirst(rows)
            thresholds[group].removeFirst(rows)
            alarms[group].removeFirst(rows)
        }
        found.removeFirst(rows)
    }
}

extension EntityScores: StreamState {
    /// Writes all rows.
    package func save(to state: inout StateWriter) {
        state.append(times)
        for group in groups.indices {
            state.append(scores[group])
            state.append(thresholds[group])
            state.append(alarms[group])
        }
        found.save(to: &state)
    }

    /// Takes up rows of the same model.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        times = try state.doubles()
        for group in groups.indices {
            scores[group] = try state.doubles(count: times.count)
            thresholds[group] = try state.doubles(count: times.count)
            alarms[group] = try state.bools(count: times.count)
        }
        try found.restore(rows: times.count, from: &state)
    }
}

extension EntityScores {
    /// Lets go of all rows; the memory stays.
    package mutating func removeAll() { removeFirst(count) }

    /// The combined score of a row in units of its threshold; 0 where that says nothing.
    package func ratio(_ row: Int) -> Double { ratio(row, of: combined) }

    /// The same of a group's score.
    package func ratio(_ row: Int, of group: Int) -> Double {
        let (score, threshold) = (scores[group][row], thresholds[group][row])
        return threshold > 0 && threshold.isFinite && score.isFinite ? score / threshold : 0
    }
}
