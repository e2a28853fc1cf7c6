package import Placement
import Platform

/// What a server keeps. Every call may take as long as a disk takes: they are made from the node's tasks, never from its
/// thread, those of one lane one after the other (everything but alarms on one, alarms on another).
///
/// A `StorageError` that says that the disk is full or cannot be written ends the node; others pass.
package protocol ServerDisk: AnyObject, Sendable {
    /// Makes a round durable, atomically: its record, which lists what counted, and the version it made if it made one.
    /// Contributions that were kept for the round and are not in the record are forgotten.
    func commit(_ commit: Commit) throws
    /// Keeps accepted contributions, each under its round and worker.
    func keep(_ contributions: [KeptContribution]) throws
    /// The bytes of a contribution that was kept for a round; `nil` where there is none of that SHA-256.
    func contribution(to round: UInt32, of worker: String, digest: [UInt8]) throws -> [UInt8]?
    /// Notes a round that made nothing.
    func recordAbandoned(_ record: RoundRecord) throws
    /// Remembers workers.
    func record(_ workers: [WorkerView]) throws
    /// What alarm events say of themselves; `nil` for bytes that are none.
    func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?]
    /// Appends alarms to the log, with how far the spool is taken over by that and who serves what; all or nothing.
    func store(_ alarms: AlarmStore) throws
    /// Remembers measured training times.
    func keep(_ profile: MeasuredProfile) throws
    /// All rounds are done: writes the final version for others to read.
    func publish(_ model: FederatedModel, version: UInt64) throws
    /// Whether the folder is still there; called about once a second.
    func check() throws
}

/// An accepted contribution and its bytes.
package struct KeptContribution: Sendable {
    /// What the record says of it.
    package var accepted: AcceptedContribution
    /// The bytes.
    package var payload: Bytes
}
