/// What runs on a node.
package enum EngineRole: String, Codable, Sendable, CaseIterable {
    /// A worker.
    case worker
    /// A worker with an accelerator.
    case acceleratedWorker
    /// A worker that stands by: it only offers its samples (`fl-worker --standby`).
    case holder
}

/// One copy of a worker that an engine is to run: on one node, as one thing.
package struct EngineJobRequest: Codable, Equatable, Sendable {
    /// The worker's name in the federation.
    package var worker: String
    /// The node, by the engine's name.
    package var node: String
    /// As what.
    package var role: EngineRole
    /// Counts the copies of a worker: of two that run, the one with the larger number is meant.
    package var generation: UInt64

    /// A request with every field given.
    package init(worker: String, node: String, role: EngineRole, generation: UInt64) {
        self.worker = worker
        self.node = node
        self.role = role
        self.generation = generation
    }
}

/// A copy of a worker as its engine sees it: a job of Slurm, a pod of Kubernetes.
package struct EngineJob: Codable, Equatable, Sendable {
    /// How it is.
    package enum State: String, Codable, Sendable {
        /// The engine has not started it.
        case pending
        /// It runs, as far as the engine knows.
        case running
        /// It was told to end.
        case stopping
        /// It ended by itself or was ended by the engine.
        case ended
        /// The engine does not start it there, or took its place away.
        case refused
    }

    /// The engine's name for it.
    package var id: String
    /// What was asked for.
    package var request: EngineJobRequest
    /// How it is.
    package var state: State
    /// Why, in the engine's words; may be empty.
    package var reason: String
    /// Whether the engine has found it a place and makes that ready, as a node that it wakes.
    package var isWaking: Bool
    /// Whether it waits in a queue, with no place: one that ran has lost its place.
    package var isQueued: Bool

    /// A job with every field given.
    package init(
        id: String, request: EngineJobRequest, state: State, reason: String = "", isWaking: Bool = false,
        isQueued: Bool = false
    ) {
        self.id = id
        self.request = request
        self.state = state
        self.reason = reason
        self.isWaking = isWaking
        self.isQueued = isQueued
    }
}
