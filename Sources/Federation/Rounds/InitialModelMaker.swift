/// Makes version 1 from the workers' statistics: cleaning, scaling, the groups' shapes, and their initial parameters.
package protocol InitialModelMaker: Sendable {
    /// Looks at one worker's statistics when they arrive.
    ///
    /// - Returns: whether there is a row behind them; without any they count for nothing.
    /// - Throws: ``FederationError`` that says why they cannot be used.
    func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError) -> Bool
    /// Where the statistics of a round are put together.
    ///
    /// - Parameter recorded: what did not count when the round was made, where it is made again.
    func collection(recorded: RoundTreatment?) -> any StatisticsCollection
    /// Rows behind each entity, as one worker's statistics say; empty where they do not.
    func rows(statistics: [UInt8]) -> [String: UInt64]
    /// The first version. Takes a while.
    ///
    /// - Parameter statistics: what each worker sent, sorted by the workers' names.
    func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome
    /// The version that a further loop begins with: cleaning and scaling by the new statistics, parameters from the last
    /// version as far as they can be carried over. Takes a while.
    ///
    /// - Parameter last: the last version; `nil` for the first loop.
    func makeModel(
        statistics: [(worker: String, bytes: [UInt8])], continuing last: FederatedModel?
    ) -> InitialModelOutcome
}

extension InitialModelMaker {
    /// Takes whatever is there.
    package func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError) -> Bool {
        !statistics.isEmpty
    }

    /// Holds all of them until a model is made.
    package func collection(recorded: RoundTreatment?) -> any StatisticsCollection { HeldStatistics(maker: self) }

    /// Statistics that say nothing of rows.
    package func rows(statistics: [UInt8]) -> [String: UInt64] { [:] }

    /// Begins anew.
    package func makeModel(
        statistics: [(worker: String, bytes: [UInt8])], continuing last: FederatedModel?
    ) -> InitialModelOutcome { makeInitialModel(statistics: statistics) }
}

/// What came of making the first version.
package enum InitialModelOutcome: Sendable {
    /// The version, and what to log about it.
    case made(FederatedModel, notes: [Note] = [])
    /// What these workers sent cannot be used, and why.
    case refused([String: String])
    /// Nothing comes of it, and nobody is to blame.
    case impossible(String)
}
