/// Makes version 1 from the workers' statistics: cleaning, scaling, the groups' shapes, and their initial parameters.
package protocol InitialModelMaker: Sendable {
    /// Looks at one worker's statistics when they arrive.
    ///
    /// - Throws: ``FederationError`` that says why they cannot be used.
    func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError)
    /// The first version. Takes a while.
    ///
    /// - Parameter statistics: what each worker sent, sorted by the workers' names.
    func makeInitialModel(statistics: [(worker: String, bytes: [UInt8])]) -> InitialModelOutcome
}

extension InitialModelMaker {
    package func check(statistics: [UInt8], from worker: String, entities: [String]) throws(FederationError) {}
}

/// What came of making the first version.
package enum InitialModelOutcome: Sendable {
    /// The version.
    case made(FederatedModel)
    /// What these workers sent cannot be used, and why.
    case refused([String: String])
    /// Nothing comes of it, and nobody is to blame.
    case impossible(String)
}
