import Glibc

/// The distribution of what exceeds a high threshold: P(X > x) = (1 + γ·x/σ)^(−1/γ), for γ → 0 e^(−x/σ).
package struct GeneralizedPareto: Codable, Sendable, Hashable {
    /// γ: 0 exponential, positive heavier, negative bounded.
    package let shape: Double
    /// σ, in units of the score; positive.
    package let scale: Double

    /// Where γ is told from 0.
    private static let smallestShape = 1e-6
    /// γ is kept within ± this. Beyond, a handful of anomalies in the training part would decide the tail.
    private static let largestShape = 0.5

    /// A distribution with both parameters given.
    package init(shape: Double, scale: Double) {
        precondition(scale > 0, "the scale is positive")
        self.shape = shape
        self.scale = scale
    }

    /// The distribution with the probability-weighted moments of the positive excesses, γ kept within −0.5 … 0.5.
    /// Fewer than 5 excesses, or ones that leave σ without a value, get the exponential distribution of their mean.
    ///
    /// With b₀ the mean and b₁ = Σ x₍ᵢ₎ (n − 1 − i)/(n − 1) / n over ascending x₍ᵢ₎: γ = 2 − b₀/(b₀ − 2b₁),
    /// σ = 2b₀b₁/(b₀ − 2b₁). Chosen over maximum likelihood (Grimshaw) because it always exists, does not jump on
    /// rounded and tied scores, and is better below some 500 excesses, which is all that a training part has.
    ///
    /// Source: Hosking, Wallis, "Parameter and quantile estimation for the generalized Pareto distribution",
    /// Technometrics 29, 1987.
    ///
    /// Returns `nil` without a positive excess. O(n log n).
    package init?(fittedTo excesses: [Double], sufficient: Int = 5) {
        let sorted = excesses.filter { $0 > 0 && $0.isFinite }.sorted()
        guard !sorted.isEmpty else { return nil }
        let count = Double(sorted.count)
        let mean = sorted.reduce(0, +) / count
        guard mean > 0, mean.isFinite else { return nil }
        guard sorted.count >= max(2, sufficient) else {
            self.init(shape: 0, scale: mean)
            return
        }
        var weighted = 0.0
        for (index, excess) in sorted.enumerated() { weighted += excess * (count - 1 - Double(index)) / (count - 1) }
        weighted /= count
        let denominator = mean - 2 * weighted
        // Equal excesses: mean = 2 · weighted but for rounding.
        guard denominator > 1e-12 * mean else {
            self.init(shape: 0, scale: mean)
            return
        }
        let shape = min(max(2 - mean / denominator, -Self.largestShape), Self.largestShape)
        let scale = 2 * mean * weighted / denominator
        guard scale > 0 else {
            self.init(shape: 0, scale: mean)
            return
        }
        self.init(shape: shape, scale: scale)
    }

    /// The excess that is exceeded with a probability: σ/γ·(p^−γ − 1), for γ → 0 −σ·ln p.
    ///
    /// - Precondition: 0 < `probability` ≤ 1.
    package func excess(exceededWith probability: Double) -> Double {
        precondition(probability > 0 && probability <= 1, "a probability is between 0 and 1")
        return abs(shape) <= Self.smallestShape
            ? -scale * log(probability) : scale / shape * expm1(-shape * log(probability))
    }

    /// P(X > excess).
    package func survival(_ excess: Double) -> Double {
        guard excess > 0 else { return 1 }
        if abs(shape) <= Self.smallestShape { return exp(-excess / scale) }
        let inner = 1 + shape * excess / scale
        return inner > 0 ? pow(inner, -1 / shape) : 0
    }
}
