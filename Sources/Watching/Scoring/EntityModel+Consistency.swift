extension EntityModel {
    /// Whether the parts fit each other, the numbers are usable and the sizes within reason: false for a model that was
    /// read from a damaged manifest. Scoring with one that is consistent cannot fail.
    package var isConsistent: Bool {
        !detector.metrics.isEmpty && groups.count == detector.metrics.count
            && scoredGroups == Self.scoredGroups(groups) && calibrations.count == scoredGroups.count
            && calibrations.allSatisfy(\.isConsistent) && confidence?.isConsistent != false
            && method.isConsistent && detector.isConsistent
            && limits?.isConsistent(width: detector.metrics.count) != false
    }
}

extension GroupCalibration {
    fileprivate var isConsistent: Bool {
        !level.isNaN && levelTail?.isConsistent != false
            && adaptationTime.map { $0 >= 1 && $0.isFinite } ?? true
            && voice?.isNaN != true && murmur?.isNaN != true && lasting?.isNaN != true
    }
}

extension DetectionMethod {
    /// The longest horizon that is believed, in samples: each scored group keeps that many values.
    private static let longestHorizon = 100_000

    fileprivate var isConsistent: Bool {
        (1...64).contains(horizons.count) && horizons.allSatisfy { (1...Self.longestHorizon).contains($0) }
            && (1...horizons.count).contains(fastCount) && alarmRule.confirmation > 0
            && alarmRule.release > 0 && alarmRule.release <= 1 && alarmRule.mergeGap >= 0
            && alarmRule.minimumLength > 0
    }
}

extension FittedDetector {
    fileprivate var isConsistent: Bool {
        let width = metrics.count
        switch self {
        case .random: return true
        case .zScore(let detector):
            return detector.centre.areFinite(width) && detector.spread.arePositive(width) && detector.cap > 0
        case .range(let detector):
            return detector.low.areFinite(width) && detector.high.areFinite(width)
                && detector.width.arePositive(width) && detector.cap > 0
        case .principalComponents(let detector):
            let components = detector.components
            return detector.centre.areFinite(width) && detector.spread.arePositive(width) && detector.clip > 0
                && components.areFinite(components.count) && components.count % width == 0
        case .evidence(let detector): return detector.isConsistent
        }
    }
}

extension [Double] {
    /// Whether there are so many numbers, all finite.
    func areFinite(_ count: Int) -> Bool { self.count == count && allSatisfy(\.isFinite) }

    /// Whether there are so many numbers, all finite and positive.
    func arePositive(_ count: Int) -> Bool {
        self.count == count && allSatisfy { $0 > 0 && $0.isFinite }
    }
}
