import Platform

/// Tells a metric's way back from a new anomaly.
///
/// After a fault the metric jumps back to where it was before. To every view that compares with the recent past that is
/// as large a change as the fault itself, but to an operator it is the end of an alarm, not another one. So a metric
/// that surprises is remembered together with where it was before: the means over three stretches of its past. From
/// ``announcement`` samples later, until ``memory`` samples have passed since it was last away, it counts as *returned*
/// at every sample at which it is as near to one of them as it usually is to its own past, or within its normal range
/// again after it was outside: a metric that wanders does not come back from a slow fault to where it left. Views of a
/// returned metric that still look back at the time when it was away score, but raise no alarm. Views that look back
/// less far do, and so does a metric that moves away again.
struct MetricReturns: Sendable {
    /// The surprise from which on a metric is remembered.
    static let departure = 1.5
    /// Samples during which a fault is announced, and nothing is a return.
    static let announcement = 60
    /// Samples that a metric is remembered after it was last away: as far as the longest view looks back.
    static let memory = 480
    /// The ages of the samples whose means tell where a metric was before it surprised. Slow faults have moved it
    /// before they surprise: older stretches know better.
    static let past = [17..<77, 197..<257, 437..<497]
    /// Samples that are looked back at.
    static let reach = 497
    /// The view that knows how far a metric usually is from its own past.
    static let usual = MetricView.seasonalChange(lag: 100)

    private let band: MultiViewDetector.Band?
    /// Where a metric normally is, at this time of day where that is known.
    private let range: MultiViewDetector.Band?
    private var origins: [Double]
    private var remaining: [Int]
    private var age: [Int]
    /// Samples since each metric was last away where it has returned; `Int.max` where nothing is to be forgiven, `[F]`.
    private(set) var samplesBack: [Int]
    private var near: [Int]
    /// Whether it was outside its range since it surprised, `[F]`.
    private var wasOutside: [Bool]

    init(_ detector: MultiViewDetector) {
        let width = detector.metrics.count
        func band(_ view: MetricView) -> MultiViewDetector.Band? {
            detector.parameters.views.firstIndex(of: view).flatMap { detector.bands[$0] }
        }
        self.band = band(Self.usual)
        range = band(.seasonalLevel) ?? band(.level(window: 1))
        origins = [Double](repeating: .nan, count: width * Self.past.count)
        remaining = [Int](repeating: 0, count: width)
        age = remaining
        near = remaining
        wasOutside = [Bool](repeating: false, count: width)
        samplesBack = [Int](repeating: .max, count: width)
    }

    /// Forgets all.
    mutating func restart() {
        for metric in remaining.indices {
            remaining[metric] = 0
            samplesBack[metric] = .max
        }
    }

    /// Says which metrics have returned at the latest sample of a stream.
    mutating func update(_ stream: ViewStream) {
        guard let band else { return }
        for metric in remaining.indices where remaining[metric] > 0 {
            age[metric] += 1
            let now = stream.seasonal(metric, back: 0)
            let isInside = isInside(now, metric)
            if !isInside { wasOutside[metric] = true }
            let isNear =
                isInside && wasOutside[metric]
                || Self.past.indices.contains { index in
                    let distance = now - origins[metric * Self.past.count + index]
                    return distance >= band.low[metric] && distance <= band.high[metric]
                }
            near[metric] = isNear ? near[metric] + 1 : 0
            remaining[metric] = isNear ? remaining[metric] - 1 : Self.memory
            samplesBack[metric] =
                isNear && remaining[metric] > 0 && age[metric] >= Self.announcement ? near[metric] : .max
        }
    }

    /// Remembers the metrics that surprise, `[F]`, and are not remembered yet.
    mutating func remember(_ surprises: UnsafeMutableBufferPointer<Double>, in stream: ViewStream) {
        guard band != nil else { return }
        for metric in surprises.indices where surprises[metric] >= Self.departure && remaining[metric] <= 0 {
            for (index, ages) in Self.past.enumerated() {
                origins[metric * Self.past.count + index] = stream.seasonalMean(metric, ages: ages) ?? .nan
            }
            remaining[metric] = Self.memory
            age[metric] = 0
            near[metric] = 0
            wasOutside[metric] = !isInside(stream.seasonal(metric, back: 0), metric)
        }
    }

    /// Whether a metric is within its normal range; without one it never is.
    private func isInside(_ value: Double, _ metric: Int) -> Bool {
        range.map { value >= $0.low[metric] && value <= $0.high[metric] } ?? false
    }
}

extension MetricReturns: StreamState {
    func save(to state: inout StateWriter) {
        state.append(origins)
        for counts in [remaining, age, samplesBack, near] { state.append(counts) }
        state.append(wasOutside)
    }

    mutating func restore(from state: inout StateReader) throws(StateError) {
        origins = try state.doubles(count: origins.count)
        remaining = try state.ints(count: remaining.count)
        age = try state.ints(count: age.count)
        samplesBack = try state.ints(count: samplesBack.count)
        near = try state.ints(count: near.count)
        guard (remaining + age + samplesBack + near).allSatisfy({ $0 >= -1 }), age.allSatisfy({ $0 < 1 << 60 }),
            near.allSatisfy({ $0 < 1 << 60 })
        else {
            throw StateError("a negative count")
        }
        wasOutside = try state.bools(count: wasOutside.count)
    }
}
