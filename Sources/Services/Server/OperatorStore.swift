import Foundation
import Platform
import Synchronization
import Watching

/// The desk of operators with its database: a change is on the disk before anybody hears of it.
final class OperatorStore: Sendable {
    private struct State {
        var desk: OperatorDesk
        let log: OperatorLog
    }

    private let state: Mutex<State>
    private let failure = Mutex<StorageError?>(nil)
    /// Number of the last change.
    let revision: Atomic<Int64>

    /// Opens or creates the file.
    ///
    /// - Throws: `StorageError` when it cannot be had, ``ServiceError`` when what it says cannot be read.
    init(path: String) throws {
        let log = try OperatorLog(path: path)
        let desk: OperatorDesk
        do {
            desk = try log.restored()
        } catch is DecodingError {
            throw ServiceError(.data, "\(path): found entries of another form, expected those of this version")
        }
        revision = Atomic(desk.lastEntry)
        state = Mutex(State(desk: desk, log: log))
    }

    /// The desk as it stands.
    var current: OperatorDesk { state.withLock { $0.desk } }

    /// What has kept a change from the disk, if anything has.
    var storageFailure: StorageError? { failure.withLock { $0 } }

    /// Seconds since 1970.
    static var now: Int64 { Int64(Date.now.timeIntervalSince1970) }

    /// Makes a change.
    ///
    /// - Parameter trace: the trace of the request that asks for it, where it is part of one.
    /// - Returns: the number of the change.
    /// - Throws: `OperatorDesk.Refusal`, or `StorageError` when it cannot be stored; the desk is then as before.
    func apply(_ change: DeskChange, by who: String, trace: TraceContext? = nil) throws -> Int64 {
        try state.withLock { state in
            var desk = state.desk
            let directives = try desk.step(change, by: who, at: Self.now).map { directive in
                guard let trace, case .record(var entry) = directive else { return directive }
                entry.trace = trace.header
                return .record(entry)
            }
            do {
                try state.log.write(directives)
            } catch let error as StorageError {
                failure.withLock { $0 = error }
                throw error
            }
            state.desk = desk
            revision.store(desk.lastEntry, ordering: .releasing)
            return desk.lastEntry
        }
    }

    /// Who changed what, oldest first.
    func audit(after number: Int64, limit: Int) throws -> [AuditEntry] {
        try state.withLock { try $0.log.audit(after: number, limit: limit) }
    }
}
