#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What of a fingerprint tells one kind of fault from another: which metrics and groups, on which side, in which shape.
/// It holds no sample and no time of day, and may leave the domain.
package struct FaultSignature: Codable, Sendable, Hashable {
    /// Share of each metric in the deviation, negative for one below what is expected.
    package let metrics: [String: Double]
    /// Share of each group.
    package let groups: [String: Double]
    /// The group that moved first.
    package let firstGroup: String?
    /// From the first to the last deviation, in seconds.
    package let durationSeconds: Double
    /// Where between onset and end the peak lies, 0…1: early for a step, late for a leak.
    package let peakPosition: Double

    /// The signature of a fingerprint.
    package init(_ fingerprint: Fingerprint) {
        var metrics: [String: Double] = [:]
        for part in fingerprint.parts {
            metrics[part.metric, default: 0] += part.side < 0 ? -part.share : part.share
        }
        var groups: [String: Double] = [:]
        for part in fingerprint.groups { groups[part.group, default: 0] += part.share }
        self.metrics = metrics
        self.groups = groups
        firstGroup = fingerprint.firstGroup
        let shape = fingerprint.groups.first?.shape
        durationSeconds = shape?.durationSeconds ?? 0
        peakPosition =
            shape.map {
                $0.durationSeconds > 0 ? min(max(($0.peakTime - $0.onsetTime) / $0.durationSeconds, 0), 1) : 0
            } ?? 0
    }

    /// How alike two signatures are, 0…1: for two parts what the metrics share (side counts), for one part what the
    /// groups share, for a quarter each which group was first, how long it took and when it peaked. Symmetric; 1 for
    /// equal ones.
    package func similarity(to other: FaultSignature) -> Double {
        let metricPart = Self.overlap(metrics, other.metrics)
        let groupPart = Self.overlap(groups, other.groups)
        let firstPart = firstGroup == other.firstGroup ? 1.0 : 0
        let ratio = log2((durationSeconds + 1) / (other.durationSeconds + 1))
        // A factor of two in length halves the likeness.
        let durationPart = exp2(-abs(ratio))
        let peakPart = 1 - abs(peakPosition - other.peakPosition)
        return (2 * metricPart + groupPart + 0.25 * (firstPart + durationPart + peakPart)) / 3.75
    }

    /// Weighted Jaccard likeness: what both have over what either has. Opposite sides have nothing in common.
    private static func overlap(_ a: [String: Double], _ b: [String: Double]) -> Double {
        var (common, either) = (0.0, 0.0)
        for name in Set(a.keys).union(b.keys).sorted() {
            let (x, y) = (a[name] ?? 0, b[name] ?? 0)
            if x * y < 0 {
                either += abs(x) + abs(y)
            } else {
                common += min(abs(x), abs(y))
                either += max(abs(x), abs(y))
            }
        }
        return either > 0 ? common / either : 0
    }
}
