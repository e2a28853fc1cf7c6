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

    func alarms(after number: UInt64, limit: Int) throws -> [[UInt8]] {
        try spool.with { try $0.alarms(after: number, limit: limit) }
    }

    func decideAlarms(upTo number: UInt64) throws { try spool.with { try $0.decide(upTo: number) } }

    func refuseAlarms(_ refused: [AlarmReceipt.Refused]) throws {
        try spool.with { try $0.refuse(refused.map { ($0.number, "\($0.reason)") }) }
    }

    func rewindAlarms(to number: UInt64) throws { try spool.with { try $0.rewind(to: number) } }

    func keepSpoolName() throws { try spool.with { try $0.keepName() } }
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

    /// Uses the spool while nobody else does.
    func with<Result>(_ body: (AlarmSpool) throws -> Result) rethrows -> Result {
        try lock.withLock { try body(spool) }
    }

    func append(_ alarms: [[UInt8]]) throws { _ = try with { try $0.append(alarms) } }
    /// Events that the server does not have.
    func waiting() throws -> UInt64 {
        try with {
            let (latest, delivered) = (try $0.latest(), try $0.delivered())
            return latest > delivered ? latest - delivered : 0
        }
    }

    func isEmpty() throws -> Bool { try with { try $0.latest() <= $0.delivered() } }

    /// How far the spool reaches, for the machine.
    func event() throws -> WorkerEvent {
        try with { spool in
            .alarmsSpooled(
                spool: spool.identity, oldest: try spool.oldest(), latest: try spool.latest(),
                delivered: try spool.delivered(), earlier: try spool.earlier())
        }
    }
}
