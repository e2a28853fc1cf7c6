import Collection
import CommandLine
import Foundation
import Platform
import Services
import Synchronization
import Telemetry

/// Begins to take samples, and waits until there are enough of some entity to say what it is.
enum LiveStart {
    /// Seconds after which fewer rows than wanted do, and how few.
    private static let patience = (seconds: 120.0, rows: 8)

    /// The live entities of the sources, from the first of them that is known well enough.
    ///
    /// - Throws: what makes going on impossible before that; later it is in `failures`.
    static func entities(
        _ arguments: Arguments, _ sources: [SourceConfiguration], site: String, rules: GroupRules,
        figures: WorkerFigures, log: Logger, stop: StopSignal, failures: FirstFailure,
        _ notification: ServiceNotification
    ) throws -> StoredEntities {
        let folder = arguments[WorkerCommand.dataFolder]
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw ServiceError(.folder, "the data folder \(folder) cannot be created")
        }
        var limits = SampleStore.Limits()
        limits.bytes = arguments[SourceOptions.storeMegabytes] << 20
        limits.ageSeconds = arguments[SourceOptions.storeDays] * 86_400
        let store = try SampleStore(path: folder + "/samples.db", limits: limits)
        if let remark = store.remark { log.warning("the sample store was mended", ["what": remark]) }
        var rule = LearningRule()
        rule.acceptSeconds = DurationText.seconds(arguments[SourceOptions.acceptAfter]) ?? rule.acceptSeconds
        let entities = try StoredEntities(store: store, rule: rule)
        try entities.start(sources, site: site, rules: rules, log: log) { failures.put($0) }
        let wanted = arguments[SourceOptions.firstRows]
        let start = ContinuousClock.now
        var told = (at: start - .seconds(60), rows: -1)
        defer { figures.waits(for: nil) }
        while !stop.isSet {
            let rows = entities.all.map { $0.nextRow - $0.firstRow }.max() ?? 0
            let waited = (ContinuousClock.now - start).seconds
            if rows >= wanted || (rows >= patience.rows && waited > patience.seconds) { break }
            let what = "the first samples of the sources: \(rows) of \(wanted) rows"
            figures.waits(for: what)
            // They are taken and kept from now on.
            notification.status("waiting for \(what)")
            notification.ready()
            notification.alive()
            if ContinuousClock.now - told.at >= (told.rows == rows ? .seconds(300) : .seconds(10)) {
                told = (.now, rows)
                log.notice(
                    "waiting for the first samples of the sources", ["rows": "\(rows)", "wanted": "\(wanted)"])
            }
            entities.wait(upTo: 0.5)
            // Where the folder is gone, nothing that comes would be kept.
            do { try store.check() } catch { failures.put(error) }
        }
        if let failure = failures.first {
            entities.stop()
            throw failure
        }
        return entities
    }
}

/// The first thing that made going on impossible: it ends the worker, whenever it comes.
final class FirstFailure: Sendable {
    private let kept = Mutex<(any Error)?>(nil)
    private let stop: StopSignal

    /// - Parameter stop: is given by a failure.
    init(ending stop: StopSignal) { self.stop = stop }

    /// What it was; `nil`: nothing.
    var first: (any Error)? { kept.withLock { $0 } }

    /// Keeps the first failure.
    func put(_ error: any Error) {
        kept.withLock { $0 = $0 ?? error }
        stop.set()
    }
}
