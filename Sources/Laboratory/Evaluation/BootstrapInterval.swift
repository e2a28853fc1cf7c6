package import Numerics

/// A mean with the interval that resampling gives it.
package struct BootstrapInterval: Sendable, Codable, Equatable {
    /// The mean of the values themselves.
    package let mean: Double
    /// The lower end: the 2.5 % quantile of the resampled means (at the default confidence).
    package let lower: Double
    /// The upper end: the 97.5 % quantile.
    package let upper: Double

    /// The percentile bootstrap of the mean of `values`; `nil` without values. With few values (entities) the
    /// interval is wide and itself uncertain; that is what it has to say.
    ///
    /// Source: Efron, Tibshirani, "An Introduction to the Bootstrap", 1993, section 13.3.
    package init?(
        meanOf values: [Double], confidence: Double = 0.95, repetitions: Int = 2_000,
        generator: inout CounterBasedGenerator
    ) {
        precondition(confidence > 0 && confidence < 1 && repetitions > 0, "confidence must lie between 0 and 1")
        guard !values.isEmpty else { return nil }
        var means: [Double] = []
        means.reserveCapacity(repetitions)
        for _ in 0..<repetitions {
            var sum = 0.0
            for _ in values.indices { sum += values[Int(generator.uniform() * Double(values.count))] }
            means.append(sum / Double(values.count))
        }
        means.sort()
        mean = values.reduce(0, +) / Double(values.count)
        lower = means.quantile((1 - confidence) / 2)
        upper = means.quantile((1 + confidence) / 2)
    }
}
