/// A fitted detector of any kind, as a model's manifest carries it.
package enum FittedDetector: MetricDetector {
    /// Scores without meaning.
    case random(RandomDetector)
    /// Distance from the centre in spreads.
    case zScore(ZScoreDetector)
    /// Distance outside the normal range.
    case range(RangeDetector)
    /// Residual after projection on principal components.
    case principalComponents(PrincipalComponentDetector)
    /// The evidence of several parts: what is shipped.
    case evidence(EvidenceDetector)

    private var detector: any MetricDetector {
        switch self {
        case .random(let detector): detector
        case .zScore(let detector): detector
        case .range(let detector): detector
        case .principalComponents(let detector): detector
        case .evidence(let detector): detector
        }
    }

    /// The metrics it was fitted to.
    package var metrics: [String] { detector.metrics }

    /// Whether it looks at what the autoencoders say.
    package var needsResiduals: Bool { detector.needsResiduals }

    /// How much the most deviant metric of a group counts beside the mean.
    package func peakWeight(metrics: Int) -> Double { detector.peakWeight(metrics: metrics) }

    /// Rows that a metric which was away has to be there again.
    package var memory: Int { detector.memory }

    /// Time constant of its adaptation to drift, in samples; `nil` for one that does not adapt.
    package var adaptationTime: Double? {
        if case .evidence(let detector) = self { detector.adaptationTime } else { nil }
    }

    /// A scorer at the start of an entity's stream.
    package func makeScorer() -> any MetricScorer { detector.makeScorer() }
}
