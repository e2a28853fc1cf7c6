/// A node that something else could run a worker on, such as a cluster's engine: placement chooses it like a worker that
/// is here, and whoever runs things there starts what was chosen.
package struct PlacementCandidate: Equatable, Sendable {
    /// The name of the worker that would run there, one a node.
    package var name: String
    /// The domain that it would belong to.
    package var domain: String
    /// Whether a worker may run there now.
    package var canHost = true
    /// Why not, for people; may be empty.
    package var reason = ""
    /// α there: training time on its accelerator over that on its CPU, in (0, 1); `nil` where it has none.
    package var accelerationFactor: Double?
    /// The round trip to the server; `nil` where nobody measured it.
    package var latencySeconds: Double?
    /// Whether samples lie there, so that something has to run there that offers them.
    package var hasSamples = false

    /// A node that can host and of which nothing else is known.
    package init(name: String, domain: String) {
        self.name = name
        self.domain = domain
    }

    /// Whether the problem is another one with `other` in its place; round trips apart, which waver.
    func isOther(than other: PlacementCandidate) -> Bool {
        var same = other
        same.latencySeconds = latencySeconds
        same.reason = reason
        return same != self
    }
}

/// All nodes that could run a worker, until another list comes or its time is over.
package struct CandidateList: Equatable, Sendable {
    /// Its number since the server's start.
    package var number: Int
    /// Without another one within this time, whoever made it is taken for dead, and the list is forgotten.
    package var timeToLive: Duration
    /// The nodes; names differ.
    package var nodes: [PlacementCandidate]

    /// Most nodes of a list.
    package static let mostNodes = 5_000

    /// A list with every field given.
    package init(number: Int, timeToLive: Duration, nodes: [PlacementCandidate]) {
        self.number = number
        self.timeToLive = timeToLive
        self.nodes = nodes
    }
}

/// What should run on a candidate now, and what does.
package struct PlacementWish: Codable, Equatable, Sendable {
    /// What should run.
    package enum Role: String, Codable, Sendable {
        /// A worker that trains and serves on the CPU.
        case worker
        /// A worker that trains on its accelerator.
        case acceleratedWorker
        /// Something that offers the node's samples to its domain, and neither trains nor serves (`fl-worker --standby`).
        case holder
        /// Nothing.
        case nothing
    }

    /// The worker's name.
    package var name: String
    /// What should run.
    package var wants: Role
    /// Whether it is registered as a worker.
    package var isHere: Bool
    /// Whether it is registered as one that only offers samples.
    package var standsBy: Bool
    /// Whether a second copy of it was turned away lately, because the first one holds the lease.
    package var isFenced: Bool
    /// The lease of what is here; another number is another process. Absent where nothing is.
    package var leaseEpoch: UInt64?
    /// Why, in one line; empty where there is nothing to say.
    package var reason: String
}
