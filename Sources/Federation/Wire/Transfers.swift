/// A worker wants the bytes of a version from an offset on.
package struct ModelRequest: Equatable, Sendable {
    /// The version.
    package var version: UInt64
    /// Bytes that it has already.
    package var offset: UInt64

    /// A request with every field given.
    package init(version: UInt64, offset: UInt64) {
        self.version = version
        self.offset = offset
    }
}

/// Bytes of a version.
package struct ModelPiece: Equatable, Sendable {
    /// The version.
    package var version: UInt64
    /// SHA-256 of the whole.
    package var digest: [UInt8]
    /// Bytes of the whole.
    package var totalBytes: UInt64
    /// Where these bytes belong.
    package var offset: UInt64
    /// The bytes.
    package var bytes: Bytes

    /// A piece with every field given.
    package init(version: UInt64, digest: [UInt8], totalBytes: UInt64, offset: UInt64, bytes: Bytes) {
        self.version = version
        self.digest = digest
        self.totalBytes = totalBytes
        self.offset = offset
        self.bytes = bytes
    }
}

/// What a worker says of its change of one group's parameters before it sends them.
package struct AnnouncedChange: Equatable, Sendable {
    /// The group.
    package var group: String
    /// How far its parameters are from those that the round started from.
    package var norm: Double
    /// Training samples behind them.
    package var samples: UInt64

    /// A change with every field given.
    package init(group: String, norm: Double, samples: UInt64) {
        self.group = group
        self.norm = norm
        self.samples = samples
    }
}

/// Bytes of a contribution.
package struct ContributionPiece: Equatable, Sendable {
    /// The round.
    package var round: UInt32
    /// The attempt at it.
    package var attempt: UInt32
    /// The assignment of entities that the work was done for.
    package var assignmentRevision: UInt64
    /// Wall time of the work, in seconds. Beside the contribution, not in it: the same work has the same bytes
    /// however long it took.
    package var workSeconds: Double
    /// SHA-256 of the whole; with worker, lease epoch and round the contribution's idempotency key.
    package var digest: [UInt8]
    /// Bytes of the whole.
    package var totalBytes: UInt64
    /// Where these bytes belong.
    package var offset: UInt64
    /// The changes that are in the whole, where it asks whether to send; otherwise empty.
    package var changes: [AnnouncedChange]
    /// The bytes.
    package var bytes: Bytes

    /// A piece with every field given.
    package init(
        round: UInt32, attempt: UInt32, assignmentRevision: UInt64, workSeconds: Double = 0, digest: [UInt8],
        totalBytes: UInt64, offset: UInt64, changes: [AnnouncedChange] = [], bytes: Bytes
    ) {
        self.changes = changes
        self.round = round
        self.attempt = attempt
        self.assignmentRevision = assignmentRevision
        self.workSeconds = workSeconds
        self.digest = digest
        self.totalBytes = totalBytes
        self.offset = offset
        self.bytes = bytes
    }
}

/// What became of a contribution.
package struct ContributionReceipt: Equatable, Sendable {
    /// The server's verdict.
    package enum Outcome: UInt8, CaseIterable, Sendable {
        /// Go on from `receivedBytes`.
        case partial = 0
        /// It counts (or counted before: a repetition changes nothing).
        case accepted = 1
        /// The round is over, not open yet, or another attempt runs.
        case notWanted = 2
        /// It failed the gate; the text says why. It will not be looked at again in this round.
        case rejected = 3
    }

    /// The round.
    package var round: UInt32
    /// The attempt at it.
    package var attempt: UInt32
    /// SHA-256 of the whole.
    package var digest: [UInt8]
    /// Bytes that the server has.
    package var receivedBytes: UInt64
    /// The verdict.
    package var outcome: Outcome
    /// One line for people when it was rejected.
    package var text: String

    /// A receipt with every field given.
    package init(
        round: UInt32, attempt: UInt32, digest: [UInt8], receivedBytes: UInt64, outcome: Outcome, text: String = ""
    ) {
        self.round = round
        self.attempt = attempt
        self.digest = digest
        self.receivedBytes = receivedBytes
        self.outcome = outcome
        self.text = text
    }
}

/// Alarms in the order in which they were spooled. Without any it is a question: how far is the server?
package struct AlarmBatch: Equatable, Sendable {
    /// Names the spool; another one after the worker's data directory was lost.
    package var spool: UInt64
    /// Number of the first alarm; the spool counts from 1 without gaps.
    package var first: UInt64
    /// Number of the first alarm that the spool still has, or of the next where it has none.
    package var oldest: UInt64
    /// The alarms, as JSON.
    package var alarms: [[UInt8]]

    /// A batch with every field given.
    package init(spool: UInt64, first: UInt64, oldest: UInt64, alarms: [[UInt8]]) {
        self.spool = spool
        self.first = first
        self.oldest = oldest
        self.alarms = alarms
    }
}

/// How far a spool is safe with the server.
package struct AlarmReceipt: Equatable, Sendable {
    /// An alarm that the server does not take.
    package struct Refused: Equatable, Sendable {
        /// Its number in the spool.
        package var number: UInt64
        /// Why.
        package var reason: AlarmRefusal

        /// A refusal with every field given.
        package init(number: UInt64, reason: AlarmRefusal) {
            self.number = number
            self.reason = reason
        }
    }

    /// The spool.
    package var spool: UInt64
    /// Every alarm up to this number is in the server's log, but for those that are refused.
    package var delivered: UInt64
    /// Those of the batch that are refused; the server will not take them when they come again either.
    package var refused: [Refused]

    /// A receipt with every field given.
    package init(spool: UInt64, delivered: UInt64, refused: [Refused] = []) {
        self.spool = spool
        self.delivered = delivered
        self.refused = refused
    }
}
