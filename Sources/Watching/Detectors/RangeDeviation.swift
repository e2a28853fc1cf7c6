internal import Platform

/// Distance outside the metric's normal range, in units of that range.
package struct RangeDetector: MetricDetector {
    /// F names.
    package let metrics: [String]
    /// Lower end of each metric's range.
    package let low: [Double]
    /// Upper end.
    package let high: [Double]
    /// The unit of the distance; positive.
    package let width: [Double]
    /// Largest distance.
    package let cap: Double
    /// Whether the square root of the distance is taken, which weighs many small violations above one large one.
    package let takesRoot: Bool

    /// A scorer; it has no memory.
    package func makeScorer() -> any MetricScorer { Scorer(detector: self) }

    private struct Scorer: MetricScorer {
        let detector: RangeDetector

        mutating func startSegment() {}

        func save(to state: inout StateWriter) {}

        mutating func restore(from state: inout StateReader) {}

        mutating func score(_ row: StreamRow, after past: AlarmPast, into output: DeviationBuffers) {
            let row = row.values
            for metric in row.indices {
                let above = row[metric] - detector.high[metric]
                let below = detector.low[metric] - row[metric]
                let distance = min(max(0, above, below) / detector.width[metric], detector.cap)
                output.deviations[metric] = detector.takesRoot ? distance.squareRoot() : distance
                output.causes[metric] = output.deviations[metric]
                output.signs[metric] = above > 0 ? 1 : below > 0 ? -1 : 0
            }
        }
    }
}

/// The fit of ``RangeDetector``: extremes, or quantiles, in one pass.
package struct RangeFit: DetectorFit {
    private let metrics: [String]
    /// Probability left out at each end; 0: the extremes themselves.
    private let tail: Double
    private let cap: Double
    private let takesRoot: Bool
    private let precision: Int

    /// The range from the smallest to the largest value.
    package init(metrics: [String], cap: Double = 100) {
        self.metrics = metrics
        self.cap = cap
        tail = 0
        takesRoot = false
        precision = 0
    }

    /// The range between the quantiles `tail` and 1 − `tail`, capped, with the square root.
    ///
    /// - Parameter precision: of the sketches; see ``DistributionSketch``.
    package init(metrics: [String], tail: Double, cap: Double = 5, precision: Int) {
        precondition(tail > 0 && tail < 0.5, "a tail is between 0 and a half")
        self.metrics = metrics
        self.tail = tail
        self.cap = cap
        takesRoot = true
        self.precision = precision
    }

    package func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary {
        try part.samples.require(metrics)
        if tail == 0 { return part.sums() }
        return FitSummary(sketches: part.columns().map { DistributionSketch($0, precision: precision) })
    }

    package mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector? {
        var low: [Double] = []
        var high: [Double] = []
        var width: [Double] = []
        if tail == 0 {
            let means = try summary.means()
            (low, high) = (summary.minima, summary.maxima)
            for metric in means.indices {
                let range = high[metric] - low[metric]
                width.append(
                    range > 0
                        ? range : SpreadFloor.floor(minimum: low[metric], maximum: high[metric], centre: means[metric]))
            }
        } else {
            try summary.requireSketches(metrics.count)
            for sketch in summary.sketches {
                let ends = sketch.quantiles([tail, 0.5, 1 - tail])
                low.append(ends[0])
                high.append(ends[2])
                let floor = SpreadFloor.floor(minimum: sketch.minimum, maximum: sketch.maximum, centre: ends[1])
                width.append(max(ends[2] - ends[0], floor))
            }
        }
        return .range(
            RangeDetector(metrics: metrics, low: low, high: high, width: width, cap: cap, takesRoot: takesRoot))
    }
}
