import Detection
import Telemetry

/// What of a fingerprint tells one kind of fault from another: which metrics and resources, on which side, how they
/// deviate, and in which rhythm. It holds no sample and no time of day, and may leave the domain.
package struct FaultSignature: Codable, Sendable, Hashable {
    /// A share of the deviation, above and below what is expected.
    package struct Share: Codable, Sendable, Hashable {
        /// The part above, 0…1.
        package var above: Double
        /// The part below, 0…1.
        package var below: Double

        /// Both parts together.
        package var total: Double { above + below }

        /// A share of which `balance` (−1…1) says on which side it is.
        init(_ share: Double, balance: Double) {
            above = share * (1 + balance) / 2
            below = share * (1 - balance) / 2
        }

        static func + (a: Share, b: Share) -> Share {
            var sum = a
            sum.above += b.above
            sum.below += b.below
            return sum
        }
    }

    /// Share of each metric.
    package let metrics: [String: Share]
    /// Share of each resource, whatever its layer: two layers that suffer alike have it in common.
    package let resources: [String: Share]
    /// Share of each aspect (``ViewAspect``) by name: a level, a jump, a frozen value, a broken relation.
    package let aspects: [String: Double]
    /// How the deviation runs over time.
    package let rhythm: Fingerprint.Rhythm
    /// How much of the deviation keeps to one side, 0…1: all of a step, little of noise.
    package let sidedness: Double

    /// The signature of a fingerprint.
    package init(_ fingerprint: Fingerprint) {
        var metrics: [String: Share] = [:]
        var resources: [String: Share] = [:]
        var sidedness = 0.0
        for part in fingerprint.parts {
            let share = Share(part.share, balance: part.balance)
            let resource = MetricGroup(name: part.group).resource
            metrics[part.metric] = metrics[part.metric].map { $0 + share } ?? share
            resources[resource] = resources[resource].map { $0 + share } ?? share
            sidedness += part.share * abs(part.balance)
        }
        self.metrics = metrics
        self.resources = resources
        self.sidedness = min(sidedness, 1)
        aspects = fingerprint.aspects
        rhythm = fingerprint.rhythm
    }

    /// How alike two signatures are, 0…1. Two parts are what the metrics share (side counts), one what the resources
    /// share, three how they deviate, one each how steadily, how restlessly and how one-sidedly, a quarter when. Symmetric;
    /// 1 for equal ones.
    package func similarity(to other: FaultSignature) -> Double {
        let parts: [(weight: Double, likeness: Double)] = [
            (2, Self.overlap(metrics, other.metrics)), (1, Self.overlap(resources, other.resources)),
            (3, Self.likeness(aspects, other.aspects)), (1, 1 - abs(rhythm.duty - other.rhythm.duty)),
            (1, 1 - abs(rhythm.restlessness - other.rhythm.restlessness)),
            (0.25, 1 - abs(rhythm.centre - other.rhythm.centre)), (1, 1 - abs(sidedness - other.sidedness)),
        ]
        return parts.reduce(0) { $0 + $1.weight * $1.likeness } / parts.reduce(0) { $0 + $1.weight }
    }

    /// Weighted Jaccard likeness: what both have over what either has. Opposite sides have nothing in common.
    private static func overlap(_ a: [String: Share], _ b: [String: Share]) -> Double {
        var (common, either) = (0.0, 0.0)
        let none = Share(0, balance: 0)
        for name in Set(a.keys).union(b.keys).sorted() {
            let (x, y) = (a[name] ?? none, b[name] ?? none)
            common += min(x.above, y.above) + min(x.below, y.below)
            either += max(x.above, y.above) + max(x.below, y.below)
        }
        return either > 0 ? common / either : 0
    }

    /// What two divisions of a whole have in common.
    private static func likeness(_ a: [String: Double], _ b: [String: Double]) -> Double {
        1 - Set(a.keys).union(b.keys).sorted().reduce(0.0) { $0 + abs((a[$1] ?? 0) - (b[$1] ?? 0)) } / 2
    }
}
