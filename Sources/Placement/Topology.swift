/// Nodes and links, before training times and targets make a placement problem of them.
public struct Topology: Sendable, Equatable {
    /// The nodes.
    public var nodes: [PlacementInstance.Node]
    /// The links, with round trips in seconds.
    public var links: [PlacementInstance.Link]

    /// A topology from its parts.
    public init(nodes: [PlacementInstance.Node], links: [PlacementInstance.Link]) {
        self.nodes = nodes
        self.links = links
    }

    /// Round trips over shortest paths.
    public var latency: LatencyMatrix { LatencyMatrix(count: nodes.count, links: links) }

    /// The same topology with all latencies multiplied so that the largest round trip between two nodes that reach
    /// each other is `seconds`. Unchanged where no two nodes do.
    public func scaled(toLargestRoundTrip seconds: Double) -> Topology {
        let largest = latency.largestFinite
        guard largest > 0 else { return self }
        var copy = self
        for index in copy.links.indices { copy.links[index].latencySeconds *= seconds / largest }
        return copy
    }

    /// What a check of a topology finds.
    public struct Summary: Sendable, Equatable {
        /// Nodes of each tier, in order of appearance.
        public var tiers: [(name: String, nodes: Int)]
        /// Nodes that may host.
        public var hosts: Int
        /// Nodes with an accelerator.
        public var accelerators: Int
        /// Links.
        public var links: Int
        /// The sizes of the connected parts, the largest first.
        public var parts: [Int]
        /// The median and the largest finite round trip between two nodes, in seconds.
        public var medianRoundTrip: Double
        /// The largest finite round trip between two nodes, in seconds.
        public var largestRoundTrip: Double
        /// The fewest and the most links at one node.
        public var degrees: ClosedRange<Int>?

        /// Field by field.
        public static func == (a: Summary, b: Summary) -> Bool {
            a.tiers.map(\.name) == b.tiers.map(\.name) && a.tiers.map(\.nodes) == b.tiers.map(\.nodes)
                && a.hosts == b.hosts && a.accelerators == b.accelerators && a.links == b.links && a.parts == b.parts
                && a.medianRoundTrip == b.medianRoundTrip && a.largestRoundTrip == b.largestRoundTrip
                && a.degrees == b.degrees
        }
    }

    /// Counts and distances of a problem's topology. O(n² log n).
    public static func summary(of instance: PlacementInstance) -> Summary {
        let n = instance.nodes.count
        var tiers: [(name: String, nodes: Int)] = []
        for node in instance.nodes {
            let name = node.tier ?? "no tier"
            if let index = tiers.firstIndex(where: { $0.name == name }) {
                tiers[index].nodes += 1
            } else {
                tiers.append((name, 1))
            }
        }
        var part = [Int](repeating: -1, count: n)
        var parts: [Int] = []
        var roundTrips: [Double] = []
        for i in 0..<n {
            var size = 0
            for j in 0..<n where instance.latency[i, j] < .infinity {
                if part[j] < 0 {
                    part[j] = parts.count
                    size += 1
                }
                if j > i { roundTrips.append(instance.latency[i, j]) }
            }
            if size > 0 { parts.append(size) }
        }
        roundTrips.sort()
        var degrees = [Int](repeating: 0, count: n)
        for link in instance.links {
            degrees[link.a] += 1
            degrees[link.b] += 1
        }
        var range: ClosedRange<Int>?
        if !instance.links.isEmpty, let least = degrees.min(), let most = degrees.max() { range = least...most }
        return Summary(
            tiers: tiers, hosts: instance.nodes.filter(\.canHost).count,
            accelerators: instance.nodes.filter(\.accelerator).count, links: instance.links.count,
            parts: parts.sorted(by: >), medianRoundTrip: roundTrips.isEmpty ? 0 : roundTrips[roundTrips.count / 2],
            largestRoundTrip: roundTrips.last ?? 0, degrees: range)
    }
}
