/// What is known of one entity's clock; adds like statistics.
public struct ClockFindings: Hashable, Sendable, Codable {
    /// Rows seen.
    public internal(set) var rows: UInt64 = 0
    /// Steps between consecutive rows of one file, in seconds; only those that go forward.
    public internal(set) var steps = QuantileSketch()
    /// Rows with the same time as the row before.
    public internal(set) var duplicates: UInt64 = 0
    /// Rows with an earlier time than the row before.
    public internal(set) var backwardSteps: UInt64 = 0
    /// The earliest time in seconds; `nil` without rows.
    public internal(set) var firstTime: Double?
    /// The latest time in seconds; `nil` without rows.
    public internal(set) var lastTime: Double?

    /// Nothing is known.
    public init() {}

    /// Adds the row at `time`, whose predecessor in the same file was at `previous`.
    public mutating func add(time: Double, previous: Double?) {
        rows &+= 1
        firstTime = min(firstTime ?? time, time)
        lastTime = max(lastTime ?? time, time)
        guard let previous else { return }
        let step = time - previous
        if step > 0 {
            // Two finite times may be further apart than a double reaches.
            steps.add(min(step, .greatestFiniteMagnitude))
        } else if step == 0 {
            duplicates &+= 1
        } else {
            backwardSteps &+= 1
        }
    }

    /// Adds what is known from other rows of the same entity.
    public mutating func merge(_ other: ClockFindings) {
        rows &+= other.rows
        steps.merge(other.steps)
        duplicates &+= other.duplicates
        backwardSteps &+= other.backwardSteps
        if let first = other.firstTime { firstTime = min(firstTime ?? first, first) }
        if let last = other.lastTime { lastTime = max(lastTime ?? last, last) }
    }

    /// The median step in seconds; `nil` with fewer than two different times.
    public var medianStep: Double? { steps.quantile(0.5) }

    /// Half the distance between the 5 % and the 95 % quantile of the steps, in seconds.
    public var jitter: Double? {
        guard let medianStep, let ends = steps.quantiles([0.05, 0.95]) else { return nil }
        let jitter = (ends[1] - ends[0]) / 2
        // Times are sums of roundings; what lies below a billionth of a step is not the source's.
        return jitter < 1e-9 * medianStep ? 0 : jitter
    }

    /// The step of which more than `factor` are a gap, in seconds; `nil` with fewer than two different times.
    ///
    /// The median, except where rows usually come at such different distances that many would be gaps: gaps are rare, so that
    /// what is up to twice as long as all but the longest twentieth of the steps (and all but the longest three) is none.
    ///
    /// - Precondition: `factor` is above 0.
    public func gapStep(factor: Double) -> Double? {
        precondition(factor > 0, "a gap is longer than nothing")
        let rare = max(0.05, min(0.5, 3 / Double(max(1, steps.count))))
        guard let ends = steps.quantiles([0.5, 1 - rare]) else { return nil }
        return max(ends[0], min(2, factor) / factor * ends[1])
    }

    /// Steps that are gaps: longer than `factor` steps (``gapStep(factor:)``).
    ///
    /// - Precondition: `factor` is above 0.
    public func gaps(factor: Double) -> UInt64 {
        guard let step = gapStep(factor: factor) else { return 0 }
        return steps.sortedBins.reduce(0) { $1.value > factor * step ? $0 &+ $1.weight : $0 }
    }

    /// The longest step in seconds.
    public var longestStep: Double? { steps.quantile(1) }
}
