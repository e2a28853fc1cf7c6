extension FaultSignature {
    /// Metrics in a signature that travels; the smaller shares of more are left out.
    package static let mostMetrics = 64
    /// Resources and aspects each in a signature that travels.
    package static let mostParts = 32
    /// Bytes of a name in it.
    package static let longestName = 256

    /// The signature as it travels: the largest shares, rounded to four decimals; a few kilobytes. Metrics whose share
    /// rounds to nothing are left out.
    package var compact: FaultSignature {
        // Adding zero makes −0 a 0.
        func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 + 0 }
        func largest<Value>(_ parts: [String: Value], _ count: Int, _ size: (Value) -> Double) -> [(String, Value)] {
            let named = parts.filter { size($0.value) >= 0.000_05 && $0.key.utf8.count <= Self.longestName }
            let ordered = named.sorted {
                size($0.value) != size($1.value) ? size($0.value) > size($1.value) : $0.key < $1.key
            }
            return ordered.prefix(count).map { ($0.key, $0.value) }
        }
        func shares(_ parts: [String: Share], _ count: Int) -> [String: Share] {
            Dictionary(
                uniqueKeysWithValues: largest(parts, count, \.total).map { name, share in
                    (name, Share(above: rounded(share.above), below: rounded(share.below)))
                })
        }
        return FaultSignature(
            metrics: shares(metrics, Self.mostMetrics), kinds: shares(kinds, Self.mostMetrics),
            resources: shares(resources, Self.mostParts),
            aspects: Dictionary(
                uniqueKeysWithValues: largest(aspects, Self.mostParts) { $0 }.map { ($0.0, rounded($0.1)) }),
            rhythm: Rhythm(
                duty: rounded(rhythm.duty), centre: rounded(rhythm.centre),
                restlessness: rounded(rhythm.restlessness)), sidedness: rounded(sidedness))
    }

    /// What is wrong with a signature that came from outside: a field, what was found and what is expected; `nil` for a
    /// sound one that is small enough to travel.
    package var flaw: String? {
        let counts = [
            ("metrics", metrics.count, Self.mostMetrics), ("kinds", kinds.count, Self.mostMetrics),
            ("resources", resources.count, Self.mostParts),
            ("aspects", aspects.count, Self.mostParts),
        ]
        for (field, count, most) in counts where count > most {
            return "\(field): found \(count), expected at most \(most)"
        }
        guard !metrics.isEmpty || (hasKindsOnly && !kinds.isEmpty) else {
            return "metrics: found none, expected at least one"
        }
        let shares =
            metrics.map { ("metrics", $0.key, [$0.value.above, $0.value.below]) }
            + kinds.map { ("kinds", $0.key, [$0.value.above, $0.value.below]) }
            + resources.map { ("resources", $0.key, [$0.value.above, $0.value.below]) }
            + aspects.map { ("aspects", $0.key, [$0.value]) }
        // In the order of the names: the same signature always has the same flaw.
        for (field, name, values) in shares.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
            guard (1...Self.longestName).contains(name.utf8.count) else {
                return "\(field): found a name of \(name.utf8.count) bytes, expected 1 to \(Self.longestName)"
            }
            for value in values where !Self.isShare(value) { return "\(field): found \(value), expected 0 to 1" }
        }
        for (field, value) in [
            ("duty", rhythm.duty), ("centre", rhythm.centre), ("restlessness", rhythm.restlessness),
            ("sidedness", sidedness),
        ] where !Self.isShare(value) {
            return "\(field): found \(value), expected 0 to 1"
        }
        for (field, parts) in [
            ("metrics", metrics.values.map(\.total)), ("kinds", kinds.values.map(\.total)),
            ("aspects", Array(aspects.values)),
        ] {
            let sum = parts.sorted().reduce(0, +)
            guard sum <= 1.01 else { return "\(field): found shares that add up to \(sum), expected at most 1" }
        }
        return nil
    }

    /// Shares are sums of many roundings.
    private static func isShare(_ value: Double) -> Bool { value >= -1e-6 && value <= 1 + 1e-3 }
}
