/// Everything that server and workers say to each other.
///
/// Announcements are hints: a ``ServerStatus`` carries the server's whole view of the receiver, every heartbeat is
/// answered by one, and so whatever was lost heals with the next heartbeat.
package enum Message: Equatable, Sendable {
    /// Worker: let me in.
    case registration(Registration)
    /// Server: you are in, under this lease.
    case welcome(Welcome)
    /// Server: no, and why.
    case refusal(Refusal)
    /// Worker: I am alive.
    case heartbeat(Heartbeat)
    /// Server: this is how things stand for you.
    case status(ServerStatus)
    /// Worker: so my entities were scored.
    case scores(ScoreReport)
    /// Worker: I leave; give up my lease now.
    case goodbye
    /// Worker: this is my key from now on.
    case enrolment(Enrolment)
    /// Server: what became of that.
    case enrolled(EnrolmentAnswer)
    /// Worker: the next piece of a model version, please.
    case modelRequest(ModelRequest)
    /// Server: a piece of a model version.
    case modelPiece(ModelPiece)
    /// Worker: a piece of my contribution.
    case contributionPiece(ContributionPiece)
    /// Server: what became of it.
    case contributionReceipt(ContributionReceipt)
    /// Worker: alarms from my spool.
    case alarmBatch(AlarmBatch)
    /// Server: these alarms are safe, forget them.
    case alarmReceipt(AlarmReceipt)
    /// Server: which alarms of your entities were called false.
    case falseAlarms(FalseAlarmList)
    /// Worker: I have heard of those.
    case falseAlarmReceipt(FalseAlarmReceipt)
    /// Worker to worker of the same domain, on a data endpoint: samples.
    case samples(SampleMessage)

    /// The number of a message type on the wire.
    package enum Kind: UInt16, CaseIterable, Sendable {
        case registration = 1
        case welcome = 2
        case refusal = 3
        case heartbeat = 4
        case status = 5
        case goodbye = 6
        case enrolment = 7
        case enrolled = 8
        case scores = 9
        case modelRequest = 16
        case modelPiece = 17
        case contributionPiece = 18
        case contributionReceipt = 19
        case alarmBatch = 32
        case alarmReceipt = 33
        case falseAlarms = 34
        case falseAlarmReceipt = 35
        case sampleListRequest = 48
        case sampleList = 49
        case samplePieceRequest = 50
        case samplePiece = 51
        case sampleCheckRequest = 52
        case sampleCheck = 53
        case sampleRefusal = 54
    }

    /// The two endpoints: what must never wait travels on `control`, what is large on `bulk`.
    package enum Channel: Int, CaseIterable, Sendable {
        case control = 0
        case bulk = 1
    }

    /// The type on the wire.
    package var type: Kind {
        switch self {
        case .registration: .registration
        case .welcome: .welcome
        case .refusal: .refusal
        case .heartbeat: .heartbeat
        case .status: .status
        case .goodbye: .goodbye
        case .scores: .scores
        case .enrolment: .enrolment
        case .enrolled: .enrolled
        case .modelRequest: .modelRequest
        case .modelPiece: .modelPiece
        case .contributionPiece: .contributionPiece
        case .contributionReceipt: .contributionReceipt
        case .alarmBatch: .alarmBatch
        case .alarmReceipt: .alarmReceipt
        case .falseAlarms: .falseAlarms
        case .falseAlarmReceipt: .falseAlarmReceipt
        case .samples(let body): body.type
        }
    }

    /// The endpoint it travels on.
    package var channel: Channel {
        switch self {
        case .registration, .welcome, .refusal, .heartbeat, .status, .goodbye, .enrolment, .enrolled, .scores: .control
        case .modelRequest, .modelPiece, .contributionPiece, .contributionReceipt, .alarmBatch, .alarmReceipt,
            .falseAlarms, .falseAlarmReceipt, .samples:
            .bulk
        }
    }
}

/// A worker asks to be let in.
package struct Registration: Equatable, Sendable {
    /// Differs for every start of every process: tells a worker from another with the same name.
    package var incarnation: UInt64
    /// Grows when the process learns more of itself; of two registrations of one process the higher one holds.
    package var revision: UInt32
    /// Where it stands.
    package var site: String
    /// The domain in which samples may travel; by default the site.
    package var domain: String
    /// What it can do.
    package var capabilities: Capabilities
    /// The entities whose samples it can reach, sorted.
    package var entities: [String]
    /// Where other workers of the domain can fetch the samples of these; empty: nowhere.
    package var dataAddress: String
    /// Whether it only offers its samples: it trains and watches nothing.
    package var standsBy: Bool
    /// Entities of other workers of which it has a copy, sorted.
    package var mirrored: [String]
    /// The key of this start of the process with which samples are encrypted, 32 bytes; empty where nothing is.
    package var exchangeKey: [UInt8]

    /// A registration with every field given.
    package init(
        incarnation: UInt64, revision: UInt32 = 0, site: String, domain: String, capabilities: Capabilities,
        entities: [String], dataAddress: String = "", standsBy: Bool = false, mirrored: [String] = [],
        exchangeKey: [UInt8] = []
    ) {
        self.incarnation = incarnation
        self.revision = revision
        self.dataAddress = dataAddress
        self.standsBy = standsBy
        self.mirrored = mirrored
        self.exchangeKey = exchangeKey
        self.site = site
        self.domain = domain
        self.capabilities = capabilities
        self.entities = entities
    }
}

/// The server lets a worker in; the envelope carries the new lease's epoch.
package struct Welcome: Equatable, Sendable {
    /// The registration that this answers.
    package var incarnation: UInt64
    /// The revision of the registration that the server holds.
    package var revision: UInt32
    /// Time between heartbeats.
    package var heartbeatMilliseconds: UInt32
    /// Silence after which the lease ends.
    package var leaseMilliseconds: UInt32

    /// A welcome with every field given.
    package init(
        incarnation: UInt64, revision: UInt32 = 0, heartbeatMilliseconds: UInt32, leaseMilliseconds: UInt32
    ) {
        self.incarnation = incarnation
        self.revision = revision
        self.heartbeatMilliseconds = heartbeatMilliseconds
        self.leaseMilliseconds = leaseMilliseconds
    }
}

/// The server says no.
package struct Refusal: Equatable, Sendable {
    /// Why.
    package enum Reason: UInt16, CaseIterable, Sendable {
        /// The message's protocol version is not this server's.
        case unsupportedVersion = 1
        /// The message's type is unknown.
        case unknownType = 2
        /// The message cannot be read.
        case malformed = 3
        /// There is no such lease (any more): register again.
        case notAdmitted = 4
        /// A worker of this name is alive.
        case duplicateName = 5
        /// The server has as many workers as it may have.
        case full = 6
        /// What the registration says cannot be served.
        case unacceptable = 7
        /// The message belongs to another federation: register again, and look at the welcome.
        case otherFederation = 8
    }

    /// Why.
    package var reason: Reason
    /// The registration that this answers, or 0.
    package var incarnation: UInt64
    /// Time after which the reason may be gone: for a duplicate name the lease of its holder.
    package var patienceMilliseconds: UInt32
    /// One line for people.
    package var text: String

    /// A refusal with every field given.
    package init(_ reason: Reason, incarnation: UInt64 = 0, patienceMilliseconds: UInt32 = 0, text: String) {
        self.reason = reason
        self.incarnation = incarnation
        self.patienceMilliseconds = patienceMilliseconds
        self.text = text
    }
}

/// A worker is alive.
package struct Heartbeat: Equatable, Sendable {
    /// What it is doing.
    package enum Activity: UInt8, CaseIterable, Sendable {
        case idle = 0
        case fetching = 1
        case working = 2
        case uploading = 3
        case scoring = 4
    }

    /// The latest assignment of entities that it has taken over; what that one does not hold, it no longer serves.
    package var assignmentRevision: UInt64
    /// What it is doing.
    package var activity: Activity
    /// The version of the model that it holds.
    package var version: UInt64
    /// Samples scored since the process started.
    package var scoredSamples: UInt64
    /// Whether its stream has ended and every alarm of it was handed over.
    package var streamEnded: Bool
    /// The last time from a heartbeat to the status that answered it, by the worker's clock; 0 before there was one.
    package var roundTripMicroseconds: UInt32

    /// A heartbeat with every field given.
    package init(
        assignmentRevision: UInt64, activity: Activity, version: UInt64, scoredSamples: UInt64 = 0,
        streamEnded: Bool = false, roundTripMicroseconds: UInt32 = 0
    ) {
        self.assignmentRevision = assignmentRevision
        self.activity = activity
        self.version = version
        self.scoredSamples = scoredSamples
        self.streamEnded = streamEnded
        self.roundTripMicroseconds = roundTripMicroseconds
    }
}

/// What a round is for.
package enum RoundKind: UInt8, CaseIterable, Sendable, CustomStringConvertible {
    /// Statistics that decide cleaning, scaling and the models' shapes.
    case statistics = 0
    /// Local training and averaging.
    case training = 1
    /// Every worker's error with the final model; the model stays.
    case evaluation = 2

    /// The kind in lower-case letters.
    package var description: String {
        switch self {
        case .statistics: "statistics"
        case .training: "training"
        case .evaluation: "evaluation"
        }
    }
}

/// One attempt at one round.
package struct RoundPlan: Equatable, Sendable {
    /// 0 is the statistics, then the training rounds from 1, then the evaluation.
    package var round: UInt32
    /// Grows each time the round is tried again.
    package var attempt: UInt32
    /// What it is for.
    package var kind: RoundKind
    /// The version that it starts from.
    package var baseVersion: UInt64
    /// SHA-256 of that version: numbers alone confuse a restored server with the one before. Empty for no version.
    package var baseDigest: [UInt8]
    /// Time left until it ends.
    package var remainingMilliseconds: UInt32
    /// What the strategy wants done, in the learner's own format.
    package var hyperparameters: [UInt8]
    /// Entities of the worker's assignment that count already in this round, by another worker's contribution: not to be
    /// counted again. Sorted, mostly empty.
    package var covered: [String]

    /// A plan with every field given.
    package init(
        round: UInt32, attempt: UInt32, kind: RoundKind, baseVersion: UInt64, baseDigest: [UInt8] = [],
        remainingMilliseconds: UInt32, hyperparameters: [UInt8], covered: [String] = []
    ) {
        self.baseDigest = baseDigest
        self.covered = covered
        self.round = round
        self.attempt = attempt
        self.kind = kind
        self.baseVersion = baseVersion
        self.remainingMilliseconds = remainingMilliseconds
        self.hyperparameters = hyperparameters
    }
}

/// What a worker serves, and how it gets at it.
package struct Assignment: Equatable, Sendable {
    /// The entities that this worker serves, sorted.
    package var entities: [String]
    /// From where it gets the samples of those that it does not reach by itself.
    package var sources: [SampleSource]
    /// Who may fetch samples from it.
    package var grants: [SampleGrant]
    /// False alarms that its thresholds allow, a day and entity; `nil`: as it was started with.
    package var falseAlarmsPerDay: Double?

    /// What ``falseAlarmsPerDay`` may be.
    package static let falseAlarmsRange = 1e-6...1e6

    /// An assignment with every field given.
    package init(
        entities: [String] = [], sources: [SampleSource] = [], grants: [SampleGrant] = [],
        falseAlarmsPerDay: Double? = nil
    ) {
        self.falseAlarmsPerDay = falseAlarmsPerDay
        self.entities = entities
        self.sources = sources
        self.grants = grants
    }
}

/// How things stand for one worker.
package struct ServerStatus: Equatable, Sendable {
    /// Sequence of the heartbeat that this answers; 0 when nobody asked.
    package var answers: UInt64
    /// The committed version of the model.
    package var version: UInt64
    /// Its SHA-256; empty when there is none.
    package var digest: [UInt8]
    /// The round that runs and still wants this worker's contribution.
    package var plan: RoundPlan?
    /// Whether all rounds are done, so that `version` is the final one.
    package var finished: Bool
    /// Whether the worker is chosen to train and serve; otherwise it stands by.
    package var isChosen: Bool
    /// Whether it may use its accelerator.
    package var mayAccelerate: Bool
    /// Number of the worker's assignment; grows when that changes.
    package var assignmentRevision: UInt64
    /// The assignment; absent where the worker's heartbeat said that it has that revision.
    package var assignment: Assignment?
    /// The key that the server will have; absent where it keeps the one it has.
    package var nextKey: KeyChange?

    /// A status with every field given.
    package init(
        answers: UInt64 = 0, version: UInt64, digest: [UInt8] = [], plan: RoundPlan?, finished: Bool,
        isChosen: Bool = true, mayAccelerate: Bool = true, assignmentRevision: UInt64, assignment: Assignment?,
        nextKey: KeyChange? = nil
    ) {
        self.nextKey = nextKey
        self.answers = answers
        self.version = version
        self.digest = digest
        self.plan = plan
        self.finished = finished
        self.isChosen = isChosen
        self.mayAccelerate = mayAccelerate
        self.assignmentRevision = assignmentRevision
        self.assignment = assignment
    }
}
