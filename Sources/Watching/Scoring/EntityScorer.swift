/// One entity's stream through a model: samples in, scores and alarms out, one by one.
package struct EntityScorer: Sendable {
    /// The model.
    package let model: EntityModel
    /// The score of each of ``EntityModel/scoredGroups`` at the latest sample.
    package var scores: [Double] { groups.map(\.score) }
    /// The threshold of each scored group's score at the latest sample; it adapts to drift.
    package var thresholds: [Double] { groups.map(\.threshold) }
    /// Whether an alarm of each scored group stands. A single metric may raise one; its threshold is lowered then.
    package var alarms: [Bool] { groups.map(\.isAlarm) }
    /// What was found in the latest sample, metric by metric: one row.
    package private(set) var found: MetricDeviations
    private var scorer: any MetricScorer
    private var groups: [GroupScore]
    private var aggregator: GroupAggregator

    /// A scorer before an entity's first sample.
    package init(model: EntityModel) {
        self.model = model
        scorer = model.detector.makeScorer()
        groups = model.calibrations.map {
            GroupScore(method: model.method, calibration: $0, adaptationTime: model.detector.adaptationTime)
        }
        aggregator = GroupAggregator(groups: model.groups)
        found = MetricDeviations(metrics: model.metrics, rows: 1)
        scorer.startSegment()
    }

    /// Says that the next sample does not follow the last one.
    package mutating func startSegment() {
        scorer.startSegment()
        for index in groups.indices { groups[index].restart() }
    }

    /// Takes in the next sample, cleaned, `[F]` finite values in the order of the model's metrics.
    ///
    /// - Precondition: there is a value for each metric.
    package mutating func update(time: Double, row: some Collection<Double>) {
        precondition(row.count == model.metrics.count, "one value for each metric")
        let done: Void? = row.withContiguousStorageIfAvailable { row in
            found.withRow(0) { scorer.score(time: time, row: row, into: $0) }
        }
        if done == nil {
            Array(row).withUnsafeBufferPointer { row in
                found.withRow(0) { scorer.score(time: time, row: row, into: $0) }
            }
        }
        aggregator.update(found)
        for group in groups.indices {
            groups[group].update(
                deviation: aggregator.means[group], withoutReturns: aggregator.settledMeans[group],
                single: aggregator.peaks[group], singleWithoutReturns: aggregator.settledPeaks[group])
        }
    }

    func score(of group: Int) -> (score: Double, threshold: Double, isAlarm: Bool, isSingle: Bool) {
        (groups[group].score, groups[group].threshold, groups[group].isAlarm, groups[group].isSingle)
    }
}

/// From one sample's metrics to its groups: the mean deviation and the most surprising metric of each.
struct GroupAggregator: Sendable {
    /// The mean deviation of each scored group; the combined one last.
    private(set) var means: [Double]
    /// The largest surprise of each scored group.
    private(set) var peaks: [Double]
    /// The same without what only shows the way back from an earlier deviation: what alarms are decided by.
    private(set) var settledMeans: [Double]
    private(set) var settledPeaks: [Double]
    private let members: [Int]
    private let sizes: [Double]

    init(groups: [String]) {
        let scored = EntityModel.scoredGroups(groups)
        let combined = scored.count - 1
        members = groups.map { group in scored.firstIndex(of: group) ?? combined }
        var sizes = [Double](repeating: 0, count: scored.count)
        for member in members { sizes[member] += 1 }
        sizes[combined] = Double(max(1, groups.count))
        self.sizes = sizes
        means = sizes
        peaks = sizes
        settledMeans = sizes
        settledPeaks = sizes
    }

    /// Takes in the row of a sample.
    mutating func update(_ found: MetricDeviations) {
        let combined = means.count - 1
        for group in means.indices {
            means[group] = 0
            peaks[group] = 0
            settledMeans[group] = 0
            settledPeaks[group] = 0
        }
        for (metric, member) in members.enumerated() {
            let (deviation, surprise) = (found.deviations[metric], found.surprises[metric])
            if member < combined {
                means[member] += deviation
                peaks[member] = max(peaks[member], surprise)
            }
            means[combined] += deviation
            peaks[combined] = max(peaks[combined], surprise)
            let settled = deviation - found.returnedDeviations[metric]
            let settledSurprise = surprise - found.returnedSurprises[metric]
            if member < combined {
                settledMeans[member] += settled
                settledPeaks[member] = max(settledPeaks[member], settledSurprise)
            }
            settledMeans[combined] += settled
            settledPeaks[combined] = max(settledPeaks[combined], settledSurprise)
        }
        for group in means.indices {
            means[group] /= sizes[group]
            settledMeans[group] /= sizes[group]
        }
    }
}
