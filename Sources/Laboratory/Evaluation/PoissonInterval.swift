import Foundation

/// The exact 95 % interval of a Poisson rate from one count (Garwood 1936).
struct PoissonInterval {
    /// The rate below which so many or more have a probability of 2.5 %.
    let lower: Double
    /// The rate above which so few or fewer have a probability of 2.5 %.
    let upper: Double

    init(observed: Int) {
        lower = observed == 0 ? 0 : Self.rate { Self.cumulative(observed - 1, $0) < 0.975 }
        upper = Self.rate { Self.cumulative(observed, $0) < 0.025 }
    }

    /// P(X ≤ count) of a Poisson distribution.
    private static func cumulative(_ count: Int, _ rate: Double) -> Double {
        guard rate > 0 else { return 1 }
        var sum = 0.0
        for k in 0...count { sum += exp(Double(k) * log(rate) - rate - lgamma(Double(k) + 1)) }
        return min(sum, 1)
    }

    /// The smallest rate for which something holds that holds for all larger ones.
    private static func rate(where holds: (Double) -> Bool) -> Double {
        var (low, high) = (0.0, 1.0)
        while !holds(high), high < 1e9 { high *= 2 }
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
