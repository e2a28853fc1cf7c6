/// One way to look at a metric, as a number per row whose normal range can be learned. Each sees a kind of anomaly that
/// the others miss; none looks ahead.
package enum EvidencePart: String, Codable, Sendable, Hashable, CaseIterable {
    /// The value: levels out of range.
    case level
    /// The value less the one before.
    case jump
    /// The value less the mean of the four before.
    case step
    /// The value less the mean of the thirty before: what is new against the latest past, however slowly that moves.
    case shift
    /// What the other metrics of its block do not explain of the value.
    case relation
    /// What the autoencoder of its group does not reconstruct.
    case autoencoder

    /// Rows before the latest whose mean is taken off; `nil`: nothing is.
    var lookBack: Int? {
        switch self {
        case .jump: 1
        case .step: 4
        case .shift: 30
        case .level, .relation, .autoencoder: nil
        }
    }

    /// The most rows that any part looks back.
    static let longestLookBack = 30

    /// Whether what it shows for long is partly forgiven. Changes go by themselves.
    var isForgiven: Bool { lookBack == nil }

    /// Differences smaller than this are never evidence; `nil`: as many as the metric's own range says.
    var leastWidth: Double? {
        switch self {
        case .level, .jump, .step, .shift: nil
        case .relation: 0.1
        case .autoencoder: 0.05
        }
    }

    /// What it says of how an anomaly deviates.
    package var aspect: ViewAspect {
        switch self {
        case .level: .level
        case .jump, .step: .change
        case .shift: .shift
        case .relation, .autoencoder: .relation
        }
    }
}
