import Numerics

/// Which types of entities have the same columns as others, and yet not the same metrics: `value` of a processor and `value` of
/// a network, in files that are called after what they hold. One network for both would see neither: the smaller one's values
/// would lie in a thousandth of its scale.
///
/// A metric's scale is a centre and a spread. What is typical of it are the medians over the types, each counted once, so that
/// one type of another kind separates itself and nobody else.
enum TypeScales {
    /// How many times as far from the typical centre as is typical a type may be, and how many times as narrow as that, and still
    /// share a network with the others: in half of its metrics.
    private static let farthest = 30.0
    /// Groups, of all resources and types together, up to which scales separate types: each is a network at everybody.
    static let mostGroups = 1_024
    /// Share of all values that the scale does not look at, at each end.
    private static let tailShare = 0.005

    /// The types of another scale than most.
    ///
    /// - Parameter types: the metrics of each, by name; the same ones.
    static func odd(among types: [String: [String: MetricStatistics]]) -> Set<String> {
        guard types.count > 1, let names = types.first?.value.keys else { return [] }
        var distances: [String: [Double]] = [:]
        for name in names {
            let parts = types.compactMap { type, metrics -> (type: String, mean: Double, spread: Double)? in
                guard let found = metrics[name]?.winsorised(share: tailShare), found.standardDeviation > 0,
                    found.standardDeviation.isFinite, found.mean.isFinite
                else { return nil }
                return (type, found.mean, found.standardDeviation)
            }
            guard parts.count > 1 else { continue }
            let centre = parts.map(\.mean).sorted().quantile(0.5)
            let reaches = parts.map { ($0.spread * $0.spread + ($0.mean - centre) * ($0.mean - centre)).squareRoot() }
            let typical = reaches.sorted().quantile(0.5)
            for (part, reach) in zip(parts, reaches) {
                distances[part.type, default: []].append(max(reach / typical, typical / part.spread))
            }
        }
        return Set(distances.filter { $0.value.sorted().quantile(0.5) > farthest }.keys)
    }
}
