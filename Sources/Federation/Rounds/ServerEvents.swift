package import Platform

/// A peer as the transport knows it: the routing identity of its sockets.
package struct Peer: Hashable, Sendable {
    /// The identity.
    package var identity: [UInt8]

    /// The peer of that identity.
    package init(_ identity: [UInt8]) { self.identity = identity }

    /// The peer whose identity is a name.
    package init(_ name: String) { identity = Array(name.utf8) }
}

/// What happens to a server.
package enum ServerEvent: Sendable {
    /// A message arrived; `by` is whose key its connection has, `nil` where nobody has keys.
    case received(Envelope, from: Peer, by: Principal? = nil)
    /// These workers may no longer take part, or as something else than before: their leases end now.
    case expelled([String])
    /// Bytes arrived that are no message.
    case unreadable(FederationError, from: Peer)
    /// Tell whoever handed over a key what became of it.
    case answering(EnrolmentAnswer, to: Peer)
    /// The server will have another key after so long; `nil`: it keeps the one that it has.
    case keyAnnounced(PublicKey?, after: Duration = .zero)
    /// Time has passed; comes several times in a heartbeat interval.
    case tick
    /// For so long nobody looked whether messages arrive: the process was paused, or slow.
    case deaf(Duration)
    /// These workers train and serve from the next round on, the others stand by; at once where a chosen worker is lost
    /// or it is urgent.
    case chosen(WorkerChoice, isUrgent: Bool)
    /// What ``ServerDirective/judge(_:)`` asked for.
    case judged(Judgement)
    /// What ``ServerDirective/aggregate(round:attempt:leavingOut:)`` asked for.
    case aggregated(round: UInt32, attempt: UInt32, AggregationOutcome)
    /// What ``ServerDirective/recall(round:worker:digest:)`` asked for; `nil` where the disk does not have it.
    case recalled(Bytes?, digest: [UInt8], worker: String)
    /// The commit that was asked for is durable.
    case committed(version: UInt64)
    /// It could not be made durable; nothing of it may be visible.
    case commitFailed(String)
    /// It is told anew what may change while it runs.
    case tuned(ServerTuning)
    /// Somebody asks for a version again.
    case restoring(Restoration)
    /// It is decided what becomes of a worker's alarms.
    case alarmsDecided(AlarmReceipt, worker: String, leaseEpoch: UInt64)
    /// These alarms are called false now, by entity, the latest last, and no others.
    case falseAlarms([String: [FalseAlarmNotice]])

    /// Whether a round may open, close or end by it.
    var mayMoveRounds: Bool {
        switch self {
        case .tick, .chosen, .judged, .aggregated, .committed, .commitFailed, .tuned: true
        case .received, .recalled, .expelled, .answering, .keyAnnounced, .unreadable, .deaf, .restoring,
            .alarmsDecided, .falseAlarms:
            false
        }
    }
}

/// What a server has to do, in this order.
package enum ServerDirective: Sendable {
    /// Send a message; it may be lost.
    case send(Envelope, to: Peer)
    /// A round begins: contributions are added up from nothing.
    case begin(RoundBase)
    /// Check a contribution, then say ``ServerEvent/judged(_:)``.
    case judge(FinishedUpload)
    /// Add a contribution that counts.
    case fold(round: UInt32, attempt: UInt32, Contribution, from: String, site: String)
    /// Make the next version of what was added, then say ``ServerEvent/aggregated(round:attempt:_:)``.
    case aggregate(round: UInt32, attempt: UInt32, leavingOut: Set<String>)
    /// Make a version durable, atomically and with the record of its contributions, then say
    /// ``ServerEvent/committed(version:)``.
    case commit(Commit)
    /// Keep an accepted contribution beside the log; with them each commit can be replayed.
    case keep(AcceptedContribution, payload: Bytes)
    /// Read a contribution that was kept for a round, then say ``ServerEvent/recalled(_:digest:worker:)``.
    case recall(round: UInt32, worker: String, digest: [UInt8])
    /// A round ended without a commit.
    case recordAbandoned(RoundRecord)
    /// A worker joined, left, or was refused for good.
    case recordWorker(WorkerView)
    /// From the next round on contributions are judged and added up, and models made, in this way.
    case tune(gate: ContributionGate, strategy: any Strategy, maker: any InitialModelMaker)
    /// Tell whoever asked for a version again what became of it.
    case restorationEnded(id: UInt64, RestorationOutcome)
    /// Decide what becomes of alarms, then say ``ServerEvent/alarmsDecided(_:worker:leaseEpoch:)``.
    case takeAlarms(AlarmBatch, from: AlarmSender)
    /// From now on a worker serves these entities and may speak for them.
    case serving(worker: String, domain: String, entities: [String])
    /// Remember how entities of a worker were scored.
    case takeScores(ScoreReport, worker: String, domain: String)
    /// Log this.
    case note(Note)
}

/// What the contributions of an attempt at a round start from.
package struct RoundBase: Sendable {
    /// The round.
    package var round: UInt32
    /// The attempt.
    package var attempt: UInt32
    /// What it is for.
    package var kind: RoundKind
    /// The version.
    package var version: UInt64
    /// SHA-256 of its bytes; empty for no version.
    package var digest: [UInt8]
    /// Its models.
    package var model: FederatedModel?
    /// Whether changes in the rounds before say nothing of those in this one.
    package var forgetsChanges: Bool
    /// Those whose changes, where they are far beyond the others', are scaled down instead of refused: the round failed for
    /// that, and cannot do without them.
    package var spared: Set<String>

    /// A base with every field given.
    package init(
        round: UInt32, attempt: UInt32, kind: RoundKind, version: UInt64, digest: [UInt8], model: FederatedModel?,
        forgetsChanges: Bool = false, spared: Set<String> = []
    ) {
        self.forgetsChanges = forgetsChanges
        self.spared = spared
        self.round = round
        self.attempt = attempt
        self.kind = kind
        self.version = version
        self.digest = digest
        self.model = model
    }
}

/// A contribution of which every byte is here.
package struct FinishedUpload: Sendable {
    /// The round.
    package var round: UInt32
    /// The attempt.
    package var attempt: UInt32
    /// Who sent it.
    package var worker: String
    /// Under which lease.
    package var leaseEpoch: UInt64
    /// What the worker served when it was complete.
    package var entities: [String]
    /// What its sender says is its SHA-256.
    package var digest: [UInt8]
    /// The bytes.
    package var bytes: Bytes
    /// What its sender announced of it; `nil` where it did not.
    package var announced: [AnnouncedChange]?
    /// Wall time of the work, in seconds, as the worker measured it.
    package var workSeconds: Double
    /// When it was complete, counted from the opening of the round.
    package var arrival: Duration

    /// An upload with every field given.
    package init(
        round: UInt32, attempt: UInt32, worker: String, leaseEpoch: UInt64, entities: [String], digest: [UInt8],
        bytes: Bytes, announced: [AnnouncedChange]? = nil, workSeconds: Double, arrival: Duration
    ) {
        self.announced = announced
        self.round = round
        self.attempt = attempt
        self.worker = worker
        self.leaseEpoch = leaseEpoch
        self.entities = entities
        self.digest = digest
        self.bytes = bytes
        self.workSeconds = workSeconds
        self.arrival = arrival
    }
}

/// What the gate says of a contribution.
package struct Judgement: Sendable {
    /// The contribution.
    package var upload: FinishedUpload
    /// The verdict.
    package var verdict: GateVerdict
}

/// What came of adding up a round.
package enum AggregationOutcome: Sendable {
    /// The next version, its bytes and their SHA-256, the losses, and what counted how much.
    case model(FederatedModel, bytes: [UInt8], digest: [UInt8], RoundSummary, RoundTreatment)
    /// The losses; an evaluation makes no version.
    case losses(RoundSummary, RoundTreatment)
    /// What these workers sent cannot be used, and why; it may go without them.
    case refused([String: FederationError])
    /// Nothing comes of it, and nobody is to blame.
    case impossible(String)
}

/// A contribution that did not count.
package struct RejectedContribution: Equatable, Sendable {
    /// Who sent it.
    package var worker: String
    /// Under which lease.
    package var leaseEpoch: UInt64
    /// SHA-256 of its bytes, as far as that is known.
    package var digest: [UInt8]
    /// Why.
    package var reason: String
    /// The kind of fault; `nil` where nothing is wrong with it and nothing is in it.
    package var code: FederationError.Code?
}

/// A contribution that counted.
package struct AcceptedContribution: Equatable, Sendable {
    /// The round and attempt it counted in.
    package var round: UInt32
    /// The attempt.
    package var attempt: UInt32
    /// Who gave it.
    package var worker: String
    /// Under which lease.
    package var leaseEpoch: UInt64
    /// SHA-256 of its bytes.
    package var digest: [UInt8]
    /// The entities whose samples are behind it, sorted.
    package var entities: [String]
    /// Samples over all groups, as far as the round's ``RoundTreatment`` does not say otherwise.
    package var sampleCount: UInt64
    /// Its bytes on the wire.
    package var bytes: UInt64
    /// Bytes of raw samples behind it.
    package var rawBytes: UInt64
    /// Wall time of the work, in seconds, as the worker measured it; 0 when it did not.
    package var workSeconds: Double
    /// When it was complete here, counted from the opening of the round.
    package var arrival: Duration
}

/// How a round ended.
///
/// With the bytes that its digests name it says what the version is a function of: ``RoundReplay`` computes it again.
package struct RoundRecord: Equatable, Sendable {
    /// The federation.
    package var federation: FederationIdentity
    /// Names the configuration: ``ServerConfiguration/digest``.
    package var configuration: [UInt8]
    /// Name of the strategy.
    package var strategy: String
    /// The round.
    package var round: UInt32
    /// The attempt.
    package var attempt: UInt32
    /// What it was for.
    package var kind: RoundKind
    /// The version that it started from.
    package var baseVersion: UInt64
    /// SHA-256 of that; empty for no version.
    package var baseDigest: [UInt8]
    /// The version that it made; the base version if it made none.
    package var version: UInt64
    /// From its start to its end.
    package var duration: Duration
    /// What counted, sorted by worker.
    package var contributions: [AcceptedContribution]
    /// What did not count and why, sorted by worker.
    package var rejections: [RejectedContribution]
    /// What the gate did with what counted.
    package var treatment: RoundTreatment
    /// The version whose bytes the new one has: what was learned since was taken back; `nil` where it was not.
    package var restores: UInt64?
    /// Who asked for that; `nil` where it was a round that decided it. What somebody asked for is no round: `round` and `kind`
    /// are those of the round that comes next.
    package var restoredBy: String?
    /// The losses.
    package var summary: RoundSummary
    /// Why it was abandoned; `nil` when it was committed.
    package var abandonedBecause: String?
}

/// A round to make durable, with the version it made.
package struct Commit: Equatable, Sendable {
    /// The log entry.
    package var record: RoundRecord
    /// The bytes of the version; `nil` when the round made none.
    package var model: [UInt8]?
    /// SHA-256 of the bytes.
    package var digest: [UInt8]
}

/// A worker whose contributions are not wanted for a while.
package struct WorkerExclusion: Equatable, Sendable {
    /// Rounds in a row in which what it sent was refused.
    package var refusedRounds: Int
    /// The first round that it is asked for again; `nil` where it is a time.
    package var untilRound: UInt32?
    /// Why its last contribution was refused.
    package var reason: String
}

/// A worker as the server sees it.
package struct WorkerView: Equatable, Sendable {
    /// Whether it counts.
    package enum State: String, Sendable {
        case active
        case lost
        case left
    }

    /// Its name.
    package var name: String
    /// Its site.
    package var site: String
    /// Its domain.
    package var domain: String
    /// Whether it counts.
    package var state: State
    /// Whether it is chosen to train and serve; otherwise it stands by.
    package var isChosen: Bool
    /// Whether it can never be chosen: it only offers its samples.
    package var onlyOffers: Bool
    /// Whether it may use its accelerator.
    package var mayAccelerate: Bool
    /// Its lease.
    package var leaseEpoch: UInt64
    /// What it can do.
    package var capabilities: Capabilities
    /// Where other workers of its domain can fetch its samples; empty: nowhere.
    package var dataAddress: String
    /// What it does, by its last heartbeat.
    package var activity: Heartbeat.Activity
    /// The version that it holds.
    package var version: UInt64
    /// The entities that it serves, sorted.
    package var entities: [String]
    /// Samples that it has scored.
    package var scoredSamples: UInt64
    /// Whether its stream has ended.
    package var streamEnded: Bool
    /// Contributions of it that failed the gate.
    package var rejectedContributions: Int
    /// Whether its contributions are not wanted for a while, and why.
    package var exclusion: WorkerExclusion?
    /// The last time from a heartbeat to its answer, as the worker measured it; `nil` before there was one.
    package var roundTripSeconds: Double?
    /// When it was last heard.
    package var lastHeard: Instant
}
