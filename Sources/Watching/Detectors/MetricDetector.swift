/// A fitted detector: says of every sample how far each metric deviates from normal. 0 is normal; the scale is the
/// detector's own, and calibration makes scores comparable.
package protocol MetricDetector: Codable, Sendable {
    /// F: the metrics it was fitted to.
    var metrics: [String] { get }
    /// A scorer at the start of an entity's stream.
    func makeScorer() -> any MetricScorer
}

/// Where a scorer writes what it finds in a sample, `[F]` each. Valid only during the call.
package struct DeviationBuffers {
    /// How far each metric deviates: finite, not negative. Scores are made of these.
    package let deviations: UnsafeMutableBufferPointer<Double>
    /// How much each metric looks like a cause: finite, not negative. Rankings of causes are made of these.
    package let causes: UnsafeMutableBufferPointer<Double>
    /// How surprising each metric is by itself, in units of what it does normally; 0 from detectors that cannot tell.
    package let surprises: UnsafeMutableBufferPointer<Double>
    /// The side of the deviation: 1 above what is expected, −1 below, 0 neither.
    package let signs: UnsafeMutableBufferPointer<Int8>
    /// The part of each deviation that only shows the way back from an earlier one: it scores, but raises no alarm; 0
    /// from detectors that cannot tell.
    package let returnedDeviations: UnsafeMutableBufferPointer<Double>
    /// The same part of each surprise.
    package let returnedSurprises: UnsafeMutableBufferPointer<Double>
    /// How much of all deviations is of each aspect (``ViewAspect``), `[A]`; 0 from detectors that cannot tell.
    package let aspects: UnsafeMutableBufferPointer<Double>
}

/// The state of a detector in one entity's stream. Samples come one by one, in order; a score depends on that sample
/// and earlier ones only, so that scores online and offline are the same bits.
package protocol MetricScorer: Sendable {
    /// Says that the next sample does not follow the last one: nothing may look back beyond it.
    mutating func startSegment()
    /// Judges the next sample, `[F]` finite values.
    mutating func score(time: Double, row: UnsafeBufferPointer<Double>, into output: DeviationBuffers)
    /// Adds how far single views of the latest sample are out of range, for calibration.
    func appendExcursions(row: Int, to excursions: inout [ViewExcursion])
}

extension MetricScorer {
    /// Adds nothing: the detector has no views.
    package func appendExcursions(row: Int, to excursions: inout [ViewExcursion]) {}
}

/// What a detector found in the samples of an entity, metric by metric.
package struct MetricDeviations: Sendable, Equatable {
    /// F names.
    package let metrics: [String]
    /// How far each metric deviates at each sample, `[N × F]`, row-major.
    package internal(set) var deviations: [Double]
    /// How much each metric looks like a cause, `[N × F]`, row-major.
    package internal(set) var causes: [Double]
    /// How surprising each metric is by itself, `[N × F]`, row-major.
    package internal(set) var surprises: [Double]
    /// The side: 1 above what is expected, −1 below, 0 neither; `[N × F]`, row-major.
    package internal(set) var signs: [Int8]
    /// The part of each deviation that only shows the way back from an earlier one, `[N × F]`, row-major.
    package internal(set) var returnedDeviations: [Double]
    /// The same part of each surprise, `[N × F]`, row-major.
    package internal(set) var returnedSurprises: [Double]
    /// How much of all metrics' deviations is of each aspect (``ViewAspect``), `[N × A]`, row-major.
    package internal(set) var aspects: [Double]
    /// A.
    package static let aspectCount = ViewAspect.allCases.count

    /// Nothing found in `rows` samples.
    package init(metrics: [String], rows: Int) {
        self.metrics = metrics
        deviations = [Double](repeating: 0, count: rows * metrics.count)
        causes = deviations
        surprises = deviations
        signs = [Int8](repeating: 0, count: deviations.count)
        returnedDeviations = deviations
        returnedSurprises = deviations
        aspects = [Double](repeating: 0, count: rows * Self.aspectCount)
    }

    /// Lets a scorer write one row.
    mutating func withRow(_ row: Int, _ body: (DeviationBuffers) -> Void) {
        let cells = row * metrics.count..<(row + 1) * metrics.count
        let aspectCells = row * Self.aspectCount..<(row + 1) * Self.aspectCount
        deviations.withUnsafeMutableBufferPointer { deviations in
            causes.withUnsafeMutableBufferPointer { causes in
                surprises.withUnsafeMutableBufferPointer { surprises in
                    signs.withUnsafeMutableBufferPointer { signs in
                        returnedDeviations.withUnsafeMutableBufferPointer { returnedDeviations in
                            returnedSurprises.withUnsafeMutableBufferPointer { returnedSurprises in
                                aspects.withUnsafeMutableBufferPointer { aspects in
                                    body(
                                        DeviationBuffers(
                                            deviations: UnsafeMutableBufferPointer(rebasing: deviations[cells]),
                                            causes: UnsafeMutableBufferPointer(rebasing: causes[cells]),
                                            surprises: UnsafeMutableBufferPointer(rebasing: surprises[cells]),
                                            signs: UnsafeMutableBufferPointer(rebasing: signs[cells]),
                                            returnedDeviations: UnsafeMutableBufferPointer(
                                                rebasing: returnedDeviations[cells]),
                                            returnedSurprises: UnsafeMutableBufferPointer(
                                                rebasing: returnedSurprises[cells]),
                                            aspects: UnsafeMutableBufferPointer(rebasing: aspects[aspectCells])))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Adds the rows of another.
    mutating func append(_ other: MetricDeviations) {
        deviations += other.deviations
        causes += other.causes
        surprises += other.surprises
        signs += other.signs
        returnedDeviations += other.returnedDeviations
        returnedSurprises += other.returnedSurprises
        aspects += other.aspects
    }

    /// Takes over the single row of another.
    mutating func replaceRow(_ row: Int, with other: MetricDeviations) {
        for aspect in 0..<Self.aspectCount { aspects[row * Self.aspectCount + aspect] = other.aspects[aspect] }
        let start = row * metrics.count
        for metric in metrics.indices {
            deviations[start + metric] = other.deviations[metric]
            causes[start + metric] = other.causes[metric]
            surprises[start + metric] = other.surprises[metric]
            signs[start + metric] = other.signs[metric]
            returnedDeviations[start + metric] = other.returnedDeviations[metric]
            returnedSurprises[start + metric] = other.returnedSurprises[metric]
        }
    }
}

extension MetricDetector {
    /// Scores a whole series by streaming it.
    package func deviations(of samples: DetectorSamples) -> MetricDeviations {
        precondition(samples.metricCount == metrics.count, "the detector knows other metrics")
        let width = metrics.count
        var found = MetricDeviations(metrics: metrics, rows: samples.count)
        var scorer = makeScorer()
        samples.values.withUnsafeBufferPointer { input in
            for segment in samples.segments {
                scorer.startSegment()
                for row in segment {
                    let values = UnsafeBufferPointer(rebasing: input[row * width..<(row + 1) * width])
                    found.withRow(row) { scorer.score(time: samples.times[row], row: values, into: $0) }
                }
            }
        }
        return found
    }
}
