/// A node as a cluster engine sees it.
package struct EngineNode: Codable, Equatable, Sendable {
    /// What may happen on it.
    package enum State: String, Codable, Sendable {
        /// It takes jobs.
        case ready
        /// What runs goes on; nothing new starts.
        case draining
        /// The engine does not hear of it.
        case gone
    }

    /// Its name.
    package var name: String
    /// What may happen on it.
    package var state: State
    /// Accelerators of the kind that is asked for, those in use included.
    package var accelerators: Int
    /// Why it is not ready, in the engine's words; empty where it is.
    package var reason: String

    /// A node with every field given.
    package init(_ name: String, state: State = .ready, accelerators: Int = 0, reason: String = "") {
        self.name = name
        self.state = state
        self.accelerators = accelerators
        self.reason = reason
    }
}
