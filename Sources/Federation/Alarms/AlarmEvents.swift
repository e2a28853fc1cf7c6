/// What an alarm event says of itself, as far as its acceptance depends on it.
package struct AlarmClaim: Equatable, Sendable {
    /// Names the alarm.
    package var id: String
    /// Counts the events of the alarm from 0.
    package var revision: Int
    /// `site/entity`.
    package var entity: String
    /// Why no sound event looks like this, in one line; `nil` for one that may count.
    package var flaw: String?
    /// Whether it is of no alarm but of what is wrong with the watching: raised as 0, over as 1.
    package var isFinding: Bool

    /// A claim with every field given.
    package init(id: String, revision: Int, entity: String, flaw: String? = nil, isFinding: Bool = false) {
        self.isFinding = isFinding
        self.id = id
        self.revision = revision
        self.entity = entity
        self.flaw = flaw
    }
}

/// Who sends alarms: a member with a living lease.
package struct AlarmSender: Equatable, Sendable {
    /// Its name.
    package var worker: String
    /// Its domain.
    package var domain: String
    /// Its lease, for the answer.
    package var leaseEpoch: UInt64
    /// The entities whose samples it has, as it said when it registered.
    package var reach: Set<String>
    /// The entities of which it has copies.
    package var copies: [String]
    /// Whether it may raise alarms at all.
    package var mayWatch: Bool

    /// A sender with every field given.
    package init(
        worker: String, domain: String, leaseEpoch: UInt64, reach: Set<String> = [], copies: [String] = [],
        mayWatch: Bool = true
    ) {
        self.mayWatch = mayWatch
        self.worker = worker
        self.domain = domain
        self.leaseEpoch = leaseEpoch
        self.reach = reach
        self.copies = copies
    }

    /// Whether it could be given an entity.
    func reaches(_ entity: String) -> Bool { reach.contains(entity) || copies.contains(entity) }
}

/// Why an alarm is refused, on the wire and in the dead letters.
package enum AlarmRefusal: UInt16, CaseIterable, Sendable, CustomStringConvertible {
    /// It is no event, too long, or of values that cannot be.
    case unusable = 1
    /// The sender does not have the entity's samples, and was never given it.
    case notServed = 2
    /// The entity is another domain's.
    case foreignEntity = 3
    /// The sender may not raise alarms.
    case notAllowed = 4

    /// One word for logs and dead letters.
    package var description: String {
        switch self {
        case .unusable: "unusable"
        case .notServed: "notServed"
        case .foreignEntity: "foreignEntity"
        case .notAllowed: "notAllowed"
        }
    }
}

/// What happens to the acceptance of alarms.
package enum AlarmAcceptanceEvent: Sendable {
    /// A member serves these entities now, under its lease.
    case serving(worker: String, domain: String, entities: [String])
    /// A batch came; one claim for each alarm, `nil` for bytes that are no event.
    case received(AlarmBatch, claims: [AlarmClaim?], from: AlarmSender)
    /// What was to be stored is durable.
    case stored(UInt64)
    /// It is not, and nothing of it may be visible.
    case storeFailed(UInt64, reason: String)
    /// Time has passed.
    case tick
}

/// What the acceptance of alarms wants done.
package enum AlarmAcceptanceDirective: Equatable, Sendable {
    /// Make this durable as a whole, then say ``AlarmAcceptanceEvent/stored(_:)``; one at a time.
    case store(AlarmStore)
    /// Say so to a worker; it may be lost.
    case answer(AlarmReceipt, worker: String, leaseEpoch: UInt64)
    /// Log this.
    case note(Note)

    /// Notes are the same when they say the same.
    package static func == (a: AlarmAcceptanceDirective, b: AlarmAcceptanceDirective) -> Bool {
        switch (a, b) {
        case (.store(let x), .store(let y)): x == y
        case (.answer(let x, let to, let epoch), .answer(let y, let other, let another)):
            x == y && to == other && epoch == another
        case (.note(let x), .note(let y)): "\(x.message)" == "\(y.message)" && x.fields == y.fields
        default: false
        }
    }
}

/// What becomes durable together: alarms, how far a spool is taken over by that, and who has served what.
package struct AlarmStore: Equatable, Sendable {
    /// An alarm that is news.
    package struct Entry: Equatable, Sendable {
        /// Its number in the log: 1, 2, … without gaps.
        package var sequence: Int64
        /// What it says of itself.
        package var claim: AlarmClaim
        /// Its bytes as they came.
        package var bytes: [UInt8]
    }

    /// An entity and a worker that has served it.
    package struct Service: Hashable, Sendable {
        /// `site/entity`.
        package var entity: String
        /// The domain.
        package var domain: String
        /// The worker.
        package var worker: String

        /// A service with every field given.
        package init(entity: String, domain: String, worker: String) {
            self.entity = entity
            self.domain = domain
            self.worker = worker
        }
    }

    /// Names it in the answer.
    package var id: UInt64
    /// Whose alarms they are; empty where there are none.
    package var worker: String
    /// Its spool.
    package var spool: UInt64
    /// Up to which of its numbers everything is decided by this.
    package var delivered: UInt64
    /// The alarms.
    package var entries: [Entry]
    /// Services that are new.
    package var services: [Service]
}

/// Where the acceptance takes up its work: what the log says after a start.
package struct AlarmRecovery: Sendable {
    /// The number of the last alarm; 0 for none.
    package var lastSequence: Int64 = 0
    /// The latest alarms, oldest first: identity, entity, and the highest number of their events.
    package var alarms: [AlarmClaim] = []
    /// How far each worker's spool is taken over.
    package var spools: [(worker: String, spool: UInt64, delivered: UInt64)] = []
    /// Who has served what, oldest first.
    package var services: [AlarmStore.Service] = []

    /// An empty log's.
    package init() {}
}
