import Federation
import Foundation
import Platform

/// What a worker keeps, in its folder: `state.json` and `model.bin`, and the spool of its alarms.
final class WorkerFolder: WorkerDisk {
    private let folder: DataFolder
    private let spool: SharedSpool

    init(_ folder: DataFolder, spool: SharedSpool) {
        self.folder = folder
        self.spool = spool
    }

    func keep(_ memory: WorkerMemory, model: [UInt8]?) throws {
        // The model first: a state that names another version's digest is one that is fetched again.
        if let model { try WorkerState.write(model: model, folder) }
        try WorkerState(memory).write(folder)
    }

    func spooled() throws -> WorkerEvent { try spool.event() }

    func alarms(after number: UInt64, limit: Int) throws -> AlarmBatch { try spool.batch(after: number, limit: limit) }

    func forgetAlarms(upTo number: UInt64) throws { try spool.forget(upTo: number) }
}

/// A spool that the scoring thread fills and the node's tasks empty.
///
/// Unchecked: every use of the spool holds the lock.
final class SharedSpool: @unchecked Sendable {
    private let lock = NSLock()
    private let spool: AlarmSpool

    init(path: String, newIdentity: UInt64) throws(StorageError) {
        spool = try AlarmSpool(path: path, newIdentity: newIdentity)
    }

    func append(_ alarms: [[UInt8]]) throws { _ = try lock.withLock { try spool.append(alarms) } }
    func forget(upTo number: UInt64) throws { try lock.withLock { try spool.forget(upTo: number) } }
    func isEmpty() throws -> Bool { try lock.withLock { try spool.latest() == spool.delivered() } }

    /// How far the spool reaches, for the machine.
    func event() throws -> WorkerEvent {
        try lock.withLock {
            .alarmsSpooled(spool: spool.identity, latest: try spool.latest(), delivered: try spool.delivered())
        }
    }

    /// The next alarms to deliver.
    func batch(after number: UInt64, limit: Int) throws -> AlarmBatch {
        try lock.withLock {
            AlarmBatch(
                spool: spool.identity, first: number + 1, alarms: try spool.alarms(after: number, limit: limit))
        }
    }
}
