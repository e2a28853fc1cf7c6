extension LabelledScores {
    /// One step of the precision-recall curve: everything that scores at least a threshold is called anomalous.
    struct Step {
        /// The threshold: a score that occurs.
        let threshold: Double
        /// Samples with at least that score.
        let called: Int
        /// Anomalous samples among them.
        let truePositives: Int
    }

    /// The steps of the curve by descending threshold, one per distinct score. O(n log n).
    func steps() -> [Step] {
        let order = descendingOrder()
        var result: [Step] = []
        var truePositives = 0
        for (rank, index) in order.enumerated() {
            if labels[index] { truePositives += 1 }
            if rank + 1 == count || scores[order[rank + 1]] != scores[index] {
                result.append(Step(threshold: scores[index], called: rank + 1, truePositives: truePositives))
            }
        }
        return result
    }

    /// Area under the precision-recall curve as average precision, Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores, in
    /// 0…1; samples of equal score enter together, as in scikit-learn's `average_precision_score`.
    ///
    /// Not defined (`nil`) without an anomalous sample. O(n log n).
    package func averagePrecision() -> Double? {
        let positives = positiveCount
        guard positives > 0 else { return nil }
        var sum = 0.0
        var previous = 0
        for step in steps() where step.truePositives > previous {
            sum += Double(step.truePositives - previous) * Double(step.truePositives) / Double(step.called)
            previous = step.truePositives
        }
        return sum / Double(positives)
    }

    /// Area under the receiver operating characteristic: the probability that an anomalous sample scores higher than
    /// a normal one, ties counted half, in 0…1.
    ///
    /// Not defined (`nil`) unless both classes occur. O(n log n).
    package func areaUnderROC() -> Double? {
        let positives = positiveCount
        let negatives = count - positives
        guard positives > 0, negatives > 0 else { return nil }
        var area = 0.0
        var previous = (called: 0, truePositives: 0)
        for step in steps() {
            let hits = step.truePositives - previous.truePositives
            let misses = step.called - previous.called - hits
            // A trapezium: the misses of this step against the hits before it and half of those beside it.
            area += Double(misses) * (Double(previous.truePositives) + Double(hits) / 2)
            previous = (step.called, step.truePositives)
        }
        return area / (Double(positives) * Double(negatives))
    }

    /// The highest F1 of single samples that any threshold reaches, and that threshold: an *oracle* value, since the
    /// labels choose the threshold.
    ///
    /// Not defined (`nil`) without an anomalous sample. O(n log n).
    package func bestF1() -> (f1: Double, threshold: Double)? {
        let positives = positiveCount
        guard positives > 0 else { return nil }
        var best: (f1: Double, threshold: Double) = (0, .infinity)
        for step in steps() {
            let f1 = 2 * Double(step.truePositives) / Double(step.called + positives)
            if f1 > best.f1 { best = (f1, step.threshold) }
        }
        return best
    }
}
