import Federation
import Telemetry

/// What a worker that means ill does to its contributions.
enum PoisonAttack: String, CaseIterable, Codable {
    /// Everything as it is: what the others are compared with.
    case none
    /// Its change, backwards.
    case signFlip = "sign-flip"
    /// Its change, backwards and ten times as long.
    case tenfold
    /// What it was sent.
    case frozen
    /// Nothing but noughts.
    case zero
    /// A parameter that is no number.
    case nan
    /// What it sent in the first round, for ever.
    case stale
    /// Its change, backwards, with as many samples as a message can claim.
    case inflated
    /// Towards noughts, four times as far as its own change goes: within what the default gate lets pass.
    case towardsZero = "towards-zero"
    /// Honest updates, and statistics of values a thousand times as large, in twenty times as many rows.
    case statistics
    /// The same of the first metric only and a million times as large, so that nobody ever alarms on it.
    case oneMetric = "one-metric"

    /// What the table says of it.
    var meaning: String {
        switch self {
        case .none: "nobody means ill"
        case .signFlip: "changes backwards"
        case .tenfold: "changes backwards and ten times as long"
        case .frozen: "what it was sent"
        case .zero: "nothing but noughts"
        case .nan: "a parameter that is no number"
        case .stale: "what it sent in the first round, in every round"
        case .inflated: "changes backwards, and says that 2^28 windows are behind them"
        case .towardsZero: "towards noughts, four times as far as its own change goes"
        case .statistics: "values a thousand times as large in twenty times as many rows, in the statistics only"
        case .oneMetric:
            "the first metric a million times as large in twenty times as many rows, in the statistics only"
        }
    }

    /// Whether it lies in the statistics, and not in what was learned.
    var isInStatistics: Bool { self == .statistics || self == .oneMetric }

    /// How often an attacker's rows count in its statistics.
    static let copies = 20

    /// Puts what an attacker says it has measured in place of what it has.
    func falsify(_ frame: inout MetricFrame) {
        guard isInStatistics, frame.columnCount > 0 else { return }
        for row in 0..<frame.rowCount {
            for column in 0..<(self == .oneMetric ? 1 : frame.columnCount) {
                frame[row, column] *= self == .oneMetric ? 1e6 : 1e3
            }
        }
    }

    /// What it sends for an honest contribution.
    ///
    /// - Parameter first: what it sent in the first round.
    func applied(to honest: Contribution, base: FederatedModel, first: Contribution?) -> Contribution {
        guard self != .none, !isInStatistics else { return honest }
        let groups = honest.groups.map { update -> Contribution.GroupUpdate in
            let old = base.group(named: update.name)?.parameters ?? update.parameters
            var update = update
            func moved(_ factor: Float) -> [Float] {
                zip(update.parameters, old).map { min(max($1 + factor * ($0 - $1), -60_000), 60_000) }
            }
            switch self {
            case .none, .statistics, .oneMetric: break
            case .signFlip: update.parameters = moved(-1)
            case .tenfold: update.parameters = moved(-10)
            case .frozen: update.parameters = old
            case .zero: update.parameters = [Float](repeating: 0, count: old.count)
            case .nan: if !update.parameters.isEmpty { update.parameters[0] = .nan }
            case .stale:
                if let sent = first?.groups.first(where: { $0.name == update.name }) {
                    update.parameters = sent.parameters
                }
            case .inflated:
                update.parameters = moved(-1)
                update.sampleCount = WeightedAverage.largestWeight
            case .towardsZero:
                let nought = [Float](repeating: 0, count: old.count)
                let share = min(1, 4 * Self.distance(update.parameters, old) / max(1e-30, Self.distance(nought, old)))
                update.parameters = old.map { $0 * Float(1 - share) }
            }
            return update
        }
        return Contribution(
            kind: honest.kind, base: honest.base, entities: honest.entities, rawBytes: honest.rawBytes, groups: groups)
    }
}

extension PoisonAttack {
    private static func distance(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0.0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }.squareRoot()
    }
}

/// What a server does about it.
enum PoisonDefence: String, CaseIterable, Codable {
    /// An average of whatever is finite.
    case plain
    /// An average behind the default gate.
    case gate
    /// The default gate and each of the other rules.
    case normClipping = "norm-clipping"
    case trimmedMean = "trimmed-mean"
    case multiKrum = "multi-krum"
    case median

    /// The rule.
    var rule: AggregationRule {
        switch self {
        case .plain, .gate: .average
        case .normClipping: .normClipping
        case .trimmedMean: .trimmedMean
        case .multiKrum: .multiKrum
        case .median: .median
        }
    }

    /// What it is told.
    var contributionGate: ContributionGate {
        var gate = ContributionGate()
        if self == .normClipping { gate.round.clippingRatio = 1 }
        guard self == .plain else { return gate }
        gate.largestChange = .infinity
        gate.round.largestRatio = nil
        gate.round.weightRatio = .infinity
        gate.round.largestShare = 1
        return gate
    }
}
