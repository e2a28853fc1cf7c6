extension EntityModel {
    /// Whether the parts fit each other, the numbers are usable and the sizes within reason: false for a model that was
    /// read from a damaged manifest. Scoring with one that is consistent cannot fail.
    package var isConsistent: Bool {
        !detector.metrics.isEmpty && groups.count == detector.metrics.count
            && scoredGroups == Self.scoredGroups(groups) && calibrations.count == scoredGroups.count
            && calibrations.allSatisfy(\.isConsistent)
            && method.isConsistent && detector.isConsistent
    }
}

extension GroupCalibration {
    fileprivate var isConsistent: Bool {
        !level.isNaN && single?.isNaN != true && levelTail?.isConsistent != false && singleTail?.isConsistent != false
            && adaptationTime.map { $0 >= 1 && $0.isFinite } ?? true
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
        case .multiView(let detector): return detector.isConsistent
        }
    }
}

extension MultiViewDetector {
    fileprivate var isConsistent: Bool {
        let (width, views) = (metrics.count, parameters.views.count)
        let cells = Self.tails.count * width
        return parameters.isConsistent(width: width) && bands.count == views && trainingSamples.isFinite
            && bands.allSatisfy { band in
                guard let band else { return true }
                return band.low.areFinite(cells) && band.high.areFinite(cells) && band.width.arePositive(cells)
            } && (usualExcursions.isEmpty || usualExcursions.arePositive(views * width))
    }
}

extension ViewParameters {
    fileprivate func isConsistent(width: Int) -> Bool {
        guard (1...64).contains(views.count), views.allSatisfy(\.isConsistent), groups.count == width,
            centre.areFinite(width), spread.areFinite(width), floor.areFinite(width)
        else { return false }
        if let profile {
            guard profile.width == width, profile.medians.areFinite(DailyProfile.binCount * width) else { return false }
        }
        let sizes = blocks.map { $0.count * $0.count }
        return regressions.allSatisfy { regression in
            regression.scale.arePositive(width) && regression.coefficients.count == sizes.count
                && zip(regression.coefficients, sizes).allSatisfy { $0.areFinite($1) }
        }
    }
}

extension MetricView {
    /// The longest window or lag that is believed, in samples: a stream keeps that many rows.
    private static let longest = 5000

    fileprivate var isConsistent: Bool {
        switch self {
        case .seasonalLevel: true
        case .level(let samples), .change(let samples), .seasonalChange(let samples), .shift(let samples),
            .spread(let samples), .seasonalMean(let samples), .unexplainedMean(let samples),
            .unexplainedSpread(let samples):
            (1...Self.longest).contains(samples)
        case .unexplained(let lag): (0...Self.longest).contains(lag)
        }
    }
}

extension [Double] {
    /// Whether there are so many numbers, all finite.
    fileprivate func areFinite(_ count: Int) -> Bool { self.count == count && allSatisfy(\.isFinite) }

    /// Whether there are so many numbers, all finite and positive.
    fileprivate func arePositive(_ count: Int) -> Bool {
        self.count == count && allSatisfy { $0 > 0 && $0.isFinite }
    }
}
