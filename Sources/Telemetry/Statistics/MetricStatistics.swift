public import Numerics

/// Statistics of one metric that add: whatever the order in which samples and statistics of other places come, the
/// state is the same.
public struct MetricStatistics: Equatable, Sendable, Codable {
    /// Finite values.
    public internal(set) var count: UInt64 = 0
    /// Missing or non-finite values.
    public internal(set) var missing: UInt64 = 0
    /// Exact sum of the finite values.
    public internal(set) var sum = ExactSum()
    /// Exact sum of their squares.
    public internal(set) var sumOfSquares = ExactSum()
    /// Smallest finite value; `nil` without any.
    public internal(set) var minimum: Double?
    /// Largest finite value; `nil` without any.
    public internal(set) var maximum: Double?
    /// Their distribution.
    public internal(set) var sketch = QuantileSketch()

    /// The statistics of nothing.
    public init() {}

    /// The statistics of a sequence.
    public init(_ values: some Sequence<Double>) {
        for value in values { add(value) }
    }

    /// Adds a sample; a value that is not finite only counts as missing.
    public mutating func add(_ value: Double) {
        guard value.isFinite else {
            missing &+= 1
            return
        }
        let value = value == 0 ? 0 : value
        count &+= 1
        sum.add(value)
        sumOfSquares.addSquare(of: value)
        if value < minimum ?? .infinity { minimum = value }
        if value > maximum ?? -.infinity { maximum = value }
        sketch.add(value)
    }

    /// Adds the statistics of other samples.
    public mutating func merge(_ other: MetricStatistics) {
        count &+= other.count
        missing &+= other.missing
        sum.merge(other.sum)
        sumOfSquares.merge(other.sumOfSquares)
        if let low = other.minimum { minimum = min(minimum ?? low, low) }
        if let high = other.maximum { maximum = max(maximum ?? high, high) }
        sketch.merge(other.sketch)
    }

    /// The mean; `nil` without values.
    public var mean: Double? { count == 0 ? nil : sum.value / Double(count) }

    /// The variance, Σ(x − mean)²/n; `nil` without values.
    ///
    /// n·Σx² − (Σx)² cancels where values are large against their spread; it is formed exactly.
    public var variance: Double? {
        guard count > 0 else { return nil }
        if minimum == maximum { return 0 }
        let n = Double(count)
        let mean = sum.value / n
        // Σ(x − m)² = Σx² − 2mΣx + nm² for any m: each product split into two doubles, the sum of all exact. Σx and
        // Σx² are taken as expansions, so no rounding of a large sum survives.
        var total = ExactSum()
        for part in sumOfSquares.expansion { total.add(part) }
        for part in sum.expansion { total.addProduct(-2 * mean, part) }
        let square = mean * mean
        total.addProduct(n, square)
        total.addProduct(n, (-square).addingProduct(mean, mean))
        let result = total.value / n
        return result.isFinite ? max(0, result) : nil
    }

    /// The standard deviation; `nil` without values.
    public var standardDeviation: Double? { variance?.squareRoot() }

    /// The value below which a share `q` of the values lies; `nil` without values.
    public func quantile(_ q: Double) -> Double? { sketch.quantile(q).map(within) }

    /// The middle of a bin may lie outside of what there was.
    private func within(_ value: Double) -> Double { min(max(value, minimum ?? value), maximum ?? value) }

    /// Whether all values are the same; true without values.
    public var isConstant: Bool { minimum == maximum }

    /// Mean and standard deviation of the values drawn in to the quantiles `share` and 1 − `share` (winsorised), from
    /// the sketch; `nil` without values.
    ///
    /// - Precondition: `share` lies in 0 ..< 0.5.
    public func winsorised(share: Double) -> (mean: Double, standardDeviation: Double, low: Double, high: Double)? {
        precondition(share >= 0 && share < 0.5, "the share lies in 0 ..< 0.5")
        let bins = sketch.sortedBins
        guard let ends = QuantileSketch.quantiles([share, 1 - share], of: bins) else { return nil }
        let (low, high) = (within(ends[0]), within(ends[1]))
        var total = ExactSum()
        var weights = 0.0
        func drawnIn(_ value: Double) -> Double { min(max(value, low), high) }
        for bin in bins {
            total.addProduct(drawnIn(bin.value), Double(bin.weight))
            weights += Double(bin.weight)
        }
        let mean = total.value / weights
        var squares = ExactSum()
        for bin in bins {
            let difference = drawnIn(bin.value) - mean
            squares.addProduct(difference * difference, Double(bin.weight))
        }
        return (mean, (squares.value / weights).squareRoot(), low, high)
    }
}
