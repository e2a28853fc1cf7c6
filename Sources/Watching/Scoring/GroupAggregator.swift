/// From one row's metrics to its groups: how far they deviate together. Metrics that are away, or came back too short a
/// time ago, are left out: the others go on as if they were all. Deviations that do not count (``DeviationLimits``) are 0.
struct GroupAggregator: Sendable {
    /// The deviation of each scored group; the combined one last, `[G]`: the mean over its metrics, and beside it the
    /// largest, weighted by ``MetricDetector/peakWeight(metrics:)``.
    private(set) var deviations: [Double]
    /// The same without what only says that metrics are back where they normally are, `[G]`: what alarms are decided with.
    private(set) var news: [Double]
    /// How much the metric of each scored group looks like a cause that does so most, `[G]`.
    private(set) var voices: [Double]
    private let members: [Int]
    private let sizes: [Double]
    private let peakWeights: [Double]
    /// Metrics that are there, `[G]`.
    private var present: [Double]
    private var peaks: [Double]
    private var newsPeaks: [Double]
    /// Rows that a metric has to be there again before it counts.
    private let settling: Int32
    private let limits: DeviationLimits?

    init(groups: [String], detector: FittedDetector, limits: DeviationLimits?) {
        let scored = EntityModel.scoredGroups(groups)
        let combined = scored.count - 1
        members = groups.map { group in scored.firstIndex(of: group) ?? combined }
        var sizes = [Double](repeating: 0, count: scored.count)
        for member in members { sizes[member] += 1 }
        sizes[combined] = Double(max(1, groups.count))
        self.sizes = sizes
        peakWeights = sizes.map { detector.peakWeight(metrics: Int($0)) / $0 }
        settling = Int32(clamping: detector.memory)
        self.limits = limits
        present = sizes
        deviations = [Double](repeating: 0, count: scored.count)
        peaks = deviations
        news = deviations
        newsPeaks = deviations
        voices = deviations
    }

    /// Takes in what was found in a row. What it says of metrics that are left out, or that does not count, is taken away.
    mutating func update(_ found: DeviationBuffers, of row: StreamRow) {
        let combined = deviations.count - 1
        for group in deviations.indices {
            deviations[group] = 0
            peaks[group] = 0
            news[group] = 0
            newsPeaks[group] = 0
            voices[group] = 0
            present[group] = sizes[group]
        }
        for (metric, member) in members.enumerated() {
            if row.ages[metric] <= settling {
                found.clear(metric)
                if member < combined { present[member] -= 1 }
                present[combined] -= 1
                continue
            }
            let deviation = found.deviations[metric]
            if let limits, deviation > 0 || found.causes[metric] > 0,
                limits.ignores(row.values[metric], sign: found.signs[metric], metric)
            {
                found.clear(metric)
                continue
            }
            voices[member] = max(voices[member], found.causes[metric])
            guard deviation > 0 else { continue }
            let fresh = deviation - found.returns[metric]
            if member < combined { add(deviation, fresh: fresh, to: member) }
            add(deviation, fresh: fresh, to: combined)
        }
        for group in deviations.indices where present[group] > 0 {
            deviations[group] = deviations[group] / present[group] + peaks[group] * peakWeights[group]
            news[group] = news[group] / present[group] + newsPeaks[group] * peakWeights[group]
        }
    }

    private mutating func add(_ deviation: Double, fresh: Double, to group: Int) {
        deviations[group] += deviation
        peaks[group] = max(peaks[group], deviation)
        news[group] += fresh
        newsPeaks[group] = max(newsPeaks[group], fresh)
    }
}
