package import Platform

/// The shipped detector: each metric is looked at in many ways (``MetricView``), and each view is held against its own
/// normal range at several depths.
///
/// A view's deviation is its distance outside the range between two quantiles, in units of that range, capped, and
/// averaged over the quantile levels; a metric's deviation is the mean over all views (an unready view says nothing,
/// it does not raise the others). What a metric has shown for long is partly forgiven, so that drift does not alarm
/// forever.
///
/// It has what makes simple detectors strong (ranges that many small violations cross, no assumption of a shape, caps
/// so that one metric cannot drown the others) and sees what they cannot: changes within the range, unusual times of
/// day, changed noise, broken correlations. No weight in it was fitted to labels.
package struct MultiViewDetector: MetricDetector {
    /// The normal range of one view of each metric at each quantile level, `[levels × F]`, row-major.
    package struct Band: Codable, Sendable {
        /// Lower ends.
        @Shelved package private(set) var low: [Double]
        /// Upper ends.
        @Shelved package private(set) var high: [Double]
        /// Units of distance; positive.
        @Shelved package private(set) var width: [Double]
    }

    /// F names.
    package let metrics: [String]
    /// What the views need.
    package let parameters: ViewParameters
    /// The range of each view; `nil` for one that never was warm in training.
    package let bands: [Band?]
    /// Samples of the longest entity in training.
    package let trainingSamples: Double
    /// How far each view of each metric goes in normal operation, `[V × F]`; empty before calibration.
    @Shelved package private(set) var usualExcursions: [Double] = []

    /// The tails left out of a range, from its shallowest level to its deepest.
    package static let tails = [0.02, 0.005, 0.001]
    /// Largest distance that counts in a deviation, in ranges.
    package static let cap = 5.0
    /// The level whose distances count for surprises.
    static let surpriseLevel = 1
    /// Samples over which a surprise is averaged.
    static let surpriseWindow = 16
    /// Largest distance that counts in a surprise, and largest surprise.
    static let surpriseCaps = (distance: 100.0, ratio: 20.0)
    /// The quantile of held-out excursions that is usual, and the least that is.
    static let usual = (quantile: 0.999, least: 0.1)

    init(
        metrics: [String], parameters: ViewParameters, bands: [Band?], trainingSamples: Double
    ) {
        self.metrics = metrics
        self.parameters = parameters
        self.bands = bands
        self.trainingSamples = trainingSamples
    }

    /// Time constant of what is forgiven, in samples: a tenth of the training part.
    package var adaptationTime: Double { max(200, 0.1 * trainingSamples) }

    /// As far back as views look.
    package var memory: Int { parameters.views.map(\.warmUp).max() ?? 0 }

    /// Whether a view takes part in surprises: its window must fit the training part often enough for its tail.
    func surprises(_ view: Int) -> Bool {
        bands[view] != nil && trainingSamples >= 100 * Double(parameters.views[view].window)
    }

    /// Learns how far views go in normal operation.
    ///
    /// - Parameters:
    ///   - excursions: those of held-out samples, for each entity.
    ///   - samples: number of held-out samples.
    mutating func calibrateSurprises(_ excursions: [[ViewExcursion]], samples: Int) {
        var found = [[Double]](repeating: [], count: parameters.views.count * metrics.count)
        for excursion in excursions.joined() { found[Int(excursion.cell)].append(excursion.value) }
        usualExcursions = found.map { values in
            let sorted = values.sorted()
            // All samples without an excursion are zeros below the sorted ones.
            func orderStatistic(_ rank: Int) -> Double {
                rank < samples - sorted.count ? 0 : sorted[rank - (samples - sorted.count)]
            }
            let position = Self.usual.quantile * Double(max(0, samples - 1))
            let low = Int(position)
            guard low + 1 < samples else { return max(sorted.last ?? 0, Self.usual.least) }
            let lower = orderStatistic(low)
            let quantile = lower + (orderStatistic(low + 1) - lower) * (position - Double(low))
            return max(quantile, Self.usual.least)
        }
    }

    /// An excursion in units of what is usual for its view and metric, capped.
    func surprise(_ excursion: ViewExcursion) -> Double {
        min(excursion.value / usualExcursions[Int(excursion.cell)], Self.surpriseCaps.ratio)
    }

    /// Views that have a say in surprises.
    var surprisingViews: Int { parameters.views.indices.count(where: surprises) }

    /// A scorer at the start of an entity's stream.
    package func makeScorer() -> any MetricScorer { MultiViewScorer(self) }
}

/// How far one view of one metric is outside its range, averaged over a few samples.
package struct ViewExcursion: Sendable {
    /// The sample.
    let row: Int
    /// View × F + metric.
    let cell: Int32
    /// The distance in ranges; positive.
    let value: Double
}

/// The surprise of each metric at one sample: the mean of its two most surprised views, so that one view alone has to
/// be twice as sure.
struct MetricSurprises: Sendable {
    private var first: [Double]
    private var second: [Double]
    private let divisor: Double

    init(_ detector: MultiViewDetector) {
        first = [Double](repeating: 0, count: detector.metrics.count)
        second = first
        divisor = detector.surprisingViews > 1 ? 2 : 1
    }

    mutating func clear() {
        for metric in first.indices {
            first[metric] = 0
            second[metric] = 0
        }
    }

    mutating func add(_ excursion: ViewExcursion, by detector: MultiViewDetector) {
        let metric = Int(excursion.cell) % first.count
        let surprise = detector.surprise(excursion)
        if surprise > first[metric] {
            second[metric] = first[metric]
            first[metric] = surprise
        } else {
            second[metric] = max(second[metric], surprise)
        }
    }

    func write(to surprises: UnsafeMutableBufferPointer<Double>) {
        for metric in first.indices {
            surprises[metric] = (first[metric] + (divisor > 1 ? second[metric] : 0)) / divisor
        }
    }
}
