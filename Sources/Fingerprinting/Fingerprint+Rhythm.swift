extension Fingerprint {
    /// How a deviation runs over time, whatever deviates.
    package struct Rhythm: Codable, Sendable, Hashable {
        /// The share of the samples that deviate by at least 30 % of the peaks' mean: 1 for a steady fault, a third for
        /// bursts.
        package let duty: Double
        /// Where the deviation's weight lies between first and last sample, 0…1: early for a step that settles, late
        /// for a leak.
        package let centre: Double
        /// How much it moves from sample to sample, 0…1: half the sum of the changes over the sum.
        package let restlessness: Double

        /// A rhythm with every field given.
        package init(duty: Double, centre: Double, restlessness: Double) {
            self.duty = duty
            self.centre = centre
            self.restlessness = restlessness
        }

        /// The rhythm of a deviation, sample by sample.
        init(_ deviation: [Double]) {
            let sum = deviation.reduce(0, +)
            guard sum > 0 else {
                self.init(duty: 0, centre: 0.5, restlessness: 0)
                return
            }
            let peaks = deviation.sorted(by: >).prefix(max(1, deviation.count / 10))
            let peak = peaks.reduce(0, +) / Double(peaks.count)
            var (moment, change) = (0.0, 0.0)
            for (index, value) in deviation.enumerated() {
                moment += value * Double(index)
                if index > 0 { change += abs(value - deviation[index - 1]) }
            }
            self.init(
                duty: Double(deviation.count { $0 >= 0.3 * peak }) / Double(deviation.count),
                centre: moment / sum / Double(deviation.count), restlessness: min(1, change / sum / 2))
        }
    }
}
