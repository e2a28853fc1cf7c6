import Federation
import Foundation
import Platform
import Watching

/// A worker's streams behind the node: a thread of its own scores them, its alarms go to the spool before anybody hears
/// of them, and the node hears that they are there. Another version, or other entities, begin anew on a new thread.
final class LiveWatcher: Watcher {
    private let scoring: LiveScoring
    private let settings: WorkerSettings
    private let spool: SharedSpool
    private let progress: WatchProgress
    private let log: Logger
    private let calledFalse = FalseAlarmBoard()
    private var running: (thread: BackgroundThread, version: UInt64, entities: [String], falseAlarms: Double)?

    init(
        _ scoring: LiveScoring, settings: WorkerSettings, spool: SharedSpool, progress: WatchProgress, log: Logger
    ) {
        self.scoring = scoring
        self.settings = settings
        self.spool = spool
        self.progress = progress
        self.log = log
    }

    func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?) {
        var settings = settings
        settings.falseAlarmsPerDay = falseAlarmsPerDay ?? settings.falseAlarmsPerDay
        let falseAlarms = settings.falseAlarmsPerDay
        if let running {
            guard running.version != version || running.entities != entities || running.falseAlarms != falseAlarms
            else { return }
            running.thread.cancel()
        }
        // One at a time: a fit that is no longer wanted ends before the next begins, and nobody shares its folder.
        let predecessor = running?.thread
        let (scoring, told, spool, progress, log) = (scoring, settings, spool, progress, log)
        let calledFalse = calledFalse
        let thread = BackgroundThread(name: "scoring") { isCancelled in
            predecessor?.join()
            if isCancelled() { return }
            do {
                try scoring.run(
                    model: model, version: version, entities: entities, settings: told,
                    falseAlarms: calledFalse, log: log, isCancelled: isCancelled,
                    told: { progress.inbox.put(.scores($0)) }
                ) { events, scored, ended in
                    try spool.put(events, log)
                    progress.figures.note(events)
                    if !events.isEmpty { progress.inbox.put(.spooled) }
                    progress.put(files: scored, ended: ended)
                }
            } catch {
                guard !isCancelled() else { return }
                log.error("scoring failed", ["reason": "\(error)"])
                // What the disk refuses has its own exit status: alarms go on when there is space again.
                progress.inbox.put(
                    .failed(
                        error as? StorageError ?? ServiceError(.data, "the streams cannot be scored: \(error)")))
            }
        }
        running = (thread, version, entities, falseAlarms)
    }

    func heed(_ notices: [FalseAlarmNotice]) { calledFalse.put(KnownFalseAlarms(notices)) }

    func stop() {
        running?.thread.cancel()
        running?.thread.join(upTo: .milliseconds(300))
    }
}
