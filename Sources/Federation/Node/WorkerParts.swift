/// What a worker remembers over a restart.
package struct WorkerMemory: Equatable, Sendable {
    /// The federation that the rest belongs to.
    package var federation: FederationIdentity
    /// The version that it holds; 0 for none.
    package var version: UInt64
    /// SHA-256 of that version.
    package var digest: [UInt8]
    /// The entities that it serves.
    package var entities: [String]
    /// Whether all rounds were done.
    package var scoring: Bool
    /// False alarms that the server allows, a day and entity; `nil`: as many as the worker was started with.
    package var falseAlarmsPerDay: Double?
    /// Alarms of its entities that were called false.
    package var falseAlarms: [FalseAlarmNotice]

    /// What is remembered; by default nothing.
    package init(
        federation: FederationIdentity = .none, version: UInt64 = 0, digest: [UInt8] = [], entities: [String] = [],
        scoring: Bool = false, falseAlarmsPerDay: Double? = nil, falseAlarms: [FalseAlarmNotice] = []
    ) {
        self.falseAlarms = falseAlarms
        self.falseAlarmsPerDay = falseAlarmsPerDay
        self.federation = federation
        self.version = version
        self.digest = digest
        self.entities = entities
        self.scoring = scoring
    }
}

/// What a worker keeps. Calls are made from the node's tasks, those of a lane one after the other: memory and models on the
/// lane of the disk, alarms on their own.
package protocol WorkerDisk: AnyObject, Sendable {
    /// Keeps what is remembered, with a new version where there is one; durable when it returns, both or neither.
    func keep(_ memory: WorkerMemory, model: [UInt8]?) throws
    /// How far the spool of alarms reaches: its name, the first and the last number, the last that is safe with the server,
    /// and the names of earlier starts that were kept.
    func spooled() throws -> WorkerEvent
    /// Alarms that wait, from after a number on.
    func alarms(after number: UInt64, limit: Int) throws -> [[UInt8]]
    /// Alarms up to a number are safe with the server, or refused.
    func decideAlarms(upTo number: UInt64) throws
    /// The server refused these; to be called before they are decided.
    func refuseAlarms(_ refused: [AlarmReceipt.Refused]) throws
    /// The server has alarms only up to a number: those behind it wait again.
    func rewindAlarms(to number: UInt64) throws
    /// The server knows the spool by the name of this start: starts to come are told. Does nothing when it was kept before.
    func keepSpoolName() throws
}

/// Watches the worker's streams: fits detectors, scores, and puts alarms into the spool. It works on threads of its own
/// and tells the node through the inbox: ``WorkerNode/Input/spooled``, and how far the streams have come. The road from row
/// to alarm lies behind this.
package protocol Watcher: AnyObject {
    /// Watches these entities with this version from now on, and nothing else; returns at once.
    ///
    /// - Parameter falseAlarmsPerDay: false alarms that thresholds allow, a day and entity; `nil`: as it was started with.
    func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?)
    /// From the next row on the same again as any of these alarms is none; returns at once. Comes before the first
    /// ``watch(_:version:entities:falseAlarmsPerDay:)`` and with each change.
    func heed(_ falseAlarms: [FalseAlarmNotice])
    /// Watches nothing any more; returns at once.
    func stop()
}

/// Moves samples within the worker's domain; returns at once.
package protocol SampleMover: AnyObject {
    /// Copies from these and no others.
    func mirror(_ sources: [SampleSource])
    /// Lets these and no others read own samples.
    func grant(_ grants: [SampleGrant])
}

/// Why a worker ends.
package struct WorkerRefused: Error, CustomStringConvertible, Sendable {
    /// Why the server refuses it.
    package let reason: Refusal.Reason
    /// One line for people.
    package let description: String

    init(reason: Refusal.Reason, description: String) {
        self.reason = reason
        self.description = description
    }

    /// What a refusal says.
    package init(_ refusal: Refusal) { self.init(reason: refusal.reason, description: refusal.text) }
}
