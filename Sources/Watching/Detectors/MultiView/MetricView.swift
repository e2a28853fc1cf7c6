/// One way to look at a metric's recent past, as a number per sample whose normal range can be learned. Each sees a
/// kind of anomaly that the others miss; none looks ahead.
package enum MetricView: Codable, Sendable, Hashable {
    /// The mean of the latest `window` values: levels out of range, at once or lasting.
    case level(window: Int)
    /// The value less the time-of-day profile: what is normal at noon but not at night.
    case seasonalLevel
    /// The change over `lag` samples: jumps within the range.
    case change(lag: Int)
    /// The change over `lag` samples less the one that the time of day explains.
    case seasonalChange(lag: Int)
    /// The mean of the latest `window` seasonal residuals less that of the `window` before: slow shifts.
    case shift(window: Int)
    /// The logarithm of the standard deviation of the latest `window` values: too noisy, or frozen.
    case spread(window: Int)
    /// What the other metrics at the same time do not explain of the change over `lag` samples (0: of the value):
    /// broken correlations.
    case unexplained(lag: Int)
    /// The mean of the latest `window` distances from the time-of-day profile: slow departures from the daily rhythm.
    case seasonalMean(window: Int)
    /// The mean of the latest `window` values that the other metrics do not explain: slow departures from them.
    case unexplainedMean(window: Int)
    /// The logarithm of the standard deviation of the latest `window` values that the other metrics do not explain:
    /// metrics that no longer go together although each looks usual.
    case unexplainedSpread(window: Int)

    /// The views of the shipped detector.
    package static let standard: [MetricView] = [
        .level(window: 1), .seasonalLevel, .level(window: 15), .level(window: 60), .change(lag: 1), .change(lag: 3),
        .seasonalChange(lag: 10), .seasonalChange(lag: 30), .seasonalChange(lag: 100), .shift(window: 60),
        .shift(window: 240), .spread(window: 15), .spread(window: 60), .unexplained(lag: 0), .unexplained(lag: 3),
        .unexplained(lag: 30),
        .seasonalMean(window: 15), .seasonalMean(window: 60), .unexplainedMean(window: 15),
        .unexplainedMean(window: 60), .unexplainedSpread(window: 15), .unexplainedSpread(window: 60),
    ]

    /// Samples of an unbroken stream that it needs to say anything.
    package var warmUp: Int {
        switch self {
        case .level(let window), .spread(let window), .seasonalMean(let window), .unexplainedMean(let window),
            .unexplainedSpread(let window):
            window
        case .seasonalLevel: 1
        case .change(let lag), .seasonalChange(let lag), .unexplained(let lag): lag + 1
        case .shift(let window): 2 * window
        }
    }

    /// Samples that it averages over.
    var window: Int {
        switch self {
        case .level(let window), .spread(let window), .shift(let window), .seasonalMean(let window),
            .unexplainedMean(let window), .unexplainedSpread(let window):
            window
        case .seasonalLevel, .change, .seasonalChange, .unexplained: 1
        }
    }

    /// Whether it sees changes rather than levels. Changes tell causes: what moved first stands out, while levels of
    /// many metrics stay odd for long after.
    package var seesChange: Bool {
        switch self {
        case .level, .seasonalLevel, .unexplained, .seasonalMean, .unexplainedMean, .unexplainedSpread: false
        case .change, .seasonalChange, .shift, .spread: true
        }
    }

    /// Whether more of it means a higher value of the metric.
    var hasSide: Bool {
        switch self {
        case .spread, .unexplainedSpread: false
        default: true
        }
    }

    /// Whether it needs the time-of-day profile to differ from another view.
    var needsProfile: Bool {
        switch self {
        case .seasonalLevel, .seasonalMean: true
        default: false
        }
    }

    /// Whether it averages over what other metrics do not explain.
    var averagesResiduals: Bool {
        switch self {
        case .unexplainedMean, .unexplainedSpread: true
        default: false
        }
    }

    /// Whether it only says how surprising a single metric is, and has no part in scores. Averages over residuals find
    /// small faults of one metric early; in a mean over all metrics they would repeat what other views say.
    package var isForSurprisesOnly: Bool {
        switch self {
        case .seasonalMean, .unexplainedMean, .unexplainedSpread: true
        default: false
        }
    }
}
