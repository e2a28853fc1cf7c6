import CommandLine
import Federation

/// Rules of aggregation on the command line.
enum AggregationOption: String, ChoiceOptionValue {
    case average, median
    case trimmedMean = "trimmed-mean"
    case multiKrum = "multi-krum"
    case normClipping = "norm-clipping"

    var rule: AggregationRule {
        switch self {
        case .average: .average
        case .median: .median
        case .trimmedMean: .trimmedMean
        case .multiKrum: .multiKrum
        case .normClipping: .normClipping
        }
    }
}
