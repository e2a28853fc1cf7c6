/// A way to detect anomalies, complete: which detector, how its deviations become scores, and when scores are alarms.
package struct DetectionMethod: Codable, Sendable, Hashable {
    /// Which detector looks at the metrics.
    package enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
        /// Scores without meaning.
        case random
        /// Mean and standard deviation.
        case zScore
        /// Median and quartiles.
        case robustZScore
        /// Smallest and largest value.
        case range
        /// The 0.5 % and 99.5 % quantiles, capped, with the square root.
        case quantileRange
        /// Principal components.
        case principalComponents
        /// The evidence of several parts of each metric.
        case evidence
    }

    /// What a detector looks at.
    package enum Input: String, Codable, Sendable, Hashable {
        /// The cleaned samples.
        case values
        /// What the autoencoders say of them, as if it were samples; only metrics with a model.
        case residuals
    }

    /// The name users and reports know it by.
    package let name: String
    /// The detector.
    package let kind: Kind
    /// Horizons of the trailing means that make a score, in samples.
    package let horizons: [Int]
    /// How many of the first horizons decide alarms.
    package let fastCount: Int
    /// How its thresholds follow from held-out scores.
    package var thresholdRule: ThresholdRule
    /// When scores are alarms.
    package var alarmRule: AlarmRule
    /// How its thresholds follow a stream.
    package var adaptation: ThresholdAdaptation
    /// What the detector looks at; `nil`: the samples.
    package let input: Input?
    /// The parts of a detector of several; empty for others.
    package let parts: [EvidencePart]

    /// Whether the autoencoders have to run for it.
    package var needsResiduals: Bool { input == .residuals || (kind == .evidence && parts.contains(.autoencoder)) }

    /// How much the scores of rows that the detector learned from count beside those of held-out rows when thresholds
    /// are calibrated. A detector that has not seen a quarter of the training part is more surprised by it than the
    /// shipped one will be by what comes, and that one by what it learned from less; the more so, the shorter the part.
    /// The weight in between is that of the .632 estimator.
    ///
    /// Source: Efron, "Estimating the error rate of a prediction rule", JASA 78 (1983), section 6.
    package var ownShare: Double { kind == .evidence ? 0.368 : 0 }

    /// Whether groups may raise an alarm of the entity by themselves where the training part is short: where many metrics are
    /// restless, what happens to the few of one resource is lost in the mean over all, and the threshold for that mean is wide.
    package var letsGroupsSpeak: Bool { kind == .evidence }

    /// Whether what is below the threshold in each row raises an alarm where it lasts (``LastingNews``).
    package var seesWhatLasts: Bool { kind == .evidence }

    /// A method with every field given.
    package init(
        name: String, kind: Kind, horizons: [Int], fastCount: Int? = nil,
        thresholdRule: ThresholdRule = .falseAlarms(perDay: 1),
        alarmRule: AlarmRule = AlarmRule(mergeGap: 10), adaptation: ThresholdAdaptation = .fixed,
        input: Input? = nil, parts: [EvidencePart] = []
    ) {
        self.name = name
        self.parts = parts
        self.kind = kind
        precondition(!horizons.isEmpty, "a score needs a horizon")
        let fastCount = fastCount ?? horizons.count
        precondition((1...horizons.count).contains(fastCount), "alarms need a horizon")
        self.horizons = horizons
        self.fastCount = fastCount
        self.thresholdRule = thresholdRule
        self.alarmRule = alarmRule
        self.adaptation = adaptation
        self.input = input
    }

    /// Reads a method. One written before there was a choice moves with the level, where its detector does, and only
    /// the one called after the autoencoder looks at what that says.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        kind = try values.decode(Kind.self, forKey: .kind)
        horizons = try values.decode([Int].self, forKey: .horizons)
        fastCount = try values.decode(Int.self, forKey: .fastCount)
        thresholdRule = try values.decode(ThresholdRule.self, forKey: .thresholdRule)
        alarmRule = try values.decode(AlarmRule.self, forKey: .alarmRule)
        adaptation = try values.decodeIfPresent(ThresholdAdaptation.self, forKey: .adaptation) ?? .level
        parts = try values.decodeIfPresent([EvidencePart].self, forKey: .parts) ?? []
        input =
            try values.decodeIfPresent(Input.self, forKey: .input) ?? (name == "autoencoder" ? .residuals : nil)
    }

    /// The method that is used unless another is asked for.
    package static let shipped = DetectionMethod(
        name: "default", kind: .evidence, horizons: [1, 4, 16], fastCount: 1, adaptation: .tail,
        parts: EvidencePart.allCases)

    /// The shipped method without one of its parts: what each part is worth.
    package static let ablations: [DetectionMethod] = EvidencePart.allCases.map { part in
        DetectionMethod(
            name: "default-without-\(part.rawValue)", kind: shipped.kind, horizons: shipped.horizons,
            fastCount: shipped.fastCount, adaptation: shipped.adaptation,
            parts: EvidencePart.allCases.filter { $0 != part })
    }

    /// Every method, simple ones also smoothed over 5, 15 and 31 samples, in the order of reports.
    package static let all: [DetectionMethod] = {
        let simple: [(String, Kind)] = [
            ("zscore", .zScore), ("robust-zscore", .robustZScore), ("range", .range),
            ("quantile-range", .quantileRange),
            ("pca", .principalComponents),
        ]
        let smoothed = simple.flatMap { name, kind in
            [1, 5, 15, 31].map { horizon in
                DetectionMethod(name: horizon == 1 ? name : "\(name)-w\(horizon)", kind: kind, horizons: [horizon])
            }
        }
        return [DetectionMethod(name: "random", kind: .random, horizons: [1])] + smoothed + [shipped]
    }()

    /// The method of a name.
    ///
    /// - Throws: ``DetectionError`` (`invalidOption`) that lists the names when there is none.
    package static func named(_ name: String) throws(DetectionError) -> DetectionMethod {
        guard let method = (all + ablations).first(where: { $0.name == name }) else {
            throw DetectionError(unknownMethod: name, among: (all + ablations).map(\.name))
        }
        return method
    }

    /// The fit of the method's detector.
    ///
    /// - Parameters:
    ///   - metrics: the metrics in the order of the samples.
    ///   - groups: the resource group of each metric.
    ///   - precision: of quantile sketches: 52 for exact quantiles where all samples are at hand, fewer bits where
    ///     summaries leave a domain.
    ///   - seed: for random scores.
    ///   - usual: what is known of the metrics from other entities, for a detector that can use it.
    package func makeFit(
        metrics: [String], groups: [String], precision: Int = 52, seed: UInt64 = 0, usual: UsualRanges? = nil
    ) -> any DetectorFit {
        switch kind {
        case .random: RandomFit(detector: RandomDetector(metrics: metrics, seed: seed))
        case .zScore: ZScoreFit(metrics: metrics)
        case .robustZScore: ZScoreFit(robust: metrics, precision: precision)
        case .range: RangeFit(metrics: metrics)
        case .quantileRange: RangeFit(metrics: metrics, tail: 0.005, precision: precision)
        case .principalComponents: PrincipalComponentFit(metrics: metrics)
        case .evidence:
            EvidenceFit(metrics: metrics, groups: groups, parts: parts, precision: precision, usual: usual)
        }
    }
}
