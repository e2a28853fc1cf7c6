/// What of an anomaly tells one kind of fault from another: which metrics and resources, on which side, how they
/// deviate, and in which rhythm. It holds no sample and no time of day, and may leave the domain.
///
/// Its JSON is the same in an alarm event, in a fault library and on the server's interface.
package struct FaultSignature: Codable, Sendable, Hashable {
    /// A share of the deviation, above and below what is expected.
    package struct Share: Codable, Sendable, Hashable {
        /// The part above, 0…1.
        package var above: Double
        /// The part below, 0…1.
        package var below: Double

        /// Both parts together.
        package var total: Double { above + below }

        /// A share from its parts.
        package init(above: Double, below: Double) {
            self.above = above
            self.below = below
        }

        /// A share of which `balance` (−1…1) says on which side it is.
        package init(_ share: Double, balance: Double) {
            above = share * (1 + balance) / 2
            below = share * (1 - balance) / 2
        }

        /// Both together.
        package static func + (a: Share, b: Share) -> Share {
            Share(above: a.above + b.above, below: a.below + b.below)
        }
    }

    /// How a deviation runs over time, whatever deviates.
    package struct Rhythm: Codable, Sendable, Hashable {
        /// The share of the samples that deviate by at least 30 % of the peaks' mean: 1 for a steady fault, a third for
        /// bursts.
        package let duty: Double
        /// Where the deviation's weight lies between first and last sample, 0…1: early for a step that settles, late
        /// for a leak.
        package let centre: Double
        /// How much it moves from sample to sample, 0…1: half the sum of the changes over the sum.
        package let restlessness: Double

        /// A rhythm with every field given.
        package init(duty: Double, centre: Double, restlessness: Double) {
            self.duty = duty
            self.centre = centre
            self.restlessness = restlessness
        }
    }

    /// Share of each metric.
    package let metrics: [String: Share]
    /// Share of each kind of metric (``MetricKind/name``), above where the resource is strained more than before: what
    /// carries over to entities, systems and exporters with other names. In an incident's signature also what deviates
    /// at others. Empty in signatures of a version before.
    package let kinds: [String: Share]
    /// Share of each resource, whatever its layer: two layers that suffer alike have it in common.
    package let resources: [String: Share]
    /// Share of each aspect by name: a level, a jump, a frozen value, a broken relation.
    package let aspects: [String: Double]
    /// How the deviation runs over time.
    package let rhythm: Rhythm
    /// How much of the deviation keeps to one side, 0…1: all of a step, little of noise.
    package let sidedness: Double

    /// A signature with every field given.
    package init(
        metrics: [String: Share], kinds: [String: Share] = [:], resources: [String: Share], aspects: [String: Double],
        rhythm: Rhythm, sidedness: Double
    ) {
        self.metrics = metrics
        self.kinds = kinds
        self.resources = resources
        self.aspects = aspects
        self.rhythm = rhythm
        self.sidedness = sidedness
    }

    /// A signature that knows kinds of metrics only.
    package init(kinds: [String: Share]) {
        self.init(
            metrics: [:], kinds: kinds, resources: [:], aspects: [:],
            rhythm: Rhythm(duty: 0, centre: 0, restlessness: 0), sidedness: 0)
    }

    /// Whether it knows kinds of metrics only: an incident's.
    package var hasKindsOnly: Bool { metrics.isEmpty && aspects.isEmpty }

    private enum CodingKeys: String, CodingKey { case metrics, kinds, resources, aspects, rhythm, sidedness }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            metrics: try container.decode([String: Share].self, forKey: .metrics),
            kinds: try container.decodeIfPresent([String: Share].self, forKey: .kinds) ?? [:],
            resources: try container.decode([String: Share].self, forKey: .resources),
            aspects: try container.decode([String: Double].self, forKey: .aspects),
            rhythm: try container.decode(Rhythm.self, forKey: .rhythm),
            sidedness: try container.decode(Double.self, forKey: .sidedness))
    }

    /// How far the same metrics deviate in both, on whatever side, 0…1: weighted Jaccard likeness of their shares.
    package func sharedMetrics(with other: FaultSignature) -> Double {
        var (common, either) = (0.0, 0.0)
        for name in Set(metrics.keys).union(other.metrics.keys).sorted() {
            let (x, y) = (metrics[name]?.total ?? 0, other.metrics[name]?.total ?? 0)
            common += min(x, y)
            either += max(x, y)
        }
        return either > 0 ? common / either : 1
    }

    /// How alike two signatures are, 0…1.
    ///
    /// Two parts are what the kinds of metrics share (side counts; the metrics' names where a signature has no kinds), one
    /// what the resources share, three how they deviate, one each how steadily, how restlessly and how one-sidedly, a
    /// quarter when. Where one of them has kinds only, they are all that counts. Symmetric; 1 for equal ones. Who compares
    /// one with many makes a ``ComparableSignature`` of each once.
    package func similarity(to other: FaultSignature) -> Double {
        ComparableSignature(self).similarity(to: ComparableSignature(other))
    }
}

/// A signature laid out for comparing it with many others: names in order, so that two are walked through side by side.
package struct ComparableSignature: Sendable {
    private let metrics: [(name: String, share: FaultSignature.Share)]
    private let kinds: [(name: String, share: FaultSignature.Share)]
    private let hasKindsOnly: Bool
    private let resources: [(name: String, share: FaultSignature.Share)]
    private let aspects: [(name: String, share: Double)]
    private let rhythm: FaultSignature.Rhythm
    private let sidedness: Double

    /// Lays a signature out. O(n log n) for n names.
    package init(_ signature: FaultSignature) {
        metrics = signature.metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        kinds = signature.kinds.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        hasKindsOnly = signature.hasKindsOnly
        resources = signature.resources.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        aspects = signature.aspects.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        rhythm = signature.rhythm
        sidedness = signature.sidedness
    }

    /// ``FaultSignature/similarity(to:)``. O(n) for n names of both.
    package func similarity(to other: ComparableSignature) -> Double {
        if hasKindsOnly || other.hasKindsOnly { return Self.overlap(kinds, other.kinds) }
        let haveKinds = !kinds.isEmpty && !other.kinds.isEmpty
        let shared = haveKinds ? Self.overlap(kinds, other.kinds) : Self.overlap(metrics, other.metrics)
        let parts: [(weight: Double, likeness: Double)] = [
            (2, shared), (1, Self.overlap(resources, other.resources)),
            (3, Self.likeness(aspects, other.aspects)), (1, 1 - abs(rhythm.duty - other.rhythm.duty)),
            (1, 1 - abs(rhythm.restlessness - other.rhythm.restlessness)),
            (0.25, 1 - abs(rhythm.centre - other.rhythm.centre)), (1, 1 - abs(sidedness - other.sidedness)),
        ]
        return parts.reduce(0) { $0 + $1.weight * $1.likeness } / parts.reduce(0) { $0 + $1.weight }
    }

    /// Weighted Jaccard likeness: what both have over what either has. Opposite sides have nothing in common.
    private static func overlap(
        _ a: [(name: String, share: FaultSignature.Share)], _ b: [(name: String, share: FaultSignature.Share)]
    ) -> Double {
        var (common, either) = (0.0, 0.0)
        let none = FaultSignature.Share(above: 0, below: 0)
        walk(a, b, none: none) { x, y in
            common += min(x.above, y.above) + min(x.below, y.below)
            either += max(x.above, y.above) + max(x.below, y.below)
        }
        return either > 0 ? common / either : 0
    }

    /// What two divisions of a whole have in common.
    private static func likeness(_ a: [(name: String, share: Double)], _ b: [(name: String, share: Double)]) -> Double {
        var apart = 0.0
        walk(a, b, none: 0) { apart += abs($0 - $1) }
        return 1 - apart / 2
    }

    /// Both values of every name that either has, in the order of the names: sums are the same whoever is first.
    private static func walk<Value>(
        _ a: [(name: String, share: Value)], _ b: [(name: String, share: Value)], none: Value,
        _ body: (Value, Value) -> Void
    ) {
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if j == b.count || (i < a.count && a[i].name < b[j].name) {
                body(a[i].share, none)
                i += 1
            } else if i == a.count || b[j].name < a[i].name {
                body(none, b[j].share)
                j += 1
            } else {
                body(a[i].share, b[j].share)
                i += 1
                j += 1
            }
        }
    }
}
