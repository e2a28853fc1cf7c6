import Foundation
import Platform
import Synchronization
import Telemetry

/// Where a source's samples go: through its intake into the store, one after the other.
///
/// Unchecked: every use of the intake holds the lock.
final class SourceSink: @unchecked Sendable {
    private let lock = NSLock()
    private var intake: SourceIntake
    private let site: String
    private let store: SampleStore
    private let arrival: @Sendable () -> Double
    private let report: @Sendable (DataQualityFinding) -> Void
    private let isStopped = Atomic(false)
    /// Requests that were kept and are not rows yet, with the time of their newest sample.
    private var open: [(number: Int64, newest: Double)] = []

    /// A sink of a source.
    ///
    /// - Parameters:
    ///   - arrival: the clock by which samples arrive.
    ///   - report: hears what is wrong with the watching.
    init(
        settings: SourceIntake.Settings, site: String, store: SampleStore, arrival: @escaping @Sendable () -> Double,
        report: @escaping @Sendable (DataQualityFinding) -> Void
    ) {
        intake = SourceIntake(settings)
        self.site = site
        self.store = store
        self.arrival = arrival
        self.report = report
        // Columns keep their places over a restart, and what was stored is not stored again.
        for entity in store.entities where entity.site == site {
            let last = try? store.read(entity.key, from: max(entity.firstRow, entity.nextRow - 1), limit: 1)
            let row = last.map { $0.rows.rowCount > 0 ? $0.rows[0].values : [] } ?? []
            intake.resume(entity: entity.name, columns: entity.columns, lastTime: entity.lastTime, row: row)
        }
    }

    /// Lets the intake take something, and stores the rows that it made, in portions where they are many.
    ///
    /// - Parameters:
    ///   - makesAll: whether all portions are made, unless the source ends; otherwise one is.
    ///   - begun: what the source remembers with every portion but the last.
    ///   - position: what the source remembers with the last.
    ///   - request: a kept request, and the time of its newest sample.
    /// - Throws: `StorageError`.
    func take(
        makesAll: Bool = true, begun: (source: String, bytes: [UInt8])? = nil,
        position: (source: String, bytes: [UInt8])? = nil,
        request: (number: Int64, newest: Double)? = nil, _ body: (inout SourceIntake) -> Void
    ) throws(StorageError) {
        lock.lock()
        defer { lock.unlock() }
        body(&intake)
        if let request { open.append(request) }
        do throws(StorageError) {
            while makesAll, intake.hasMore, !isStopped.load(ordering: .relaxed) {
                try store(position: begun)
                intake.makeMore(arrival: arrival())
            }
            try store(position: intake.hasMore ? begun : position)
        } catch {
            // Rows that were made are lost: requests that are not settled are read again at the next start.
            open = []
            throw error
        }
    }

    /// Samples of which no rows have been made yet, though they are to be.
    var waitingCount: Int { lock.withLock { intake.waitingCount } }

    /// Makes no more rows than those of the present portion.
    func stop() { isStopped.store(true, ordering: .relaxed) }

    private func store(position: (source: String, bytes: [UInt8])?) throws(StorageError) {
        let (rows, findings) = intake.take()
        var additions: [SampleStore.Addition] = []
        var places: [Int: Int] = [:]
        for row in rows {
            if let place = places[row.entity] {
                additions[place].rows.append(row.row)
            } else {
                let entity = intake.entities[row.entity]
                places[row.entity] = additions.count
                additions.append(
                    SampleStore.Addition(
                        site: site, entity: entity.name, type: entity.type, columns: entity.columns, rows: [row.row]))
            }
        }
        var settled: [Int64] = []
        if !open.isEmpty {
            let earliest = intake.earliestPending ?? .infinity
            settled = open.filter { $0.newest < earliest }.map(\.number)
            open.removeAll { $0.newest < earliest }
        }
        try store.append(additions, position: position, settles: settled)
        for finding in findings { report(finding) }
    }

    /// What stands to be said of the source now.
    var openFindings: [DataQualityFinding] { lock.withLock { intake.openFindings } }
}
