/// One placement problem: nodes, latencies, training times, the loop's target and the accelerators.
///
/// The published problem has speed factor 1, capacity 1 and no samples; the other values are extensions (see
/// `docs/placement.md`). Nodes are addressed by their position in `nodes`, which is also the order of tie-breaks.
public struct PlacementInstance: Sendable, Equatable {
    /// A machine that can host an AIF.
    public struct Node: Sendable, Equatable {
        /// The unique name.
        public var id: String
        /// The tier of the access topology, for people and pictures.
        public var tier: String?
        /// Whether the node has an accelerator (h_i).
        public var accelerator: Bool
        /// Whether the node may host the server or a worker.
        public var canHost: Bool
        /// Multiplies the training time on this node: 2 is twice as slow. 1 as published.
        public var trainingTimeFactor: Double
        /// The probability, in (0, 1], that the node is there when it is needed. 1 as published.
        public var availability: Double
        /// How many AIFs the node can host. 1 as published.
        public var capacity: Int

        /// A node; all but the name as published unless given.
        public init(
            id: String, tier: String? = nil, accelerator: Bool = false, canHost: Bool = true,
            trainingTimeFactor: Double = 1, availability: Double = 1, capacity: Int = 1
        ) {
            self.id = id
            self.tier = tier
            self.accelerator = accelerator
            self.canHost = canHost
            self.trainingTimeFactor = trainingTimeFactor
            self.availability = availability
            self.capacity = capacity
        }
    }

    /// A link of the topology: the round trip between two neighbours.
    public struct Link: Sendable, Equatable {
        /// One end, a position in `nodes`.
        public var a: Int
        /// The other end.
        public var b: Int
        /// The round trip, in seconds.
        public var latencySeconds: Double

        /// A link between two nodes.
        public init(a: Int, b: Int, latencySeconds: Double) {
            self.a = a
            self.b = b
            self.latencySeconds = latencySeconds
        }
    }

    /// A title for people; may be empty.
    public var name = ""
    /// The nodes, in file order.
    public var nodes: [Node]
    /// The links the latencies were computed from; empty where a matrix was given.
    public var links: [Link]
    /// d_ij: round trips between all pairs.
    public var latency: LatencyMatrix
    /// p_k.
    public var trainingTime: TrainingTimeProfile
    /// The node that must be the server; nil where the solver chooses.
    public var fixedServer: Int?
    /// T: seconds in which the learning loop must end.
    public var targetSeconds: Double
    /// R: rounds of the learning loop.
    public var rounds: Int
    /// H: accelerators that may be used at once.
    public var acceleratorLimit: Int
    /// α: what an accelerator multiplies the training time by.
    public var accelerationFactor: Double
    /// Samples that the workers share equally; 0 where the data sets no bound.
    public var totalSamples = 0
    /// Samples that each worker must have at least; 0 where the data sets no bound.
    public var minimumSamplesPerWorker = 0
    /// The sets of nodes that must hold a worker; none as published.
    public var coverage = WorkerCoverage.none

    /// The most nodes a problem may have.
    public static let maximumNodes = LatencyMatrix.maximumCount
    /// The most AIFs that all nodes together may host.
    public static let maximumSlots = 1_000_000

    /// A problem, checked.
    ///
    /// - Throws: `PlacementError` naming the first field that is out of range.
    public init(
        nodes: [Node], links: [Link] = [], latency: LatencyMatrix, trainingTime: TrainingTimeProfile,
        fixedServer: Int? = nil, targetSeconds: Double, rounds: Int, acceleratorLimit: Int = 0,
        accelerationFactor: Double = 0.5
    ) throws(PlacementError) {
        self.nodes = nodes
        self.links = links
        self.latency = latency
        self.trainingTime = trainingTime
        self.fixedServer = fixedServer
        self.targetSeconds = targetSeconds
        self.rounds = rounds
        self.acceleratorLimit = acceleratorLimit
        self.accelerationFactor = accelerationFactor
        try validate()
    }

    /// τ = T/R: the time of one round.
    public var budgetSeconds: Double { targetSeconds / Double(rounds) }

    /// The most workers that the hosting nodes, the training-time table and the data allow.
    public var maximumWorkers: Int {
        let slots = nodes.reduce(0) { $0 + ($1.canHost ? $1.capacity : 0) }
        var most = slots - 1
        if let limit = trainingTime.maximumWorkers { most = min(most, limit) }
        if totalSamples > 0, minimumSamplesPerWorker > 0 {
            most = min(most, totalSamples / minimumSamplesPerWorker)
        }
        return max(most, 0)
    }

    /// Whether all nodes train equally fast and host one AIF at most, as the published models assume.
    public var isHomogeneous: Bool {
        nodes.allSatisfy { $0.trainingTimeFactor == 1 && $0.capacity == 1 }
    }

    /// Whether the published models' own methods cannot solve it.
    var needsGeneralMethod: Bool { !isHomogeneous || !coverage.isEmpty }

    /// Checks every value again; for instances changed after they were made.
    public func validate() throws(PlacementError) {
        func fault(_ field: String, _ reason: String) -> PlacementError {
            PlacementError(.malformedInput, field: field, reason: reason)
        }
        if nodes.isEmpty { throw fault("nodes", "empty; expected at least one node") }
        if nodes.count > Self.maximumNodes {
            throw PlacementError(
                .tooLarge, field: "nodes", reason: "found \(nodes.count) nodes; at most \(Self.maximumNodes) are served"
            )
        }
        precondition(latency.count == nodes.count, "the latency matrix covers the nodes")
        var positions: [String: Int] = [:]
        positions.reserveCapacity(nodes.count)
        var slots = 0
        for (index, node) in nodes.enumerated() {
            if node.id.isEmpty { throw fault("nodes[\(index)].id", "empty; expected a name") }
            if let first = positions.updateValue(index, forKey: node.id) {
                throw fault("nodes[\(index)].id", "found \"\(node.id)\", which nodes[\(first)] has already")
            }
            if !(node.trainingTimeFactor > 0 && node.trainingTimeFactor.isFinite) {
                throw fault(
                    "nodes[\(index)].trainingTimeFactor",
                    "found \(node.trainingTimeFactor); expected a finite number above 0")
            }
            if !(node.availability > 0 && node.availability <= 1) {
                throw fault(
                    "nodes[\(index)].availability", "found \(node.availability); expected a probability in (0, 1]")
            }
            if node.capacity < 1 || node.capacity > Self.maximumSlots {
                throw fault("nodes[\(index)].capacity", "found \(node.capacity); expected 1 … \(Self.maximumSlots)")
            }
            slots += node.capacity
        }
        if slots > Self.maximumSlots {
            throw PlacementError(
                .tooLarge, field: "nodes",
                reason: "the capacities add up to \(slots) AIFs; at most \(Self.maximumSlots) are served")
        }
        if let table = trainingTime.maximumWorkers, table < nodes.count {
            throw fault(
                "trainingTimeSeconds", "found \(table) values; expected one for each of the \(nodes.count) nodes")
        }
        precondition(
            coverage.sets.allSatisfy { $0.allSatisfy { nodes.indices.contains($0) } }, "the coverage names nodes")
        if let server = fixedServer { precondition(nodes.indices.contains(server), "the fixed server is a node") }
        if !(targetSeconds > 0 && targetSeconds.isFinite) {
            throw fault("targetSeconds", "found \(targetSeconds); expected finite seconds above 0")
        }
        if rounds < 1 { throw fault("rounds", "found \(rounds); expected 1 or more") }
        if acceleratorLimit < 0 { throw fault("acceleratorLimit", "found \(acceleratorLimit); expected 0 or more") }
        if !(accelerationFactor > 0 && accelerationFactor < 1) {
            throw fault("accelerationFactor", "found \(accelerationFactor); expected a factor in (0, 1), both excluded")
        }
        if totalSamples < 0 { throw fault("totalSamples", "found \(totalSamples); expected 0 or more") }
        if minimumSamplesPerWorker < 0 {
            throw fault("minimumSamplesPerWorker", "found \(minimumSamplesPerWorker); expected 0 or more")
        }
        if minimumSamplesPerWorker > 0, totalSamples == 0 {
            throw fault("totalSamples", "missing; minimumSamplesPerWorker needs the number of samples to share")
        }
    }
}
