/// A trained detector of the entities of one type, with everything that turns their samples into scores and alarms:
/// what a model's manifest carries.
package struct EntityModel: Codable, Sendable {
    /// The name of the combined score beside those of the groups.
    package static let combinedGroup = "site"

    /// How it detects.
    package let method: DetectionMethod
    /// The fitted detector.
    package let detector: FittedDetector
    /// The resource group of each metric, `[F]`.
    package let groups: [String]
    /// The scored groups: resource groups in ascending order, then ``combinedGroup``.
    package let scoredGroups: [String]
    /// The thresholds of each scored group.
    package let calibrations: [GroupCalibration]
    /// How far the thresholds can be trusted; `nil` where that was not looked at.
    package let confidence: ModelConfidence?
    /// Which deviations count; `nil`: all.
    package let limits: DeviationLimits?

    /// A model with every part given.
    ///
    /// - Precondition: there is a group for each metric, and a calibration for each scored group.
    package init(
        method: DetectionMethod, detector: FittedDetector, groups: [String], calibrations: [GroupCalibration],
        confidence: ModelConfidence? = nil, limits: DeviationLimits? = nil
    ) {
        self.method = method
        self.detector = detector
        self.groups = groups
        scoredGroups = Self.scoredGroups(groups)
        self.calibrations = calibrations
        self.confidence = confidence
        self.limits = limits
        precondition(groups.count == detector.metrics.count, "one group for each metric")
        precondition(calibrations.count == scoredGroups.count, "thresholds for each scored group")
    }

    /// The metrics, in the order of its samples.
    package var metrics: [String] { detector.metrics }

    /// Scores all samples of an entity: the same bits as streaming them through ``EntityScorer``.
    ///
    /// - Throws: ``DetectionError`` (`mismatch`) when the samples have other metrics.
    package func score(_ samples: DetectorSamples) throws(DetectionError) -> EntityScores {
        try samples.require(metrics)
        return EntityScores(model: self, samples: samples)
    }

    /// The groups that are scored: those of the metrics in ascending order, then ``combinedGroup``.
    package static func scoredGroups(_ groups: [String]) -> [String] {
        Set(groups).subtracting([combinedGroup]).sorted() + [combinedGroup]
    }
}
