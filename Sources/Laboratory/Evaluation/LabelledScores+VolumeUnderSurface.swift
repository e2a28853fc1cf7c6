extension LabelledScores {
    /// Volume under the precision-recall surface, VUS-PR, as TSB-AD computes it (`RangeAUC_volume_opt`).
    ///
    /// For every ℓ in 0…`largestWindow` the labels are extended by up to ℓ/2 samples on each side of an event with
    /// the weight √(1 − distance/ℓ), overlapping extensions added and capped at 1. At each of `thresholdCount`
    /// thresholds (scores at evenly spaced ranks) recall is the weight called anomalous over (P + P_ℓ)/2, at most 1,
    /// times the share of extended events that are touched; P_ℓ counts the extension only where it is called. The
    /// area is Σ (Rₙ − Rₙ₋₁) Pₙ, and the result its mean over ℓ.
    ///
    /// Source: Paparrizos et al., "Volume Under the Surface", VLDB 2022; Liu, Paparrizos, "The Elephant in the
    /// Room", NeurIPS 2024, and its code.
    ///
    /// Not defined (`nil`) without an anomalous sample. O(n log n + ℓ² · events).
    package func volumeUnderPrecisionRecall(largestWindow: Int = 100, thresholdCount: Int = 250) -> Double? {
        precondition(largestWindow >= 0 && thresholdCount >= 2, "VUS-PR needs a window ≥ 0 and two thresholds")
        guard !events.isEmpty else { return nil }
        let thresholds = surfaceThresholds(thresholdCount)
        // The first threshold (they fall) that a score reaches; `thresholdCount` for none.
        let levels = scores.map { score in
            thresholds.partitioningIndex { $0 <= score }
        }
        var called = [Double](repeating: 0, count: thresholdCount)
        var inside = called
        for (index, level) in levels.enumerated() where level < thresholdCount {
            called[level] += 1
            if labels[index] { inside[level] += 1 }
        }
        called.accumulate()
        inside.accumulate()
        let positives = Double(positiveCount)
        var weights = [Double](repeating: 0, count: count)
        var total = 0.0
        for window in 0...largestWindow {
            let extended = extensionWeights(window: window, levels: levels, weights: &weights, count: thresholdCount)
            let touched = touchedEvents(window: window, levels: levels, count: thresholdCount)
            var previous = 0.0
            for level in 0..<thresholdCount {
                let truePositives = inside[level] + extended[level]
                let expected = positives + extended[level] / 2
                let recall = min(truePositives / expected, 1) * touched[level]
                total += (recall - previous) * truePositives / called[level]
                previous = recall
            }
        }
        return total / Double(largestWindow + 1)
    }

    /// The scores at `count` evenly spaced descending ranks, spaced as NumPy's `linspace(0, n − 1).astype(int)`.
    private func surfaceThresholds(_ count: Int) -> [Double] {
        let sorted = scores.sorted(by: >)
        let step = Double(sorted.count - 1) / Double(count - 1)
        return (0..<count).map { sorted[$0 == count - 1 ? sorted.count - 1 : Int(Double($0) * step)] }
    }

    /// The extension's weight that is called anomalous at each threshold. `weights` is scratch, all zero before and
    /// after.
    private func extensionWeights(window: Int, levels: [Int], weights: inout [Double], count: Int) -> [Double] {
        var result = [Double](repeating: 0, count: count)
        let reach = window / 2
        guard reach > 0 else { return result }
        let decay = (1...reach).map { (1 - Double($0) / Double(window)).squareRoot() }
        func visit(_ body: (_ index: Int, _ weight: Double) -> Void) {
            for event in events {
                for distance in 1...reach {
                    let after = event.upperBound - 1 + distance
                    let before = event.lowerBound - distance
                    if after < labels.count, !labels[after] { body(after, decay[distance - 1]) }
                    if before >= 0, !labels[before] { body(before, decay[distance - 1]) }
                }
            }
        }
        visit { weights[$0] += $1 }
        visit { index, _ in
            guard weights[index] > 0 else { return }
            if levels[index] < count { result[levels[index]] += min(1, weights[index]) }
            weights[index] = 0
        }
        result.accumulate()
        return result
    }

    /// The share of the extended events (those whose extensions meet are one) that a threshold touches.
    private func touchedEvents(window: Int, levels: [Int], count: Int) -> [Double] {
        let reach = window / 2
        var zones: [ClosedRange<Int>] = []
        var start = max(0, events[0].lowerBound - reach)
        for (event, next) in zip(events, events.dropFirst()) {
            let end = event.upperBound - 1 + reach
            guard end < next.lowerBound - reach else { continue }
            zones.append(start...end)
            start = next.lowerBound - reach
        }
        zones.append(start...min(events[events.count - 1].upperBound - 1 + reach, self.count - 1))
        var result = [Double](repeating: 0, count: count)
        for zone in zones {
            guard let level = levels[zone].min(), level < count else { continue }
            result[level] += 1
        }
        result.accumulate()
        return result.map { $0 / Double(zones.count) }
    }
}

extension [Double] {
    /// Replaces each element by the sum of those up to it.
    fileprivate mutating func accumulate() {
        for index in indices.dropFirst() { self[index] += self[index - 1] }
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index whose element satisfies the predicate, when all that follow it do too. O(log n).
    func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
