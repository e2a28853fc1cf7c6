/// What the machine of a worker is told.
package struct WorkerConfiguration: Sendable {
    /// Its name, unique in the federation.
    package var name: String
    /// What it tells the server of itself.
    package var registration: Registration
    /// Time between attempts to register; a welcome says how often heartbeats are wanted.
    package var registrationInterval: Duration = .seconds(1)
    /// Time for which it waits to learn what it can do before it registers without that; zero: it knows already.
    package var capabilitiesPatience: Duration = .zero
    /// Bytes of a piece of a contribution at most; the link decides how many they are.
    package var pieceBytes = 1 << 20
    /// Bytes of a contribution that are sent without asking.
    package var unaskedBytes = 64 << 10
    /// Largest model that it takes.
    package var maximumModelBytes = 256 << 20
    /// Alarms in a batch at most; the link decides how many they are.
    package var alarmsPerBatch = 64

    /// The defaults for a worker of that name.
    package init(name: String, registration: Registration) {
        self.name = name
        self.registration = registration
    }
}

/// A piece of local work, named by what it starts from: the same key means the same work.
package struct WorkKey: Hashable, Sendable {
    /// The round.
    package var round: UInt32
    /// What it is for.
    package var kind: RoundKind
    /// The version that it starts from.
    package var baseVersion: UInt64
    /// SHA-256 of that version; empty for none.
    package var baseDigest: [UInt8]
    /// The entities whose samples it is done on, sorted.
    package var entities: [String]

    /// A piece of work with every field given.
    package init(
        round: UInt32, kind: RoundKind, baseVersion: UInt64, baseDigest: [UInt8] = [], entities: [String]
    ) {
        self.baseDigest = baseDigest
        self.round = round
        self.kind = kind
        self.baseVersion = baseVersion
        self.entities = entities
    }
}

/// What happens to a worker.
package enum WorkerEvent: Sendable {
    /// A message arrived.
    case received(Envelope)
    /// Time has passed; comes several times in a heartbeat interval.
    case tick
    /// A connection has come further, or was lost.
    case link(Message.Channel, PortLink)
    /// A version that was to be adopted is whole, and used from now on.
    case adopted(version: UInt64, digest: [UInt8])
    /// It is not what it should be; it is fetched again later.
    case adoptionFailed(version: UInt64, String)
    /// What it can do is known now.
    case capable(Capabilities)
    /// It reaches these entities by itself now, and no others; none: it goes on as before.
    case reaches([String])
    /// These entities of other workers are on the disk with all their files; replaces what was said before.
    case mirrored([String])
    /// Alarms that were called false are heeded as the list of this revision says.
    case heeding(revision: UInt64)
    /// Local work is done: the bytes of a ``Contribution``, their SHA-256, the wall time that it took, and what is announced
    /// of it.
    case workFinished(
        WorkKey, payload: Bytes, digest: [UInt8], seconds: Double = 0, changes: [AnnouncedChange] = [])
    /// Local work could not be done.
    case workFailed(WorkKey, reason: String)
    /// The spool holds alarms from `oldest` to `latest`; the first call also says what was delivered before, and under which
    /// names at earlier starts, the oldest first.
    case alarmsSpooled(
        spool: UInt64, oldest: UInt64, latest: UInt64, delivered: UInt64, earlier: [EarlierSpool] = [])
    /// What ``WorkerDirective/readSpool(after:limit:)`` asked for: alarms from a number on.
    case spoolRead(first: UInt64, alarms: [[UInt8]])
    /// How far the live stream has come.
    case streamProgress(scoredSamples: UInt64, ended: Bool)
    /// Entities were scored.
    case scores([ScoreNews])
    /// The process is about to end.
    case stop
}

/// What a worker has to do, in this order.
package enum WorkerDirective: Sendable {
    /// Send a message to the server; it may be lost.
    case send(Envelope)
    /// Do local work on a thread of its own, on the accelerator only where that is allowed, then say
    /// ``WorkerEvent/workFinished(_:payload:digest:seconds:changes:)``.
    case work(WorkKey, hyperparameters: [UInt8], mayAccelerate: Bool)
    /// The work that runs is no longer wanted.
    case cancelWork(WorkKey)
    /// Use this version (the bytes of a ``FederatedModel``, if they are what their SHA-256 says) of this federation from now
    /// on and say ``WorkerEvent/adopted(version:digest:)``; keep it when there is time, what was kept before is not wanted.
    case adopt(version: UInt64, digest: [UInt8], model: Bytes, federation: FederationIdentity)
    /// Forget the version that was kept: this federation has none, or another.
    case forget(federation: FederationIdentity)
    /// The server has not been heard for long, or has another key now: make new connections.
    case reconnect
    /// The server will have this key, or has it by now: keep it.
    case learnServerKey(PublicKey, isDue: Bool)
    /// Serve these entities and no others.
    case serve(entities: [String])
    /// So many false alarms a day and entity are allowed from now on; `nil`: as many as it was started with. Comes with each
    /// assignment.
    case allow(falseAlarmsPerDay: Double?)
    /// These alarms were called false, and no others: keep that, watch accordingly, then say
    /// ``WorkerEvent/heeding(revision:)``.
    case heed(FalseAlarmList)
    /// Get the samples of these entities and go on getting what is appended; from nobody else. Say
    /// ``WorkerEvent/mirrored(_:)`` when that changes what is there.
    case mirror([SampleSource])
    /// Let these and no others read own samples.
    case grant([SampleGrant])
    /// All rounds are done: score the stream with this version.
    case score(version: UInt64)
    /// Read alarms from the spool, then say ``WorkerEvent/spoolRead(first:alarms:)``.
    case readSpool(after: UInt64, limit: Int)
    /// Alarms up to this number are safe, or refused.
    case alarmsDelivered(upTo: UInt64)
    /// The server does not take these alarms: keep them as dead letters.
    case alarmsRefused([AlarmReceipt.Refused])
    /// The server has alarms only up to this number: those behind it wait again.
    case alarmsRewound(to: UInt64)
    /// The server knows the spool by its present name: keep that for the starts to come, before anything is sent under it.
    case spoolKnown
    /// Nothing can come of this any more: end with this line.
    case fail(Refusal.Reason, String)
    /// Log this.
    case note(Note)
}
