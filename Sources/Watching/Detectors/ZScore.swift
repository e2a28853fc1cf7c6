internal import Numerics
internal import Platform

/// Distance from the metric's centre in units of its spread.
package struct ZScoreDetector: MetricDetector {
    /// F names.
    package let metrics: [String]
    /// Mean or median of each metric.
    package let centre: [Double]
    /// Standard deviation, or what estimates it robustly, of each metric; positive.
    package let spread: [Double]
    /// Largest deviation; a metric that was constant would drown all others without it.
    package let cap: Double

    /// A scorer; it has no memory.
    package func makeScorer() -> any MetricScorer { Scorer(detector: self) }

    private struct Scorer: MetricScorer {
        let detector: ZScoreDetector

        mutating func startSegment() {}

        func save(to state: inout StateWriter) {}

        mutating func restore(from state: inout StateReader) {}

        mutating func score(_ row: StreamRow, after past: AlarmPast, into output: DeviationBuffers) {
            let row = row.values
            for metric in row.indices {
                let z = (row[metric] - detector.centre[metric]) / detector.spread[metric]
                output.deviations[metric] = min(abs(z), detector.cap)
                output.causes[metric] = output.deviations[metric]
                output.signs[metric] = z > 0 ? 1 : z < 0 ? -1 : 0
            }
        }
    }
}

/// The fit of ``ZScoreDetector``: means and standard deviations in two passes, or median and quartiles in one.
package struct ZScoreFit: DetectorFit {
    private enum Pass: Codable {
        case means
        case spreads(means: [Double])
        case quartiles(precision: Int)
    }

    private let metrics: [String]
    private let cap: Double
    private var pass: Pass

    /// Mean and standard deviation.
    package init(metrics: [String], cap: Double = 100) {
        self.metrics = metrics
        self.cap = cap
        pass = .means
    }

    /// Median and interquartile range / 1.349, which is the standard deviation of a normal distribution.
    ///
    /// - Parameter precision: of the sketches; see ``DistributionSketch``.
    package init(robust metrics: [String], cap: Double = 100, precision: Int) {
        self.metrics = metrics
        self.cap = cap
        pass = .quartiles(precision: precision)
    }

    package func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary {
        try part.samples.require(metrics)
        switch pass {
        case .means: return part.sums()
        case .spreads(let means): return part.squares(around: means)
        case .quartiles(let precision):
            return FitSummary(sketches: part.columns().map { DistributionSketch($0, precision: precision) })
        }
    }

    package mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector? {
        switch pass {
        case .means:
            pass = .spreads(means: try summary.means())
            return nil
        case .spreads(let means):
            let spread = try summary.means().indices.map { metric in
                max(
                    summary.mean(metric).squareRoot(),
                    SpreadFloor.floor(
                        minimum: summary.minima[metric], maximum: summary.maxima[metric], centre: means[metric]))
            }
            return .zScore(ZScoreDetector(metrics: metrics, centre: means, spread: spread, cap: cap))
        case .quartiles:
            try summary.requireSketches(metrics.count)
            var centre: [Double] = []
            var spread: [Double] = []
            for sketch in summary.sketches {
                let quartiles = sketch.quantiles([0.25, 0.5, 0.75])
                centre.append(quartiles[1])
                spread.append(
                    max(
                        (quartiles[2] - quartiles[0]) / 1.349,
                        SpreadFloor.floor(minimum: sketch.minimum, maximum: sketch.maximum, centre: quartiles[1])))
            }
            return .zScore(ZScoreDetector(metrics: metrics, centre: centre, spread: spread, cap: cap))
        }
    }
}

/// The least spread that a metric is given, so that one that hardly moves is watched closely but not infinitely so.
package enum SpreadFloor {
    /// A thousandth of the metric's range; for a constant metric a thousandth of its magnitude, at least 10⁻⁶.
    package static func floor(minimum: Double, maximum: Double, centre: Double) -> Double {
        let range = maximum - minimum
        return range > 0 ? 1e-3 * range : max(1e-3 * abs(centre), 1e-6)
    }
}

extension DetectorSamples {
    /// - Throws: ``DetectionError`` (`mismatch`) when these are not the metrics asked for.
    package func require(_ expected: [String]) throws(DetectionError) {
        guard metrics == expected else {
            let missing = expected.first { !metrics.contains($0) }
            throw DetectionError(
                .mismatch, "reading samples",
                missing.map { "the metric \($0) is missing" }
                    ?? "\(metrics.count) metrics, expected \(expected.count) in the model's order")
        }
    }
}

extension TrainingPart {
    /// The values of each metric over the rows that count, `[F][n]`.
    func columns() -> [[Double]] {
        let width = samples.metricCount
        return (0..<width).map { metric in
            var column: [Double] = []
            column.reserveCapacity(count)
            for range in rows {
                for row in range { column.append(samples.values[row * width + metric]) }
            }
            return column
        }
    }

    /// The sum of each metric, and last the number of rows; extremes beside them.
    func sums() -> FitSummary { summary { value, _ in value } }

    /// The sum of squared distances from `centres` of each metric, and last the number of rows; extremes beside them.
    func squares(around centres: [Double]) -> FitSummary {
        summary { value, metric in (value - centres[metric]) * (value - centres[metric]) }
    }

    private func summary(_ term: (Double, Int) -> Double) -> FitSummary {
        let width = samples.metricCount
        var result = FitSummary(
            sums: [ExactSum](repeating: ExactSum(), count: width + 1),
            minima: [Double](repeating: .infinity, count: width),
            maxima: [Double](repeating: -.infinity, count: width))
        for metric in 0..<width {
            for range in rows {
                for row in range {
                    let value = samples.values[row * width + metric]
                    result.sums[metric].add(term(value, metric))
                    result.minima[metric] = min(result.minima[metric], value)
                    result.maxima[metric] = max(result.maxima[metric], value)
                }
            }
        }
        result.sums[width].add(Double(count))
        return result
    }
}

extension FitSummary {
    /// Each sum over the last one, which counts rows.
    func means() throws(DetectionError) -> [Double] {
        guard sums.count > 0, sums[sums.count - 1].value > 0 else {
            throw DetectionError(.insufficientData, "fitting a detector", "no rows to learn from")
        }
        return (0..<sums.count - 1).map(mean)
    }

    /// One sum over the last one, which counts rows.
    func mean(_ index: Int) -> Double { sums[index].value / sums[sums.count - 1].value }

    /// - Throws: ``DetectionError`` (`insufficientData`) unless there are `count` sketches, none of them empty.
    func requireSketches(_ count: Int) throws(DetectionError) {
        guard sketches.count == count, sketches.allSatisfy({ $0.count > 0 }) else {
            throw DetectionError(.insufficientData, "fitting a detector", "no rows to learn from")
        }
    }
}
