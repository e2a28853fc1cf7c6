/// Does the local work of rounds. Called on a thread of its own, one piece of work at a time.
package protocol Learner: Sendable {
    /// What the worker can reach, for its registration.
    var entities: [String] { get }
    /// What it can do, as far as that is known at once.
    var capabilities: Capabilities { get }
    /// What it can do, with what has to be counted and measured. Takes a while.
    ///
    /// - Throws: what makes its samples or devices unusable.
    func measureCapabilities(isCancelled: @escaping @Sendable () -> Bool) throws -> Capabilities
    /// Does one piece of work.
    ///
    /// - Parameters:
    ///   - key: the round and the entities whose samples it is for.
    ///   - hyperparameters: what the strategy wants.
    ///   - model: the version to start from; `nil` for statistics.
    ///   - mayAccelerate: whether an accelerator may be used where there is one.
    ///   - isCancelled: whether the result is no longer wanted.
    /// - Throws: what makes the work impossible.
    func work(
        _ key: WorkKey, hyperparameters: [UInt8], model: FederatedModel?, mayAccelerate: Bool,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution
}
