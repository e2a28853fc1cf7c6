/// The shipped detector: several ways to look at each metric (``EvidencePart``), of which each says how improbable what
/// it sees is in normal operation (``NormalRange``).
///
/// A metric's deviation is the mean evidence of all parts. What values, relations and autoencoders have shown for long
/// is partly forgiven, so that drift does not alarm forever. No weight was fitted to labels: evidence has the same unit
/// everywhere.
package struct EvidenceDetector: MetricDetector {
    /// F names.
    package let metrics: [String]
    /// The resource group of each metric, `[F]`.
    package let groups: [String]
    /// The parts that have a say.
    package let parts: [EvidencePart]
    /// The normal range of each part, in their order.
    package let ranges: [NormalRange]
    /// What metrics say of each other; `nil` where no part asks.
    package let relations: MetricRelations?
    /// What is usual at each time of day; `nil` where that was not learned.
    package let rhythm: DailyRhythm?
    /// Rows of the longest entity in training.
    package let trainingSamples: Double
    /// Places of metrics that had one value throughout training, and not 0: of what was nothing, such as errors, that there
    /// is something is no habit. Absent in models of earlier releases.
    package let still: [Int]?

    /// Time constant of what is forgiven, in rows: a tenth of the training part.
    package var adaptationTime: Double { max(200, 0.1 * trainingSamples) }
    /// Whether it looks at what the autoencoders say.
    package var needsResiduals: Bool { parts.contains(.autoencoder) }
    /// A metric that comes back differs from what came before; until that is out of sight it says nothing.
    package var memory: Int { EvidencePart.longestLookBack }

    /// √n metrics' worth: a fault of one metric shows among hundreds, and one odd metric does not drown the others.
    package func peakWeight(metrics: Int) -> Double { Double(metrics).squareRoot() }

    /// A scorer at the start of an entity's stream.
    package func makeScorer() -> any MetricScorer { EvidenceScorer(self) }

    /// Whether the parts fit each other, the numbers are usable and the sizes within reason.
    var isConsistent: Bool {
        let width = metrics.count
        guard groups.count == width, !parts.isEmpty, Set(parts).count == parts.count, ranges.count == parts.count,
            ranges.allSatisfy({ $0.isConsistent(width: width) }), trainingSamples.isFinite,
            still?.allSatisfy(metrics.indices.contains) ?? true,
            rhythm.map({ $0.amplitudes.areFinite(2 * DailyRhythm.harmonics * width) }) ?? !parts.contains(.rhythm)
        else { return false }
        guard let relations else { return !parts.contains(.relation) }
        let sizes = MetricRelations.blocks(groups: groups).map { $0.count * $0.count }
        return relations.centre.areFinite(width) && relations.scale.arePositive(width)
            && relations.coefficients.count == sizes.count
            && zip(relations.coefficients, sizes).allSatisfy { $0.areFinite($1) }
    }
}
