import Glibc
import Numerics
public import Placement

/// Training-time curves that agree with the published feasibility table; the publication draws its own and gives no
/// values.
public enum PublishedProfile: String, Sendable, CaseIterable {
    /// p_k = 0.165 + 0.95 / k^1.05 s.
    case smooth
    /// Linear through (1, 1.40) (2, .80) (3, .52) (4, .37) (7, .25) (9, .205) (16, .19) (17, .18), constant behind.
    case stepped

    /// The profile for up to `count` workers.
    public func profile(count: Int) throws(PlacementError) -> TrainingTimeProfile {
        switch self {
        case .smooth:
            return try TrainingTimeProfile(table: (1...max(count, 1)).map { 0.165 + 0.95 / pow(Double($0), 1.05) })
        case .stepped:
            let points: [(Int, Double)] = [
                (1, 1.40), (2, 0.80), (3, 0.52), (4, 0.37), (7, 0.25), (9, 0.205), (16, 0.19), (17, 0.18),
            ]
            return try TrainingTimeProfile(
                breakpoints: points.map { TrainingTimeProfile.Breakpoint(workers: $0.0, seconds: $0.1) })
        }
    }
}

/// The published experiment as a recipe for instances: one Mandala topology, its latencies scaled to a share of the
/// smallest training time, and many random placements of accelerators.
public struct PublishedExperiment: Sendable, Equatable {
    /// The topology.
    public var mandala = MandalaGenerator()
    /// p_k.
    public var profile = PublishedProfile.stepped
    /// The largest round trip as a share of the smallest training time.
    public var latencyShare = 0.07
    /// α.
    public var accelerationFactor = 0.5
    /// H is drawn uniformly from this range of shares of the nodes.
    public var acceleratorShare = 0.1...0.6
    /// What all draws depend on.
    public var seed: UInt64 = 1

    /// The experiment as published.
    public init() {}

    /// The problem number `index` for a target time and a number of rounds. The accelerators depend on the seed and
    /// the index only, so that cells of a sweep compare the same instances.
    ///
    /// - Throws: `PlacementError` where a parameter is out of range.
    public func instance(
        index: Int, targetSeconds: Double, rounds: Int
    ) throws(PlacementError) -> PlacementInstance {
        try instance(topology(), index: index, targetSeconds: targetSeconds, rounds: rounds)
    }

    /// The experiment's topology, scaled; the same for every instance.
    ///
    /// - Throws: `PlacementError` where the profile cannot be made.
    public func topology() throws(PlacementError) -> Topology {
        let topology = mandala.topology(seed: seed)
        let times = try profile.profile(count: topology.nodes.count).values(count: topology.nodes.count)
        return topology.scaled(toLargestRoundTrip: latencyShare * (times.min() ?? 0))
    }

    /// A problem on a given topology, with accelerators at random hosting nodes.
    ///
    /// - Throws: `PlacementError` where a parameter is out of range.
    public func instance(
        _ topology: Topology, latency: LatencyMatrix? = nil, index: Int, targetSeconds: Double, rounds: Int
    ) throws(PlacementError) -> PlacementInstance {
        var nodes = topology.nodes
        let limit = placeAccelerators(&nodes, index: index)
        return try PlacementInstance(
            nodes: nodes, links: topology.links, latency: latency ?? topology.latency,
            trainingTime: profile.profile(count: nodes.count), targetSeconds: targetSeconds, rounds: rounds,
            acceleratorLimit: limit, accelerationFactor: accelerationFactor)
    }

    /// Draws H and gives that many random hosting nodes an accelerator; returns H.
    package func placeAccelerators(_ nodes: inout [PlacementInstance.Node], index: Int) -> Int {
        var generator = CounterBasedGenerator(seed: seed, purpose: "accelerators", index)
        let share =
            acceleratorShare.lowerBound
            + (acceleratorShare.upperBound - acceleratorShare.lowerBound) * generator.uniform()
        for i in nodes.indices { nodes[i].accelerator = false }
        var hosts = nodes.indices.filter { nodes[$0].canHost }
        let limit = min(hosts.count, Int((share * Double(nodes.count)).rounded()))
        hosts.shuffle(using: &generator)
        for i in hosts.prefix(limit) { nodes[i].accelerator = true }
        return limit
    }
}
