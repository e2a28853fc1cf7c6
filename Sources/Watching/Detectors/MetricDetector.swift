package import Platform

/// A fitted detector: says of every sample how far each metric deviates from normal. 0 is normal; the scale is the
/// detector's own, and calibration makes scores comparable.
package protocol MetricDetector: Codable, Sendable {
    /// F: the metrics it was fitted to.
    var metrics: [String] { get }
    /// Whether it looks at what the autoencoders say (``StreamRow/residuals``).
    var needsResiduals: Bool { get }
    /// How much the most deviant metric of a group counts beside the mean of all of them, in metrics: 0 where the mean is
    /// all.
    func peakWeight(metrics: Int) -> Double
    /// Rows that a metric which was away has to be there again before what is said of it means something.
    var memory: Int { get }
    /// A scorer at the start of an entity's stream.
    func makeScorer() -> any MetricScorer
}

extension MetricDetector {
    /// It does not.
    package var needsResiduals: Bool { false }
    /// The mean is all.
    package func peakWeight(metrics: Int) -> Double { 0 }
    /// It judges each row by itself.
    package var memory: Int { 0 }
}

/// Where a scorer writes what it finds in a sample, `[F]` each. Valid only during the call.
package struct DeviationBuffers {
    /// How far each metric deviates: finite, not negative. Scores are made of these.
    package let deviations: UnsafeMutableBufferPointer<Double>
    /// How much of it only says that the metric is back where it normally is: no news, and no reason for an alarm. 0 before.
    package let returns: UnsafeMutableBufferPointer<Double>
    /// How much each metric changed: finite, not negative. What groups say by themselves is made of these, and which of them
    /// leads.
    package let causes: UnsafeMutableBufferPointer<Double>
    /// Where each value lies: 0 at the lower end of what is normal, 1 at the upper. Finite.
    package let places: UnsafeMutableBufferPointer<Float>
    /// The span of places in which each metric was seen so far; 0 from detectors that cannot tell.
    package let extents: UnsafeMutableBufferPointer<Float>
    /// The side of the deviation: 1 above what is expected, −1 below, 0 neither.
    package let signs: UnsafeMutableBufferPointer<Int8>
    /// How much of what is news in all deviations is of each aspect (``ViewAspect``), `[A]`; 0 from detectors that cannot tell.
    package let aspects: UnsafeMutableBufferPointer<Double>

    /// Says nothing of a metric.
    func clear(_ metric: Int) {
        deviations[metric] = 0
        returns[metric] = 0
        causes[metric] = 0
        extents[metric] = 0
        signs[metric] = 0
    }
}

/// The state of a detector in one entity's stream. Rows come one by one, in order; what is said of a row depends on
/// that row and earlier ones only, so that scores online and offline are the same bits.
package protocol MetricScorer: StreamState {
    /// Says that the next row does not follow the last one: nothing may look back beyond it.
    mutating func startSegment()
    /// Judges the next row. A metric that is away has a stand-in for a value; whatever is said of it does not count.
    ///
    /// - Parameter past: what alarms have told so far; it changes ``DeviationBuffers/returns`` alone.
    mutating func score(_ row: StreamRow, after past: AlarmPast, into output: DeviationBuffers)
}

/// What a detector found in the samples of an entity, metric by metric.
package struct MetricDeviations: Sendable, Equatable {
    /// F names.
    package let metrics: [String]
    /// How far each metric deviates at each sample, `[N × F]`, row-major.
    package internal(set) var deviations: [Double]
    /// How much each metric changed, `[N × F]`, row-major.
    package internal(set) var causes: [Double]
    /// Where each value lies: 0 at the lower end of what is normal, 1 at the upper; `[N × F]`, row-major.
    package internal(set) var places: [Float]
    /// The span of places in which each metric was seen up to each row, `[N × F]`, row-major; 0: nobody says.
    package internal(set) var extents: [Float]
    /// The side: 1 above what is expected, −1 below, 0 neither; `[N × F]`, row-major.
    package internal(set) var signs: [Int8]
    /// How much of what is news in all metrics' deviations is of each aspect (``ViewAspect``), `[N × A]`, row-major.
    package internal(set) var aspects: [Double]
    /// The latest row's returns, `[F]`: what alarms are decided with is not kept.
    private var returns: [Double]
    /// A.
    package static let aspectCount = ViewAspect.allCases.count

    /// Nothing found in `rows` samples.
    package init(metrics: [String], rows: Int) {
        self.metrics = metrics
        deviations = [Double](repeating: 0, count: rows * metrics.count)
        causes = deviations
        places = [Float](repeating: 0, count: deviations.count)
        extents = places
        signs = [Int8](repeating: 0, count: deviations.count)
        aspects = [Double](repeating: 0, count: rows * Self.aspectCount)
        returns = [Double](repeating: 0, count: metrics.count)
    }

    /// Whether both say the same of the same rows; what the latest row's returns were is no part of that.
    package static func == (one: MetricDeviations, other: MetricDeviations) -> Bool {
        one.metrics == other.metrics && one.deviations == other.deviations && one.causes == other.causes
            && one.places == other.places && one.extents == other.extents && one.signs == other.signs
            && one.aspects == other.aspects
    }

    /// Adds a row that `body` writes; it is all zeros before.
    mutating func appendRow(_ body: (DeviationBuffers) -> Void) {
        let width = metrics.count
        let (base, aspectBase) = (deviations.count, aspects.count)
        deviations.append(contentsOf: repeatElement(0, count: width))
        causes.append(contentsOf: repeatElement(0, count: width))
        places.append(contentsOf: repeatElement(0, count: width))
        extents.append(contentsOf: repeatElement(0, count: width))
        signs.append(contentsOf: repeatElement(0, count: width))
        aspects.append(contentsOf: repeatElement(0, count: Self.aspectCount))
        withCells(base..<base + width, aspects: aspectBase..<aspectBase + Self.aspectCount, body)
    }

    /// Lets a scorer write the first row.
    mutating func withFirstRow(_ body: (DeviationBuffers) -> Void) {
        withCells(0..<metrics.count, aspects: 0..<Self.aspectCount, body)
    }

    private mutating func withCells(
        _ cells: Range<Int>, aspects aspectCells: Range<Int>, _ body: (DeviationBuffers) -> Void
    ) {
        deviations.withUnsafeMutableBufferPointer { deviations in
            returns.withUnsafeMutableBufferPointer { returns in
                causes.withUnsafeMutableBufferPointer { causes in
                    places.withUnsafeMutableBufferPointer { places in
                        extents.withUnsafeMutableBufferPointer { extents in
                            signs.withUnsafeMutableBufferPointer { signs in
                                aspects.withUnsafeMutableBufferPointer { aspects in
                                    returns.update(repeating: 0)
                                    body(
                                        DeviationBuffers(
                                            deviations: UnsafeMutableBufferPointer(rebasing: deviations[cells]),
                                            returns: returns,
                                            causes: UnsafeMutableBufferPointer(rebasing: causes[cells]),
                                            places: UnsafeMutableBufferPointer(rebasing: places[cells]),
                                            extents: UnsafeMutableBufferPointer(rebasing: extents[cells]),
                                            signs: UnsafeMutableBufferPointer(rebasing: signs[cells]),
                                            aspects: UnsafeMutableBufferPointer(rebasing: aspects[aspectCells])))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Memory that a row takes.
    var bytesPerRow: Int { metrics.count * 25 + Self.aspectCount * 8 }

    /// Adds the rows of another.
    mutating func append(_ other: MetricDeviations) {
        deviations += other.deviations
        causes += other.causes
        places += other.places
        extents += other.extents
        signs += other.signs
        aspects += other.aspects
    }

    /// Lets go of the first rows.
    mutating func removeFirst(_ rows: Int) {
        let cells = rows * metrics.count
        deviations.removeFirst(cells)
        causes.removeFirst(cells)
        places.removeFirst(cells)
        extents.removeFirst(cells)
        signs.removeFirst(cells)
        aspects.removeFirst(rows * Self.aspectCount)
    }

    /// Writes all rows.
    func save(to state: inout StateWriter) {
        state.append(deviations)
        state.append(causes)
        state.append(places)
        state.append(extents)
        state.append(signs)
        state.append(aspects)
    }

    /// Takes up rows of the same metrics.
    mutating func restore(rows: Int, from state: inout StateReader) throws(StateError) {
        let cells = rows * metrics.count
        deviations = try state.doubles(count: cells)
        causes = try state.doubles(count: cells)
        places = try state.floats(count: cells)
        extents = try state.floats(count: cells)
        signs = try state.smallInts(count: cells)
        aspects = try state.doubles(count: rows * Self.aspectCount)
    }
}

extension MetricDetector {
    /// Judges a whole series and forgets what comes of it: what the detector's arithmetic costs.
    package func run(over samples: DetectorSamples) {
        precondition(samples.metricCount == metrics.count, "the detector knows other metrics")
        var found = MetricDeviations(metrics: metrics, rows: 1)
        var scorer = makeScorer()
        let cells = samples.cells
        for segment in samples.segments {
            scorer.startSegment()
            cells.forEach(segment) { _, row in found.withFirstRow { scorer.score(row, after: .none, into: $0) } }
        }
    }

    /// Scores a whole series by streaming it.
    package func deviations(of samples: DetectorSamples) -> MetricDeviations {
        precondition(samples.metricCount == metrics.count, "the detector knows other metrics")
        var found = MetricDeviations(metrics: metrics, rows: 0)
        var scorer = makeScorer()
        let cells = samples.cells
        for segment in samples.segments {
            scorer.startSegment()
            cells.forEach(segment) { _, row in found.appendRow { scorer.score(row, after: .none, into: $0) } }
        }
        return found
    }
}
