import Telemetry

/// Which deviations of metrics count, by the metrics' names: an operator whom a low error rate does not trouble says so
/// here. The first rule with a pattern that matches a metric holds for it; of a metric without one every deviation counts.
package struct DeviationRules: Codable, Sendable, Hashable {
    /// The side of what is expected on which deviations count.
    package enum Side: String, Codable, Sendable, Hashable, CaseIterable {
        /// Above it.
        case above
        /// Below it.
        case below
        /// On both sides.
        case both

        /// 1, −1 and 0.
        var sign: Int8 { self == .above ? 1 : self == .below ? -1 : 0 }
    }

    /// What holds for metrics of these names.
    package struct Rule: Codable, Sendable, Hashable {
        /// Patterns over metric names, as in `GroupRules`.
        package var metrics: [String]
        /// Where deviations count.
        package var side: Side
        /// Values nearer to the metric's median than this share of the median count for nothing; at least 0.
        package var leastShare: Double
        /// The same in the metric's own unit, of a counter per second; at least 0. What is larger of both holds.
        package var least: Double

        /// A rule with every field given.
        package init(metrics: [String], side: Side = .both, leastShare: Double = 0, least: Double = 0) {
            precondition(leastShare >= 0 && least >= 0, "a deviation has no negative size")
            self.metrics = metrics
            self.side = side
            self.leastShare = leastShare
            self.least = least
        }

        /// Whether some values count for nothing whatever their side.
        package var hasLeast: Bool { leastShare > 0 || least > 0 }
    }

    /// The rules, in order.
    package var rules: [Rule]

    /// Rules in the order in which they are tried.
    package init(_ rules: [Rule] = []) { self.rules = rules }

    /// Whether every deviation counts.
    package var isEmpty: Bool { rules.isEmpty }

    /// What holds for a metric; `nil`: every deviation counts.
    package func rule(for metric: String) -> Rule? {
        guard !rules.isEmpty else { return nil }
        let name = GroupRules.bareName(metric)
        return rules.first { rule in rule.metrics.contains { GroupRules.matches($0, name) } }
    }
}

/// What ``DeviationRules`` come to for the metrics of one model. Held-out rows and streams are judged by the same, so that
/// thresholds are those of the deviations that count.
package struct DeviationLimits: Codable, Sendable, Hashable {
    /// The side on which each metric's deviations count, 1 or −1; 0: both, `[F]`.
    package let sides: [Int8]
    /// Above this, `[F]` …
    package let low: [Double]
    /// … and below this a value deviates too little to count, `[F]`; nothing does where both are the same.
    package let high: [Double]

    /// The limits of the metrics of `entities`; `nil` where every deviation counts.
    ///
    /// - Parameter input: what the samples are. Residuals are reconstruction minus sample, so that theirs is the other
    ///   side; how large a deviation is in the metric's unit does not show in them, and sizes are left out.
    init?(_ rules: DeviationRules, of entities: [DetectorSamples], input: DetectionMethod.Input) {
        guard !rules.isEmpty, let metrics = entities.first?.metrics else { return nil }
        let found = metrics.map { rules.rule(for: $0) }
        guard found.contains(where: { $0 != nil }) else { return nil }
        sides = found.map { rule in (rule?.side.sign ?? 0) * (input == .residuals ? -1 : 1) }
        var (low, high) = ([Double](repeating: 0, count: metrics.count), [Double](repeating: 0, count: metrics.count))
        for (metric, rule) in found.enumerated() {
            guard let rule, rule.hasLeast, input == .values, let median = Self.median(of: metric, in: entities) else {
                continue
            }
            let size = min(max(rule.least, rule.leastShare * abs(median)), .greatestFiniteMagnitude / 4)
            low[metric] = max(median - size, -.greatestFiniteMagnitude)
            high[metric] = min(median + size, .greatestFiniteMagnitude)
        }
        (self.low, self.high) = (low, high)
    }

    /// The median of a metric over the rows in which it was there.
    private static func median(of metric: Int, in entities: [DetectorSamples]) -> Double? {
        var values: [Double] = []
        for samples in entities {
            let width = samples.metricCount
            for row in 0..<samples.count where samples.ages.isEmpty || samples.ages[row * width + metric] > 0 {
                values.append(samples.values[row * width + metric])
            }
        }
        guard !values.isEmpty else { return nil }
        values.sort()
        return values[values.count / 2]
    }

    /// Whether a deviation counts for nothing.
    ///
    /// - Parameter sign: its side, as ``DeviationBuffers/signs``.
    @inline(__always)
    func ignores(_ value: Double, sign: Int8, _ metric: Int) -> Bool {
        (sides[metric] != 0 && sign == -sides[metric]) || (value > low[metric] && value < high[metric])
    }

    /// Whether there are so many of each, and usable numbers.
    func isConsistent(width: Int) -> Bool {
        sides.count == width && sides.allSatisfy { (-1...1).contains($0) } && low.areFinite(width)
            && high.areFinite(width)
    }
}
