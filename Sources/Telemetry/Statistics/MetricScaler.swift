import Glibc
public import Numerics

/// Maps cleaned values to the numbers that models see: (x − centre) / spread for each metric, from federated
/// statistics, with far values drawn in softly.
///
/// Up to `limit` spreads from the centre the map is linear. Beyond, it goes on as a logarithm,
/// `limit + ln(1 + |z| − limit)`: slope one at the joint, strictly monotone, so that a value ten times as far off
/// still scores higher, but one wild sample (5G3E's `speed_kmph` reaches −21,093) cannot rule a gradient.
public struct MetricScaler: Hashable, Sendable, Codable {
    /// How one metric is scaled.
    public struct Metric: Hashable, Sendable, Codable {
        /// The metric's name.
        public var name: String
        /// What maps to 0, in the metric's unit.
        public var centre: Double
        /// What maps to 1, as distance from the centre; positive.
        public var spread: Double
        /// The lowest value that is scaled linearly, in the metric's unit.
        public var lowerLimit: Double
        /// The highest value that is scaled linearly, in the metric's unit.
        public var upperLimit: Double

        /// A metric's scaling with every field given.
        public init(name: String, centre: Double, spread: Double, lowerLimit: Double, upperLimit: Double) {
            self.name = name
            self.centre = centre
            self.spread = spread
            self.lowerLimit = lowerLimit
            self.upperLimit = upperLimit
        }
    }

    /// Which statistics make centre and spread.
    public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
        /// Mean and standard deviation of the values drawn in to the quantiles `tailShare` and 1 − `tailShare`.
        case winsorised
        /// Median and interquartile range / 1.349 (a normal distribution's standard deviation).
        case robust
        /// Middle and half width of the range between the quantiles `tailShare` and 1 − `tailShare`.
        case range
    }

    /// The metrics, in column order.
    public let metrics: [Metric]

    /// A scaler with every metric given.
    public init(metrics: [Metric]) { self.metrics = metrics }

    private enum CodingKeys: String, CodingKey { case metrics }

    /// Reads a scaler.
    ///
    /// - Throws: `DecodingError` for a spread that is not positive, or limits that do not lie around the centre.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metrics = try container.decode([Metric].self, forKey: .metrics)
        let sound = metrics.allSatisfy { metric in
            metric.centre.isFinite && metric.spread.isFinite && metric.spread > 0
                && metric.lowerLimit <= metric.centre && metric.centre <= metric.upperLimit
        }
        guard sound else {
            throw DecodingError.dataCorruptedError(
                forKey: .metrics, in: container, debugDescription: "a metric cannot be scaled like this")
        }
    }

    /// A scaler from statistics.
    ///
    /// Where a method gives no spread (more than half of the values equal, say), the next gives it: winsorised, plain
    /// standard deviation, range; a constant gets spread 1.
    ///
    /// - Parameters:
    ///   - statistics: name and statistics of each metric, in column order.
    ///   - method: what makes centre and spread.
    ///   - tailShare: share of the values at each end that is not trusted.
    ///   - limit: how many spreads from the centre the scale is linear.
    public init(
        _ statistics: [(name: String, statistics: MetricStatistics)], method: Method = .winsorised,
        tailShare: Double = 0.005, limit: Double = 8
    ) {
        precondition(limit > 0 && tailShare >= 0 && tailShare < 0.5, "limit is positive, the share below one half")
        metrics = statistics.map { name, statistics in
            let (centre, spread) = Self.centreAndSpread(statistics, method, tailShare)
            // Finite, so that a value beyond what a double or a float holds lies beyond them.
            let most = Double.greatestFiniteMagnitude
            return Metric(
                name: name, centre: centre, spread: spread, lowerLimit: max(centre - limit * spread, -most),
                upperLimit: min(centre + limit * spread, most))
        }
    }

    private static func centreAndSpread(
        _ statistics: MetricStatistics, _ method: Method, _ tailShare: Double
    ) -> (Double, Double) {
        guard let drawnIn = statistics.winsorised(share: tailShare) else { return (0, 1) }
        var centre = drawnIn.mean
        var candidates = [drawnIn.standardDeviation, statistics.standardDeviation ?? 0]
        switch method {
        case .winsorised: break
        case .robust:
            centre = statistics.quantile(0.5) ?? centre
            let quartiles = (statistics.quantile(0.25) ?? 0, statistics.quantile(0.75) ?? 0)
            candidates.insert((quartiles.1 - quartiles.0) / 1.349, at: 0)
        case .range:
            centre = drawnIn.low / 2 + drawnIn.high / 2
            candidates.insert(drawnIn.high / 2 - drawnIn.low / 2, at: 0)
        }
        // A sum of values may be more than a double holds; one of them is not.
        if !centre.isFinite { centre = statistics.quantile(0.5) ?? 0 }
        candidates.append((statistics.maximum ?? 0) / 2 - (statistics.minimum ?? 0) / 2)
        let floor = max(abs(centre) * 1e-12, Double.leastNormalMagnitude)
        return (centre, candidates.first { $0.isFinite && $0 > floor } ?? 1)
    }

    /// The numbers of one metric, without its name, for loops over samples.
    package struct Map: Sendable {
        let centre: Double
        let spread: Double
        let lowerLimit: Double
        let upperLimit: Double

        init(_ metric: Metric) {
            (centre, spread) = (metric.centre, metric.spread)
            (lowerLimit, upperLimit) = (metric.lowerLimit, metric.upperLimit)
        }

        /// The distance from the centre in spreads; infinite where a double does not hold it.
        private func distance(_ value: Double) -> Double {
            let difference = value - centre
            return difference.isFinite ? difference / spread : (value / 2 - centre / 2) / (spread / 2)
        }

        /// The scaled value.
        package func callAsFunction(_ value: Double) -> Double {
            let scaled = distance(value)
            if value > upperLimit {
                let limit = distance(upperLimit)
                return limit + log1p(min(scaled, 1e300) - limit)
            }
            if value < lowerLimit {
                let limit = distance(lowerLimit)
                return limit - log1p(limit - max(scaled, -1e300))
            }
            return scaled
        }
    }

    /// What scales each metric, in order.
    package var maps: [Map] { metrics.map(Map.init) }

    /// The scaled value of metric `index`.
    public func scale(_ value: Double, metric index: Int) -> Double { Map(metrics[index])(value) }

    /// Scales a table of values, `[N, F]` → `[N, F]`.
    ///
    /// - Precondition: F is the number of metrics.
    public func scale(_ values: Tensor<Float>) -> Tensor<Float> {
        precondition(values.shape.count == 2 && values.shape[1] == metrics.count, "values are [N, F]")
        let maps = maps
        var result = values
        result.withUnsafeMutableBufferPointer { buffer in
            var column = 0
            for index in buffer.indices {
                buffer[index] = Float(maps[column](Double(buffer[index])))
                column += 1
                if column == maps.count { column = 0 }
            }
        }
        return result
    }

    /// Scales the values of a series, `[N, F]`.
    ///
    /// - Throws: ``TelemetryError`` when the series has other metrics than the scaler.
    public func scale(_ series: CleanSeries) throws -> Tensor<Float> {
        try require(series.metrics[...], of: series.group)
        return scale(series.values)
    }

    /// Refuses other metrics than the scaler's.
    ///
    /// - Throws: ``TelemetryError``.
    package func require(_ names: ArraySlice<String>, of group: MetricGroup) throws {
        guard names.count == metrics.count, zip(names, metrics).allSatisfy({ $0 == $1.name }) else {
            throw TelemetryError(
                .mismatch, found: "metrics \(names.prefix(4).joined(separator: ", ")) … of \(group.name)",
                expected: "\(metrics.count) metrics beginning with "
                    + metrics.prefix(4).map(\.name).joined(separator: ", "))
        }
    }
}
