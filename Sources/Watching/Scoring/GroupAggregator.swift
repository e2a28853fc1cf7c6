/// From one row's metrics to its groups: the mean deviation and the most surprising metric of each. Metrics that are
/// away, or came back too short a time ago, are left out: the others go on as if they were all.
struct GroupAggregator: Sendable {
    /// What the metrics of a group come to.
    struct Sum: Sendable {
        /// The mean deviation.
        var deviation = 0.0
        /// The largest surprise.
        var surprise = 0.0
        /// Both without what only shows the way back from an earlier deviation: what alarms are decided by.
        var settledDeviation = 0.0
        var settledSurprise = 0.0

        fileprivate mutating func add(
            _ deviation: Double, _ surprise: Double, settled: Double, settledSurprise settledPeak: Double
        ) {
            self.deviation += deviation
            self.surprise = max(self.surprise, surprise)
            settledDeviation += settled
            settledSurprise = max(settledSurprise, settledPeak)
        }
    }

    /// Each scored group's; the combined one last, `[G]`.
    private(set) var sums: [Sum]
    private let members: [Int]
    private let sizes: [Double]
    /// Metrics that are there, `[G]`.
    private var present: [Double]
    /// Rows that a metric has to be there again before it counts.
    private let settling: Int32

    init(groups: [String], settling: Int = 0) {
        let scored = EntityModel.scoredGroups(groups)
        let combined = scored.count - 1
        members = groups.map { group in scored.firstIndex(of: group) ?? combined }
        var sizes = [Double](repeating: 0, count: scored.count)
        for member in members { sizes[member] += 1 }
        sizes[combined] = Double(max(1, groups.count))
        self.sizes = sizes
        self.settling = Int32(clamping: settling)
        present = sizes
        sums = [Sum](repeating: Sum(), count: scored.count)
    }

    /// Takes in a row. What it says of metrics that are left out is taken away.
    mutating func update(_ row: DeviationBuffers, ages: UnsafeBufferPointer<Int32>) {
        let combined = sums.count - 1
        for group in sums.indices {
            sums[group] = Sum()
            present[group] = sizes[group]
        }
        for (metric, member) in members.enumerated() {
            if ages[metric] <= settling {
                row.clear(metric)
                if member < combined { present[member] -= 1 }
                present[combined] -= 1
                continue
            }
            let (deviation, surprise) = (row.deviations[metric], row.surprises[metric])
            let settled = deviation - row.returnedDeviations[metric]
            let settledSurprise = surprise - row.returnedSurprises[metric]
            if member < combined {
                sums[member].add(deviation, surprise, settled: settled, settledSurprise: settledSurprise)
            }
            sums[combined].add(deviation, surprise, settled: settled, settledSurprise: settledSurprise)
        }
        for group in sums.indices where present[group] > 0 {
            sums[group].deviation /= present[group]
            sums[group].settledDeviation /= present[group]
        }
    }
}
