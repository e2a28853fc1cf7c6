import Numerics

/// How a threshold follows from held-out normal scores.
package enum ThresholdRule: Codable, Sendable, Hashable {
    /// Peaks over threshold: so many false alarms per day and entity, counted after grouping.
    case falseAlarms(perDay: Double)
    /// A fixed quantile of the held-out scores, times a factor.
    case quantile(Double, factor: Double)

    /// The threshold for one score, without its offset (``DriftOffset``).
    ///
    /// The offset depends on the threshold and the threshold on scores less the offset: three rounds from the 99 %
    /// quantile settle both.
    ///
    /// - Parameters:
    ///   - scores: held-out scores in time order, one array for each entity.
    ///   - stepSeconds: time from one sample to the next.
    ///   - gap: alarms with at most so many samples between them are one.
    ///   - adaptationTime: time constant of the offset in samples; `nil`: there is none.
    /// - Throws: ``DetectionError`` (`insufficientData`) without a score.
    package func threshold(
        heldOut scores: [[Double]], stepSeconds: Double, gap: Int, adaptationTime: Double? = nil
    ) throws(DetectionError) -> Double {
        try calibration(heldOut: scores, stepSeconds: stepSeconds, gap: gap, adaptationTime: adaptationTime).threshold
    }

    /// The same with what a ``StreamingTail`` begins with; a fixed quantile has none.
    ///
    /// - Throws: ``DetectionError`` (`insufficientData`) without a score.
    package func calibration(
        heldOut scores: [[Double]], stepSeconds: Double, gap: Int, adaptationTime: Double?
    ) throws(DetectionError) -> (threshold: Double, tail: TailCalibration?) {
        let sorted = scores.flatMap(\.self).sorted()
        guard !sorted.isEmpty else {
            throw DetectionError(.insufficientData, "calibrating a threshold", "no held-out score")
        }
        var threshold = sorted.quantile(0.99)
        var peaks: PeaksOverThreshold?
        for _ in 0..<(adaptationTime == nil ? 1 : 3) {
            let settled = adaptationTime.map { time in
                scores.map { DriftOffset.removed(from: $0, threshold: threshold, adaptationTime: time) }
            }
            switch self {
            case .falseAlarms(let perDay):
                let found = try PeaksOverThreshold(scores: settled ?? scores, stepSeconds: stepSeconds, gap: gap)
                threshold = found.threshold(alarmsPerDay: perDay)
                peaks = found
            case .quantile(let probability, let factor):
                threshold = factor * (settled?.flatMap(\.self).sorted() ?? sorted).quantile(probability)
            }
        }
        guard case .falseAlarms(let perDay) = self, let peaks else { return (threshold, nil) }
        let tail = TailCalibration(peaks, alarmsPerSample: perDay * stepSeconds / 86_400, gap: gap)
        return (threshold, tail)
    }
}

/// How far a score's usual level has drifted: the slow average of what it has shown, in which exceedances count no
/// more than the threshold. A threshold is held against the score less the offset.
package struct DriftOffset: Codable, Sendable, Hashable {
    /// Time constant in samples.
    package let adaptationTime: Double
    /// The offset for the next sample.
    package private(set) var value = 0.0

    /// No drift yet.
    ///
    /// - Precondition: the time constant is at least 1.
    package init(adaptationTime: Double) {
        precondition(adaptationTime >= 1, "a time constant is at least one sample")
        self.adaptationTime = adaptationTime
    }

    /// Takes in a sample's score.
    package mutating func update(_ score: Double, threshold: Double) {
        value += (min(score, threshold) - value) / adaptationTime
    }

    /// Takes up an offset that was written down.
    mutating func restore(_ offset: Double?) { value = offset ?? 0 }

    static func removed(from scores: [Double], threshold: Double, adaptationTime: Double) -> [Double] {
        var offset = DriftOffset(adaptationTime: adaptationTime)
        return scores.map { score in
            let settled = score - offset.value
            offset.update(score, threshold: threshold)
            return settled
        }
    }
}
