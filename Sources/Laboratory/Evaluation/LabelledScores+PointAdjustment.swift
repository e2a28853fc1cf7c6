package import Numerics
package import Watching

extension LabelledScores {
    /// The highest point-adjusted F1 that any threshold reaches: an event touched by one alarm counts as if all its
    /// samples were in alarm.
    ///
    /// This flatters: random scores get high values too. Never print it without
    /// ``randomPointAdjustedF1(repetitions:generator:)`` beside it. Source of the protocol: Xu et al., WWW 2018; of
    /// the criticism: Kim et al., "Towards a Rigorous Evaluation of Time-Series Anomaly Detection", AAAI 2022.
    ///
    /// Not defined (`nil`) without an event. O(n log n).
    package func pointAdjustedF1() -> Double? {
        let positives = positiveCount
        guard positives > 0 else { return nil }
        var reached: [(score: Double, hits: Int, misses: Int)] = events.map { event in
            (scores[event].reduce(-Double.infinity) { max($0, $1) }, event.count, 0)
        }
        for (index, score) in scores.enumerated() where !labels[index] { reached.append((score, 0, 1)) }
        reached.sort { $0.score > $1.score }
        var best = 0.0
        var hits = 0
        var misses = 0
        for (rank, item) in reached.enumerated() {
            hits += item.hits
            misses += item.misses
            if rank + 1 == reached.count || reached[rank + 1].score != item.score {
                best = max(best, 2 * Double(hits) / Double(hits + misses + positives))
            }
        }
        return best
    }

    /// What scores without any meaning, drawn uniformly, get as ``pointAdjustedF1()`` on these labels: the mean over
    /// `repetitions` draws.
    package func randomPointAdjustedF1(
        repetitions: Int = 5, generator: inout CounterBasedGenerator
    ) throws(DetectionError) -> Double? {
        precondition(repetitions > 0, "at least one repetition is needed")
        var sum = 0.0
        for _ in 0..<repetitions {
            var random: [Double] = []
            random.reserveCapacity(count)
            for _ in 0..<count { random.append(generator.uniform()) }
            guard let value = try LabelledScores(labels: labels, scores: random).pointAdjustedF1() else { return nil }
            sum += value
        }
        return sum / Double(repetitions)
    }
}
