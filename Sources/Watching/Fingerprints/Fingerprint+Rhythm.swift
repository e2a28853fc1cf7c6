extension Fingerprint {
    /// How a deviation runs over time, whatever deviates.
    package typealias Rhythm = FaultSignature.Rhythm
}

extension FaultSignature.Rhythm {
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
