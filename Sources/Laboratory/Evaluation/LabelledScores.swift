import Numerics
package import Watching

/// The scores of one entity's test part beside the truth: what every threshold-free measure is computed from.
package struct LabelledScores: Sendable {
    /// Whether each sample is anomalous, `[N]`.
    package let labels: [Bool]
    /// The anomaly score of each sample, `[N]`; larger is more anomalous; finite.
    package let scores: [Double]
    /// The anomalous events: maximal runs of anomalous samples.
    package let events: [Range<Int>]

    /// Pairs scores with labels.
    ///
    /// - Throws: ``DetectionError`` (`invalidData`) when the lengths differ, there is no sample, or a score is not
    ///   finite.
    package init(labels: [Bool], scores: [Double]) throws(DetectionError) {
        guard labels.count == scores.count else {
            throw DetectionError(
                .invalidData, "evaluating", "\(scores.count) scores for \(labels.count) labels; they must be as many")
        }
        guard !scores.isEmpty else {
            throw DetectionError(.invalidData, "evaluating", "no samples; at least one is needed")
        }
        if let index = scores.firstIndex(where: { !$0.isFinite }) {
            throw DetectionError(
                .invalidData, "evaluating", "the score of sample \(index) is \(scores[index]); scores must be finite")
        }
        self.labels = labels
        self.scores = scores
        events = labels.trueRuns
    }

    /// Number of samples.
    package var count: Int { labels.count }

    /// Number of anomalous samples.
    package var positiveCount: Int { events.reduce(0) { $0 + $1.count } }

    /// Sample indices by descending score; equal scores in ascending order of index.
    func descendingOrder() -> [Int] {
        // Sorting pairs of key and index avoids a random access per comparison.
        var keyed = scores.enumerated().map { (score: $1, index: $0) }
        keyed.sort { $0.score != $1.score ? $0.score > $1.score : $0.index < $1.index }
        return keyed.map(\.index)
    }
}
