import Foundation
import Platform
import Telemetry

/// Where a source's samples go: through its intake into the store, one after the other.
///
/// Unchecked: every use of the intake holds the lock.
final class SourceSink: @unchecked Sendable {
    private let lock = NSLock()
    private var intake: SourceIntake
    private let site: String
    private let store: SampleStore
    private let report: @Sendable (DataQualityFinding) -> Void
    /// Requests that were kept and are not rows yet, with the time of their newest sample.
    private var open: [(number: Int64, newest: Double)] = []

    /// A sink of a source.
    ///
    /// - Parameter report: hears what is wrong with the watching.
    init(
        settings: SourceIntake.Settings, site: String, store: SampleStore,
        report: @escaping @Sendable (DataQualityFinding) -> Void
    ) {
        intake = SourceIntake(settings)
        self.site = site
        self.store = store
        self.report = report
        // Columns keep their places over a restart, and what was stored is not stored again.
        for entity in store.entities where entity.site == site {
            intake.resume(entity: entity.name, columns: entity.columns, lastTime: entity.lastTime)
        }
    }

    /// Lets the intake take something, and stores the rows that it made.
    ///
    /// - Parameters:
    ///   - position: what the source remembers with them.
    ///   - request: a kept request, and the time of its newest sample.
    /// - Throws: `StorageError`.
    func take(
        position: (source: String, bytes: [UInt8])? = nil, request: (number: Int64, newest: Double)? = nil,
        _ body: (inout SourceIntake) -> Void
    ) throws(StorageError) {
        lock.lock()
        defer { lock.unlock() }
        body(&intake)
        if let request { open.append(request) }
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
