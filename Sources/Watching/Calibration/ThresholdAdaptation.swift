/// How thresholds follow an entity's stream.
package enum ThresholdAdaptation: String, Codable, Sendable, Hashable, CaseIterable {
    /// They stay as calibrated.
    case fixed
    /// They move with the score's usual level (``DriftOffset``).
    case level
    /// That, and the tail above it is fitted again with the peaks of the stream (``StreamingTail``).
    case tail

    /// What help texts say of it.
    package var meaning: String {
        switch self {
        case .fixed: "as calibrated"
        case .level: "following the score's usual level"
        case .tail: "following the level, and the tail fitted again while scores stream"
        }
    }

    /// Time constant of the offset where a detector has none of its own, in samples: a tenth of the training part.
    package static func time(trainingSamples: Int) -> Double { max(200, 0.1 * Double(trainingSamples)) }
}
