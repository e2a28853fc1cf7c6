/// What the round machine of a server is told.
package struct ServerConfiguration: Sendable {
    /// The federation that the server coordinates.
    package var federation = FederationIdentity.none
    /// Names everything that results depend on and no round's record holds: SHA-256 of the configuration as it is kept.
    package var digest: [UInt8] = []
    /// Training rounds.
    package var rounds: UInt32 = 5
    /// When rounds begin again.
    package var loops = LoopSchedule()
    /// Whether a round of evaluation follows them.
    package var evaluates = true
    /// Active workers without which no round starts.
    package var minimumWorkers = 1
    /// Whether no round starts before workers were chosen.
    package var awaitsChoice = false
    /// Contributions without which a round is abandoned at its deadline.
    package var quorum = 1
    /// Rounds in a row in which a worker is refused before it is left out for a while; 0: it never is.
    package var excludeAfter = 3
    /// A version that at most sites loses more than this many times what the last good one lost is taken back; `nil`: none
    /// is.
    package var rollbackRatio: Double? = 2
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
    /// Bytes of models that all workers together may leave unread.
    package var unreadBytes = 128 << 20
    /// Pieces of a model that one worker may leave unread: what the socket keeps for it.
    package var unreadPieces = 2
    /// Bytes of contributions that all workers together may leave unfinished; one is always taken.
    package var unfinishedBytes = 256 << 20
    /// Bytes of contributions, taken from the network, that may wait for arithmetic or the disk before no more are taken;
    /// and of those that workers may be sending at once.
    package var backlogBytes = 64 << 20
    /// Pairs of a worker and an entity up to which a domain is spread anew at once.
    package var smallDomain = 4_096
    /// Random bytes, others at each start, from which the tokens are made that let one worker read another's samples.
    package var tokenSecret: [UInt8] = []
    /// What one principal may send.
    package var messages = MessageQuota.Limits()
    /// What a contribution must be.
    package var gate = ContributionGate()
    /// False alarms that thresholds of all workers allow, a day and entity; `nil`: each worker has its own.
    package var falseAlarmsPerDay: Double?

    /// The defaults.
    package init() {}

    /// Silence after which a lease ends.
    package var lease: Duration { heartbeatInterval * missedHeartbeats }

    /// Time that a worker has to take over an assignment: several of its heartbeats tell it.
    package var handOverLimit: Duration { lease * 2 }

    /// Time that whoever chooses has when a chosen worker is lost.
    package var choicePatience: Duration { min(heartbeatInterval, .seconds(1)) }

    /// Time before a round that failed at once is tried again, by how often it did: a second, doubled up to a minute.
    package func backOff(failures: Int) -> Duration { .seconds(min(60, 1 << max(0, min(6, failures - 1)))) }
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
    /// What changes were in the rounds of its loop.
    package var history = ChangeHistory()
    /// The round of statistics with which the present loop began, and how many loops were before it; `nil`: all loops had as
    /// many rounds as one has now.
    package var loop: (start: UInt32, number: UInt32)?

    /// A recovery with every field given.
    package init(
        term: UInt32, nextRound: UInt32, version: UInt64, bundle: FederatedModel?,
        history: ChangeHistory = ChangeHistory(), loop: (start: UInt32, number: UInt32)? = nil
    ) {
        self.history = history
        self.loop = loop
        self.term = term
        self.nextRound = nextRound
        self.version = version
        self.bundle = bundle
    }

    /// The first start of a new server.
    package static let new = ServerRecovery(term: 1, nextRound: 0, version: 0, bundle: nil)
}
