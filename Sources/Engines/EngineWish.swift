/// What a federation wants of an engine at one moment: `GET /v1/placement/nodes`.
package struct EngineWish: Codable, Equatable, Sendable {
    /// What is to run for a worker.
    package enum Want: String, Codable, Sendable {
        case worker, acceleratedWorker, holder, nothing

        /// The role of a copy; `nil` where none is to run.
        package var role: EngineRole? {
            switch self {
            case .worker: .worker
            case .acceleratedWorker: .acceleratedWorker
            case .holder: .holder
            case .nothing: nil
            }
        }
    }

    /// One worker.
    package struct Worker: Codable, Equatable, Sendable {
        /// The worker's name.
        package var name: String
        /// What is to run for it.
        package var wants: Want
        /// Whether the federation has a living lease of it.
        package var isHere: Bool
        /// Whether it only offers its samples.
        package var standsBy: Bool
        /// Whether the federation turned a copy away lately, because an older one has the lease.
        package var isFenced: Bool
        /// The living lease; another number is another process. `nil` where nothing is here.
        package var leaseEpoch: UInt64?
        /// Why, in the federation's words; may be empty.
        package var reason: String

        /// A wish with every field given.
        package init(
            _ name: String, _ wants: Want, isHere: Bool = false, standsBy: Bool = false, isFenced: Bool = false,
            leaseEpoch: UInt64? = nil, reason: String = ""
        ) {
            self.name = name
            self.wants = wants
            self.isHere = isHere
            self.standsBy = standsBy
            self.isFenced = isFenced
            self.leaseEpoch = leaseEpoch
            self.reason = reason
        }

        /// Whether the federation has a living lease of some copy.
        package var hasLease: Bool { isHere || standsBy }

        private enum CodingKeys: String, CodingKey {
            case name, wants, isHere, standsBy, isFenced, leaseEpoch, reason
        }

        /// Reads what a server says; what it does not say is no.
        package init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            name = try values.decode(String.self, forKey: .name)
            wants = try values.decode(Want.self, forKey: .wants)
            isHere = try values.decodeIfPresent(Bool.self, forKey: .isHere) ?? false
            standsBy = try values.decodeIfPresent(Bool.self, forKey: .standsBy) ?? false
            isFenced = try values.decodeIfPresent(Bool.self, forKey: .isFenced) ?? false
            leaseEpoch = try values.decodeIfPresent(UInt64.self, forKey: .leaseEpoch)
            reason = try values.decodeIfPresent(String.self, forKey: .reason) ?? ""
        }
    }

    /// Counts the decisions of placement.
    package var decision: UInt64
    /// Workers that a round needs: fewer must not train because of the controller.
    package var minimumWorkers: Int
    /// The workers, at most one a node.
    package var nodes: [Worker]

    /// A wish with every field given.
    package init(decision: UInt64, minimumWorkers: Int, nodes: [Worker]) {
        self.decision = decision
        self.minimumWorkers = minimumWorkers
        self.nodes = nodes
    }
}

/// A node that an engine could run a worker on, as the federation's placement hears of it: `PUT /v1/placement/nodes`.
package struct EngineCandidate: Codable, Equatable, Sendable {
    /// The name of the worker that would run there.
    package var name: String
    /// The domain of its samples.
    package var domain: String
    /// Whether the engine would run it.
    package var canHost: Bool
    /// Why not; empty where it would.
    package var reason: String
    /// The time that its accelerator takes beside its CPU's, above 0 and below 1; `nil` without one.
    package var accelerationFactor: Double?
    /// Seconds from it to the server and back; `nil` where nobody knows.
    package var latencySeconds: Double?
    /// Whether it has samples of its own, so that something has to run there.
    package var hasSamples: Bool

    /// A candidate with every field given.
    package init(
        _ name: String, domain: String, canHost: Bool = true, reason: String = "", accelerationFactor: Double? = nil,
        latencySeconds: Double? = nil, hasSamples: Bool = true
    ) {
        self.name = name
        self.domain = domain
        self.canHost = canHost
        self.reason = reason
        self.accelerationFactor = accelerationFactor
        self.latencySeconds = latencySeconds
        self.hasSamples = hasSamples
    }
}
