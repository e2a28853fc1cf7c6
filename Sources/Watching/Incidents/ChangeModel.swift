import Foundation
import Telemetry

/// How an entity's metrics change from one moment to the next in quiet times: what evidence for a change is measured
/// against (``ChangeStream``).
///
/// Of each metric two things are known on either side: how far it strays from the median of its own last samples, and
/// how far from its own median over the whole training part; each as a limit that 2 % of the samples exceed, and how
/// heavy the tail beyond it is. Heavy tails make large deviations ordinary: evidence grows with the logarithm of a
/// deviation, so that what deviates *most* does not drown what deviates *first*.
package struct ChangeModel: Sendable, Equatable {
    /// How deviations on both sides are distributed.
    package struct Tails: Codable, Sendable, Equatable {
        /// The limit above, in the metric's unit.
        var upper: Double
        /// The tail index above: the mean logarithm of a deviation beyond the limit over the limit (Hill 1975).
        var upperIndex: Double
        /// The limit below, positive.
        var lower: Double
        /// The tail index below.
        var lowerIndex: Double

        /// Evidence of a deviation, signed: how many e-foldings of probability it lies beyond the limit; 0 within.
        func evidence(of deviation: Double) -> Double {
            if deviation > upper { return Self.logarithm(deviation / upper) / upperIndex }
            if -deviation > lower { return -Self.logarithm(-deviation / lower) / lowerIndex }
            return 0
        }

        /// Of a ratio; a million says as much as more does. The limit of a metric that was always the same is next to
        /// nothing, so that there is no bound otherwise.
        static func logarithm(_ ratio: Double) -> Double { log(min(ratio, 1e6)) }
    }

    /// One metric's normal changes.
    package struct Metric: Codable, Sendable, Equatable {
        /// Its median in the training part.
        var median: Double
        /// Deviations from that median.
        var level: Tails
        /// Deviations from the median of its own last samples.
        var change: Tails
    }

    /// Names of the metrics, in the order of a row.
    package let metrics: [String]
    /// The resource group of each.
    package let groups: [String]
    /// What each normally does; `nil` where there is too little to tell.
    let normal: [Metric?]
    /// The level (``ChangeStream/level``) from which on an entity is news; at least ``leastLevel``.
    package private(set) var threshold: Double
    /// Seconds of rows that a sample is the mean of (``RowMeans``); `nil`: each row is a sample.
    let meanSeconds: Double?

    /// Seconds that a sample stands for at least: rows that come faster are looked at in means over about as long. What
    /// is counted in samples here and in ``IncidentMachine`` was chosen at a sample a minute; a fault and those that it
    /// drags along take as long where samples come each second.
    package static let leastSeconds = 20.0
    /// Samples that a metric is compared with.
    static let memory = 15
    /// Evidence from which on a sample does not join those that later ones are compared with.
    static let heldBack = 1.5
    /// Samples that may be held back in a row; then they are what is compared with.
    static let mostHeld = 12
    /// The share of quiet samples beyond a limit.
    private static let share = 0.02
    /// A tail index is shrunk towards this one, as if that many more samples had it.
    private static let usualIndex = 0.3
    private static let usualWeight = 5.0
    /// Finite samples without which nothing is known of a metric.
    private static let leastSamples = 30
    /// The latest rows that are learned from.
    static let mostRows = 20_000
    /// Samples without which thresholds cannot be held against blocks that played no part in the fit.
    private static let leastRowsForBlocks = 240
    /// No level below it is news: two samples a good step beyond the limits.
    static let leastLevel = 0.6

    /// Learns from quiet rows.
    ///
    /// - Parameters:
    ///   - parts: the training parts of an entity, or of several that are alike; the first one's metrics are those of
    ///     the model, others must have the same.
    ///   - falseAlarmsPerDay: how often an entity may be news in quiet times.
    ///   - stepSeconds: time from one row to the next.
    package init(
        _ parts: [DetectorSamples], lexicon: MetricLexicon, falseAlarmsPerDay: Double, stepSeconds: Double
    ) {
        let meanSeconds = Self.meanSeconds(ofRowsEvery: stepSeconds)
        self.meanSeconds = meanSeconds
        let parts = parts.map { part in
            (meanSeconds.map { part.means(over: $0) } ?? part).latest(Self.mostRows)
        }.filter { $0.count > 0 }
        metrics = parts.first?.metrics ?? []
        groups = parts.first?.groups ?? []
        let width = metrics.count
        precondition(parts.allSatisfy { $0.metrics.count == width }, "the same metrics in every part")
        normal = (0..<width).map { metric in
            Self.fitted(parts.map { part in (0..<part.count).map { part.values[$0 * width + metric] } })
        }
        threshold = Self.leastLevel
        let limit = Self.heldOutLevel(
            parts, lexicon: lexicon, falseAlarmsPerDay: falseAlarmsPerDay, stepSeconds: meanSeconds ?? stepSeconds)
        threshold = max(Self.leastLevel, limit)
    }

    /// The seconds of which means are looked at; `nil` where rows come slowly enough.
    private static func meanSeconds(ofRowsEvery step: Double) -> Double? {
        let step = max(step, 1e-3)
        let rows = (leastSeconds / step).rounded()
        return rows > 1 ? rows * step : nil
    }

    /// A model with every part given.
    init(
        metrics: [String], groups: [String], normal: [Metric?], threshold: Double, meanSeconds: Double? = nil
    ) {
        self.meanSeconds = meanSeconds
        self.metrics = metrics
        self.groups = groups
        self.normal = normal
        self.threshold = threshold
    }

    /// A model of part of the rows, to be held against the rest.
    private init(_ parts: [DetectorSamples], metrics: [String], groups: [String]) {
        // These rows are samples.
        meanSeconds = nil
        self.metrics = metrics
        self.groups = groups
        let width = metrics.count
        normal = (0..<width).map { metric in
            Self.fitted(parts.map { part in (0..<part.count).map { part.values[$0 * width + metric] } })
        }
        threshold = Self.leastLevel
    }

    /// Whether sizes fit and numbers are usable: what a file says may be anything.
    package var isConsistent: Bool {
        func sound(_ tails: Tails) -> Bool {
            [tails.upper, tails.upperIndex, tails.lower, tails.lowerIndex].allSatisfy { $0.isFinite && $0 > 0 }
        }
        return metrics.count == groups.count && normal.count == metrics.count && threshold.isFinite && threshold > 0
            && meanSeconds.map { $0.isFinite && $0 > 0 } ?? true
            && normal.allSatisfy { $0.map { $0.median.isFinite && sound($0.level) && sound($0.change) } ?? true }
    }

    /// What one metric normally does; `nil` with too few samples.
    private static func fitted(_ parts: [[Double]]) -> Metric? {
        let sorted = parts.joined().filter(\.isFinite).sorted()
        guard sorted.count >= leastSamples else { return nil }
        let median = quantile(sorted, 0.5)
        var spread = quantile(sorted, 0.99) - quantile(sorted, 0.01)
        // Almost always 0: what it does now and then is all that tells its size.
        if spread == 0, median == 0 { spread = sorted[sorted.count - 1] - sorted[0] }
        let floor = max(0.05 * spread, 0.01 * abs(median), .leastNormalMagnitude * 1e6)
        let level = tails(sorted.map { $0 - median }, floor: floor)
        // The first fit compares with all samples before, the later ones as streaming does: without those held back.
        var metric = Metric(median: median, level: level, change: Tails(unlimited: floor))
        for pass in 0..<3 {
            var changes: [Double] = []
            for part in parts {
                var memory = ChangeMemory()
                for value in part where value.isFinite {
                    let change = memory.change(of: value)
                    if let change { changes.append(change) }
                    memory.append(value, evidence: pass == 0 ? 0 : metric.change.evidence(of: change ?? 0))
                }
            }
            metric.change = tails(changes.sorted(), floor: floor)
        }
        return metric
    }

    private static func tails(_ sorted: [Double], floor: Double) -> Tails {
        func side(_ limit: Double, _ beyond: some Sequence<Double>) -> (Double, Double) {
            let limit = max(limit, floor)
            var (sum, count) = (0.0, 0.0)
            for value in beyond where value > limit {
                sum += Tails.logarithm(value / limit)
                count += 1
            }
            return (limit, (sum + usualIndex * usualWeight) / (count + usualWeight))
        }
        let (upper, upperIndex) = side(quantile(sorted, 1 - share), sorted.reversed().prefix { $0 > 0 })
        let (lower, lowerIndex) = side(-quantile(sorted, share), sorted.prefix { $0 < 0 }.map { -$0 })
        return Tails(upper: upper, upperIndex: upperIndex, lower: lower, lowerIndex: lowerIndex)
    }

    private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let place = share * Double(sorted.count - 1)
        let lower = Int(place)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (place - Double(lower)) * (sorted[upper] - sorted[lower])
    }

    /// The level that quiet blocks exceed as often as the budget allows, each block held against a fit of the others.
    private static func heldOutLevel(
        _ parts: [DetectorSamples], lexicon: MetricLexicon, falseAlarmsPerDay: Double, stepSeconds: Double
    ) -> Double {
        let rows = parts.reduce(0) { $0 + $1.count }
        guard let first = parts.first, rows >= leastRowsForBlocks else { return leastLevel }
        // Halves: a block must be long enough to have hours of its own.
        var peaks: [Double] = []
        for half in 0..<2 {
            let learned = parts.map { $0.half(1 - half) }
            let judged = parts.map { $0.half(half) }
            let model = ChangeModel(learned, metrics: first.metrics, groups: first.groups)
            for part in judged {
                var stream = ChangeStream(model: model, lexicon: lexicon)
                var (peak, quiet) = (0.0, 0)
                for row in 0..<part.count {
                    stream.append(part.row(row), at: part.times[row])
                    let level = stream.level
                    if level > 0 {
                        peak = max(peak, level)
                        quiet = 0
                    } else if peak > 0 {
                        quiet += 1
                        if quiet >= memory {
                            peaks.append(peak)
                            peak = 0
                        }
                    }
                }
                if peak > 0 { peaks.append(peak) }
            }
        }
        let days = Double(rows) * max(stepSeconds, 1e-3) / 86_400
        let sorted = peaks.sorted(by: >)
        let wanted = falseAlarmsPerDay * days
        let allowed = wanted < Double(sorted.count) ? Int(wanted) : sorted.count
        // Just above the first one that is not allowed.
        return allowed < sorted.count ? sorted[allowed] * 1.01 : leastLevel
    }
}

extension ChangeModel.Tails {
    /// Limits that nothing exceeds, before anything is known.
    fileprivate init(unlimited floor: Double) {
        self.init(upper: .greatestFiniteMagnitude, upperIndex: 1, lower: .greatestFiniteMagnitude, lowerIndex: 1)
    }
}

extension DetectorSamples {
    /// The first half (0) or the second (1).
    fileprivate func half(_ index: Int) -> DetectorSamples {
        rows(index == 0 ? 0..<count / 2 : count / 2..<count)
    }
}
