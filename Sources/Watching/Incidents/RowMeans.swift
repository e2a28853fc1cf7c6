import Telemetry

/// Means of an entity's rows over stretches of time, so that what comes faster than faults unfold is looked at as if it
/// came slower. Bounded: one row. A value: the same rows give the same means.
struct RowMeans: Sendable {
    /// What a stretch comes to.
    struct Row: Sendable {
        /// The mean of each column's finite values; not finite where there was none.
        var values: [Double]
        /// When its last row came.
        var time: Double
    }

    /// Seconds of a stretch; stretches begin at multiples of it, for all entities at the same times.
    private let seconds: Double
    private var sums: [Double]
    private var counts: [Double]
    /// The stretch that the latest row is in; `nil` before the first.
    private var stretch: Double?
    private var time = 0.0

    /// No row yet.
    init(over seconds: Double, columns: Int) {
        self.seconds = seconds
        sums = [Double](repeating: 0, count: columns)
        counts = sums
    }

    /// Takes in the next row; returns the stretch before it where that is over.
    mutating func append(_ row: some Collection<Double>, at time: Double) -> Row? {
        let mine = (time / seconds).rounded(.down)
        let finished = stretch == mine ? nil : finish()
        stretch = mine
        self.time = time
        for (column, value) in row.enumerated() where value.isFinite {
            counts[column] += 1
            // Values may be as large as numbers are.
            sums[column] += (value - sums[column]) / counts[column]
        }
        return finished
    }

    /// What the stretch of the latest row comes to, as if it were over; `nil` without a row since the last one.
    mutating func finish() -> Row? {
        guard stretch != nil else { return nil }
        let row = Row(values: sums.indices.map { counts[$0] > 0 ? sums[$0] : .nan }, time: time)
        for column in sums.indices { (sums[column], counts[column]) = (0, 0) }
        stretch = nil
        return row
    }
}

extension DetectorSamples {
    /// Means over stretches of so many seconds; none reaches over a gap.
    func means(over seconds: Double) -> DetectorSamples {
        var means = RowMeans(over: seconds, columns: metricCount)
        var (times, values): ([Double], [Double]) = ([], [])
        func add(_ row: RowMeans.Row?) {
            guard let row else { return }
            times.append(row.time)
            values += row.values
        }
        for segment in segments {
            for index in segment { add(means.append(row(index), at: self.times[index])) }
            add(means.finish())
        }
        return DetectorSamples(metrics: metrics, groups: groups, times: times, values: values)
    }
}
