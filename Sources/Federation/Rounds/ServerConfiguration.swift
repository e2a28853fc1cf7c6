/// What the round machine of a server is told.
package struct ServerConfiguration: Sendable {
    /// Training rounds.
    package var rounds: UInt32 = 5
    /// Whether a round of evaluation follows them.
    package var evaluates = true
    /// Active workers without which no round starts.
    package var minimumWorkers = 1
    /// Whether no round starts before workers were chosen.
    package var awaitsChoice = false
    /// Contributions without which a round is abandoned at its deadline.
    package var quorum = 1
    /// Time that a round has.
    package var roundDeadline: Duration = .seconds(600)
    /// Time between heartbeats.
    package var heartbeatInterval: Duration = .seconds(1)
    /// Heartbeats that may be missed before a lease ends.
    package var missedHeartbeats = 3
    /// Most workers at a time.
    package var maximumWorkers = 1_024
    /// Largest contribution.
    package var maximumContributionBytes = 256 << 20
    /// Largest model version.
    package var maximumModelBytes = 256 << 20
    /// Bytes of a piece of a model.
    package var pieceBytes = 1 << 20
    /// Random bytes, others at each start, from which the tokens are made that let one worker read another's samples.
    package var tokenSecret: [UInt8] = []
    /// What a contribution must be.
    package var gate = ContributionGate()

    /// The defaults.
    package init() {}

    /// Silence after which a lease ends.
    package var lease: Duration { heartbeatInterval * missedHeartbeats }
}

/// Where a server takes up its work: what its registry says after a start.
package struct ServerRecovery: Sendable {
    /// Number of this start of the server, from 1; makes lease epochs unique over all starts.
    package var term: UInt32
    /// The first round that is not committed: 0 for the statistics.
    package var nextRound: UInt32
    /// The last committed version; 0 for none.
    package var version: UInt64
    /// Its models.
    package var bundle: FederatedModel?

    /// A recovery with every field given.
    package init(term: UInt32, nextRound: UInt32, version: UInt64, bundle: FederatedModel?) {
        self.term = term
        self.nextRound = nextRound
        self.version = version
        self.bundle = bundle
    }

    /// The first start of a new server.
    package static let new = ServerRecovery(term: 1, nextRound: 0, version: 0, bundle: nil)
}

/// Makes version 1 from the workers' statistics: cleaning, scaling, the groups' shapes, and their initial parameters.
package protocol InitialModelMaker: Sendable {
    /// The first version.
    ///
    /// - Parameter statistics: what each worker sent, sorted by the workers' names.
    /// - Throws: an error whose description says what cannot be used.
    func makeInitialModels(statistics: [(worker: String, bytes: [UInt8])]) throws -> FederatedModel
}
