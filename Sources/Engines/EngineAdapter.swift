/// What an engine says at one moment.
package struct EngineObservation: Codable, Equatable, Sendable {
    /// The nodes that may be asked for, by name.
    package var nodes: [EngineNode]
    /// The jobs of this federation, whoever started them, those that ended lately included.
    package var jobs: [EngineJob]

    /// An observation with every field given.
    package init(nodes: [EngineNode], jobs: [EngineJob]) {
        self.nodes = nodes
        self.jobs = jobs
    }
}

/// The engine of a cluster, as the controller uses it; used by one thread. Nothing that is asked for has happened when a call
/// returns: the next observation says what became of it.
package protocol EngineAdapter {
    /// What the engine says now.
    mutating func observe() throws(EngineError) -> EngineObservation
    /// Asks for a copy of a worker. Asking again for the same generation of a worker starts no second copy.
    mutating func start(_ request: EngineJobRequest, _ command: EngineCommand) throws(EngineError)
    /// Ends a job; one that is not there any more is no error.
    mutating func stop(_ job: EngineJob) throws(EngineError)
}
