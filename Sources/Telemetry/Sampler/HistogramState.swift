/// What a histogram or summary says between two rows: rate, mean and quantiles of what was observed since.
///
/// That nothing was observed is a fact, which the rate says: mean and quantiles stay what they were.
struct HistogramState: Sendable {
    /// Cumulative counts at the last row, by member; what each has added since.
    private var added: [Double: Double] = [:]
    private var observations = 0.0
    private var total = 0.0
    private var hasObservations = false
    private var hasTotal = false
    private var lastTime: Double?
    /// Mean, median and 99 % quantile when something was observed for the last time; NaN: never.
    private var latest = [Double](repeating: .nan, count: 3)

    /// The endings of its columns, in the order of ``values(at:)``.
    static let endings = [":rate", ":mean", ":p50", ":p99"]

    mutating func add(_ increment: Double, to role: SeriesResolver.Role) {
        switch role {
        case .bucket(let bound): added[bound, default: 0] += increment
        case .observations:
            observations += increment
            hasObservations = true
        case .total:
            total += increment
            hasTotal = true
        case .level, .counter, .up: break
        }
    }

    /// Goes on after the values of a row that was made earlier.
    mutating func resume(_ values: [Double]) { latest = Array(values.dropFirst()) }

    /// Rate per second of the observations since the last row; mean, median and 99 % quantile of these, or else of the
    /// latest before them. NaN where there never was one, and where the series that say it are not there.
    mutating func values(at time: Double) -> [Double] {
        defer {
            lastTime = time
            added.removeAll(keepingCapacity: true)
            (observations, total) = (0, 0)
            (hasObservations, hasTotal) = (false, false)
        }
        guard let lastTime, time > lastTime else { return [.nan] + latest }
        let bounds = added.sorted { $0.key < $1.key }
        let count = hasObservations ? observations : bounds.last?.value ?? .nan
        guard count.isFinite else { return [.nan, .nan, .nan, .nan] }
        if count > 0 {
            if hasTotal { latest[0] = total / count }
            if !bounds.isEmpty {
                (latest[1], latest[2]) = (Self.quantile(0.5, of: bounds), Self.quantile(0.99, of: bounds))
            }
        }
        let (mean, median, high) = (latest[0], latest[1], latest[2])
        return [count / (time - lastTime), hasTotal ? mean : .nan] + (bounds.isEmpty ? [.nan, .nan] : [median, high])
    }

    /// The quantile by linear interpolation within its bucket; in the last bucket, which has no upper end, its lower
    /// end (as `histogram_quantile` of Prometheus).
    ///
    /// - Parameter bounds: observations up to each bound, ascending and cumulative.
    static func quantile(_ share: Double, of bounds: [(key: Double, value: Double)]) -> Double {
        guard let all = bounds.last?.value, all > 0 else { return .nan }
        let rank = share * all
        var (lower, below) = (0.0, 0.0)
        for (index, (bound, count)) in bounds.enumerated() {
            if count >= rank {
                guard bound.isFinite else { return index > 0 ? lower : .nan }
                // The first bucket begins at 0 where bounds are positive.
                let start = index == 0 && bound <= 0 ? bound : lower
                return count > below ? start + (bound - start) * (rank - below) / (count - below) : bound
            }
            (lower, below) = (bound, count)
        }
        return lower
    }
}
