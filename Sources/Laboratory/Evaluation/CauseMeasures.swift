import Glibc

/// How a ranking of metrics does against the metrics that really caused an event.
package enum CauseMeasures {
    /// HitRate@P: the share of the true causes among the first ⌊P · |causes|⌋ metrics of the ranking.
    ///
    /// Source: Su et al., "OmniAnomaly", KDD 2019 (HitRate@100 %, HitRate@150 %).
    ///
    /// - Parameters:
    ///   - ranking: metrics, most suspicious first, none twice.
    ///   - causes: the metrics that caused the event; not empty.
    ///   - share: P as a fraction: 1 for HitRate@100 %, 1.5 for HitRate@150 %.
    package static func hitRate<Metric: Hashable>(ranking: [Metric], causes: Set<Metric>, share: Double) -> Double {
        precondition(!causes.isEmpty && share > 0, "a hit rate needs causes and a positive share")
        // The small addend keeps exact products such as 1.1 · 10 from falling below the integer they stand for.
        let taken = Int(Double(causes.count) * share + 1e-9)
        return Double(ranking.prefix(taken).count(where: causes.contains)) / Double(causes.count)
    }

    /// NDCG@k with relevance 1 for a true cause and 0 else: Σ rel_i / log₂(i + 1) over the first k metrics, over its
    /// largest possible value. In 0…1.
    ///
    /// Source: Järvelin, Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.
    package static func normalizedDiscountedGain<Metric: Hashable>(
        ranking: [Metric], causes: Set<Metric>, depth: Int = 5
    ) -> Double {
        precondition(!causes.isEmpty && depth > 0, "NDCG needs causes and a positive depth")
        func discount(_ position: Int) -> Double { 1 / log2(Double(position + 2)) }
        let gain = ranking.prefix(depth).enumerated().reduce(0.0) {
            $0 + (causes.contains($1.element) ? discount($1.offset) : 0)
        }
        let ideal = (0..<min(depth, causes.count)).reduce(0.0) { $0 + discount($1) }
        return gain / ideal
    }
}
