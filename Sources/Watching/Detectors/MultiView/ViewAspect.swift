/// What a view looks at: how an anomaly deviates, whatever it is that deviates.
package enum ViewAspect: Int, Codable, Sendable, Hashable, CaseIterable {
    /// Values out of range, at once or lasting, or at an unusual time of day.
    case level
    /// Jumps and slopes.
    case change
    /// Slow shifts between two long stretches.
    case shift
    /// Too noisy, or frozen.
    case spread
    /// Not what the other metrics say.
    case relation

    /// The name in files.
    package var name: String {
        switch self {
        case .level: "level"
        case .change: "change"
        case .shift: "shift"
        case .spread: "spread"
        case .relation: "relation"
        }
    }
}

extension MetricView {
    /// What the view looks at.
    package var aspect: ViewAspect {
        switch self {
        case .level, .seasonalLevel, .seasonalMean: .level
        case .change, .seasonalChange: .change
        case .shift: .shift
        case .spread: .spread
        case .unexplained, .unexplainedMean, .unexplainedSpread: .relation
        }
    }
}
