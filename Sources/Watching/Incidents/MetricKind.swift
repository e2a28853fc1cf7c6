/// What a metric measures, whatever it is called: the resource, from which side, and whose. Signatures and the search
/// for a culprit work on kinds, so that they carry over to machines, systems and exporters with other names.
package struct MetricKind: Hashable, Sendable, Comparable {
    /// What the resource means to the search for where an incident began.
    package enum Role: String, Codable, Sendable, CaseIterable {
        /// Processor, memory, disk, …: a thing of one's own.
        case own
        /// How long answers take: one's own, or of those that one asks.
        case latency
        /// Failures that users or callers see.
        case errors
        /// What others ask for: it comes and goes with them.
        case load
        /// Work of the system: its rise is one's own, its fall follows the load.
        case system
    }

    /// Seen from where.
    package enum Side: String, Sendable, CaseIterable {
        /// Not said.
        case none = ""
        /// What comes in, is served, is read.
        case inbound
        /// What goes out, is asked of others, is written.
        case outbound
    }

    /// The resource by the lexicon, such as `cpu` or `latency`; a metric that no rule knows is a resource of its own.
    package let resource: String
    /// The side.
    package let side: Side
    /// Whether it is of the host on which the entity runs, not of the entity.
    package let isHost: Bool
    /// What it means.
    package let role: Role
    /// Whether it falls where the resource is strained: free memory, idle processors, successes.
    package let isReversed: Bool

    /// A kind from its parts.
    package init(resource: String, side: Side = .none, isHost: Bool = false, role: Role, isReversed: Bool = false) {
        self.resource = resource
        self.side = side
        self.isHost = isHost
        self.role = role
        self.isReversed = isReversed
    }

    /// What two metrics of one kind have in common: `host.memory`, `latency.outbound`.
    package var name: String {
        (isHost ? "host." : "") + resource + (side == .none ? "" : "." + side.rawValue)
    }

    /// In the order of the names.
    package static func < (a: MetricKind, b: MetricKind) -> Bool { a.name < b.name }
}
