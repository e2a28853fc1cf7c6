/// One way to look at a metric, as a number per row whose normal range can be learned. Each sees a kind of anomaly that
/// the others miss; none looks ahead.
package enum EvidencePart: String, Codable, Sendable, Hashable, CaseIterable {
    /// The value: levels out of range.
    case level
    /// The value less what is usual at its time of day (``DailyRhythm``); not where too little time was learned from.
    case rhythm
    /// The mean of the latest eight values, without what the time of day changes: what stays a little off for long.
    case mean
    /// The value less the one before; like `step` and `shift`, without what the time of day changes.
    case jump
    /// The value less the mean of the four before.
    case step
    /// The value less the mean of the thirty before: what is new against the latest past, however slowly that moves.
    case shift
    /// What the other metrics of its block do not explain of the value.
    case relation
    /// What the autoencoder of its group does not reconstruct.
    case autoencoder
    /// For how many rows the value has been the same, of a metric that otherwise moves all the time: a sensor that is stuck, an
    /// exporter that repeats its last answer.
    case standstill

    /// Rows before the latest that it looks at; `nil`: none.
    var lookBack: Int? {
        switch self {
        case .mean: 7
        case .jump: 1
        case .step: 4
        case .shift: 30
        case .level, .rhythm, .relation, .autoencoder, .standstill: nil
        }
    }

    /// Rows that have to be there before: means of fewer stray farther than those that ranges are learned from.
    var leastRowsBefore: Int { min(lookBack ?? 0, 8) }

    /// The most rows that any part looks back.
    static let longestLookBack = 30

    /// Whether the mean of the rows before is taken off.
    var seesChanges: Bool { self == .jump || self == .step || self == .shift }

    /// Parts that look at the same thing in several ways: where the value is, and what belongs together.
    private static let families: [[EvidencePart]] = [[.level, .rhythm, .mean], [.relation, .autoencoder]]

    /// How much it counts among those that look at the same thing.
    private var weight: Double { self == .relation ? 2 : 1 }

    /// How much each of some parts counts: all alike, but those that look at the same thing as one together. What is silent
    /// nearly always comes on top: it would only make the others quieter.
    static func shares(of parts: [EvidencePart]) -> [Double] {
        let weights = parts.map { part in
            guard let family = families.first(where: { $0.contains(part) }) else { return 1.0 }
            return part.weight / family.filter(parts.contains).reduce(0) { $0 + $1.weight }
        }
        let total = zip(parts, weights).reduce(0) { $0 + ($1.0 == .standstill ? 0 : $1.1) }
        return weights.map { $0 / max(total, 1) }
    }

    /// Whether it says where the metric is, in the metric's own unit.
    var isPlace: Bool { self == .level || self == .rhythm || self == .mean }

    /// Whether it says on which side of what is expected the metric is.
    var hasSide: Bool { self != .standstill }

    /// Whether what it shows for long is partly forgiven. Changes go by themselves.
    var isForgiven: Bool { !seesChanges }

    /// Differences smaller than this are never evidence; `nil`: as many as the metric's own range says.
    var leastWidth: Double? {
        switch self {
        case .level, .rhythm, .mean, .jump, .step, .shift, .standstill: nil
        case .relation: 0.1
        case .autoencoder: 0.05
        }
    }

    /// Whether it is seen in spreads of the metric, not in its own unit.
    var isScaled: Bool { leastWidth != nil }

    /// What it says of how an anomaly deviates.
    package var aspect: ViewAspect {
        switch self {
        case .level, .rhythm, .mean: .level
        case .jump, .step: .change
        case .shift: .shift
        case .relation, .autoencoder, .standstill: .relation
        }
    }
}
