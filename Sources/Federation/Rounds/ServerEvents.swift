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
    /// A message arrived.
    case received(Envelope, from: Peer)
    /// Bytes arrived that are no message.
    case unreadable(FederationError, from: Peer)
    /// Time has passed; comes several times in a heartbeat interval.
    case tick
    /// These workers train and serve from the next round on, the others stand by; at once where a chosen worker is lost
    /// or it is urgent.
    case chosen(WorkerChoice, isUrgent: Bool)
    /// The commit that was asked for is durable.
    case committed(version: UInt64)
    /// It could not be made durable; nothing of it may be visible.
    case commitFailed(String)
    /// Alarms are in the log up to `delivered`.
    case alarmsStored(worker: String, leaseEpoch: UInt64, spool: UInt64, delivered: UInt64)
}

/// What a server has to do, in this order.
package enum ServerDirective: Sendable {
    /// Send a message; it may be lost.
    case send(Envelope, to: Peer)
    /// Make a version durable, atomically, then say ``ServerEvent/committed(version:)``.
    case commit(Commit)
    /// Keep an accepted contribution beside the log; with them each commit can be replayed.
    case keep(AcceptedContribution, payload: [UInt8])
    /// A round ended without a commit.
    case recordAbandoned(RoundRecord)
    /// A worker joined, left, or was refused for good.
    case recordWorker(WorkerView)
    /// Append alarms to the log, those of entities that the worker can reach, then say ``ServerEvent/alarmsStored(worker:leaseEpoch:spool:delivered:)``.
    case storeAlarms(AlarmBatch, worker: String, entities: [String], leaseEpoch: UInt64)
    /// Log this.
    case note(Note)
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
    /// Samples over all groups, as they were weighted.
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
package struct RoundRecord: Equatable, Sendable {
    /// The round.
    package var round: UInt32
    /// The attempt.
    package var attempt: UInt32
    /// What it was for.
    package var kind: RoundKind
    /// The version that it started from.
    package var baseVersion: UInt64
    /// The version that it made; the base version if it made none.
    package var version: UInt64
    /// From its start to its end.
    package var duration: Duration
    /// What counted, sorted by worker.
    package var contributions: [AcceptedContribution]
    /// Contributions that failed the gate.
    package var rejected: Int
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
    /// The last time from a heartbeat to its answer, as the worker measured it; `nil` before there was one.
    package var roundTripSeconds: Double?
    /// When it was last heard.
    package var lastHeard: Instant
}
