extension [Double] {
    /// The quantile of ascending, non-empty values, linear between neighbours (NumPy's default, Hyndman and Fan's
    /// type 7).
    package func quantile(_ probability: Double) -> Double {
        precondition(!isEmpty && probability >= 0 && probability <= 1, "a quantile needs values and 0 ≤ p ≤ 1")
        let position = probability * Double(count - 1)
        let low = Int(position)
        let high = Swift.min(low + 1, count - 1)
        return self[low] + (self[high] - self[low]) * (position - Double(low))
    }
}
