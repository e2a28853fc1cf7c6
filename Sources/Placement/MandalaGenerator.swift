import Numerics

/// The Mandala access topology: access, aggregation, core and application nodes; every node of a lower tier has two
/// random uplinks into the next one, with a cap on how many a node takes in.
///
/// Source: the instance generator of the end-to-end network-slice-design work (github.com/wdscoelho/E2ENSD); delays as
/// in `docs/placement.md`.
public struct MandalaGenerator: Sendable, Equatable {
    /// The number of access nodes, n; there are n/4 aggregation, n/4 core and n/8 application nodes, rounded up.
    public var accessNodes = 16
    /// Whether application nodes may host AIFs; in the source they have no hosting capacity.
    public var applicationNodesHost = false
    /// One-way delays of access, aggregation and core uplinks; a common factor is scaled away later.
    public var delays: [ClosedRange<Double>] = [0.05...0.10, 0.20...0.30, 0.40...0.60]
    /// The most lower nodes that one aggregation, core and application node takes in.
    public var caps = [8, 2, 4]

    /// The generator with the source's parameters.
    public init() {}

    /// The names of the tiers, the lowest first.
    public static let tiers = ["access", "aggregation", "core", "application"]

    /// The number of nodes of each tier.
    public var tierSizes: [Int] {
        [accessNodes, (accessNodes + 3) / 4, (accessNodes + 3) / 4, (accessNodes + 7) / 8]
    }

    /// Draws a topology, again until it is connected, a thousand times at most; the same seed and index give the same one.
    ///
    /// - Precondition: at least 4 access nodes and caps that leave room for all uplinks.
    public func topology(seed: UInt64, index: Int = 0) -> Topology {
        precondition(accessNodes >= 4, "a Mandala topology has at least 4 access nodes")
        precondition(delays.count == 3 && caps.count == 3, "three tiers have uplinks")
        let sizes = tierSizes
        for tier in 0..<3 {
            precondition(
                min(2, sizes[tier + 1]) * sizes[tier] <= caps[tier] * sizes[tier + 1], "caps leave room for all uplinks"
            )
        }
        var last = Topology(nodes: [], links: [])
        for attempt in 0..<1000 {
            var generator = CounterBasedGenerator(seed: seed, purpose: "mandala", index, attempt)
            last = draw(&generator)
            if last.latency.isConnected { return last }
        }
        // Two random uplinks per node all but always connect; small or oddly capped ones may not.
        return last
    }

    private func draw(_ generator: inout CounterBasedGenerator) -> Topology {
        let sizes = tierSizes
        var nodes: [PlacementInstance.Node] = []
        var starts: [Int] = []
        for (tier, size) in sizes.enumerated() {
            starts.append(nodes.count)
            let digits = max(2, "\(size)".count)
            for number in 1...size {
                let name = "\(number)"
                let padding = String(repeating: "0", count: max(0, digits - name.count))
                nodes.append(
                    PlacementInstance.Node(
                        id: "\(Self.tiers[tier])-\(padding)\(name)", tier: Self.tiers[tier],
                        canHost: tier < 3 || applicationNodesHost))
            }
        }
        var links: [PlacementInstance.Link] = []
        for tier in 0..<3 {
            let uplinks = self.uplinks(lower: sizes[tier], upper: sizes[tier + 1], cap: caps[tier], &generator)
            for (lower, uppers) in uplinks.enumerated() {
                for upper in uppers {
                    let range = delays[tier]
                    let delay = range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
                    links.append(
                        PlacementInstance.Link(
                            a: starts[tier] + lower, b: starts[tier + 1] + upper, latencySeconds: 2 * delay * 1e-3))
                }
            }
        }
        return Topology(nodes: nodes, links: links)
    }

    /// Two different random uplinks for every lower node (one where there is one upper node), none above the cap.
    private func uplinks(
        lower: Int, upper: Int, cap: Int, _ generator: inout CounterBasedGenerator
    ) -> [[Int]] {
        if upper == 1 { return Array(repeating: [0], count: lower) }
        // Deal the places of the upper nodes like cards, two to each lower node.
        var places = (0..<upper).flatMap { Array(repeating: $0, count: cap) }
        places.shuffle(using: &generator)
        var dealt = (0..<lower).map { [places[2 * $0], places[2 * $0 + 1]] }
        // Where a node was dealt one upper node twice, swap one with a node that does not have it.
        for node in 0..<lower where dealt[node][0] == dealt[node][1] {
            let twice = dealt[node][0]
            let offset = Int.random(in: 0..<lower, using: &generator)
            let others = (0..<lower).map { ($0 + offset) % lower }
            guard let other = others.first(where: { !dealt[$0].contains(twice) }) else { continue }
            (dealt[node][1], dealt[other][0]) = (dealt[other][0], twice)
        }
        // Caps far above need can leave a node with one uplink twice when all others have it too: take any other.
        for node in 0..<lower where dealt[node][0] == dealt[node][1] {
            dealt[node][1] = (dealt[node][0] + 1) % upper
        }
        return dealt
    }
}
