import Federation
import Foundation
import Platform
import Synchronization
import Watching

/// A worker's live entities behind the node: they are watched from the start, with what can be learned here, and with the
/// federation's version as soon as there is one.
final class LiveEntityWatcher: Watcher {
    private let watch: LiveWatch
    private let thread: BackgroundThread

    /// Begins to watch.
    init(_ watch: LiveWatch, spool: SharedSpool, progress: WatchProgress, log: Logger) {
        self.watch = watch
        thread = BackgroundThread(name: "watching") { isCancelled in
            do {
                try watch.run(isCancelled: isCancelled, told: { progress.inbox.put(.scores($0)) }) { events, scored in
                    try spool.put(events, log)
                    progress.figures.note(events)
                    if !events.isEmpty { progress.inbox.put(.spooled) }
                    progress.put(live: scored)
                }
            } catch {
                guard !isCancelled() else { return }
                log.error("watching failed", ["reason": "\(error)"])
                progress.inbox.put(
                    .failed(error as? StorageError ?? ServiceError(.data, "the entities cannot be watched: \(error)")))
            }
        }
    }

    func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?) {
        watch.adopt(model, version: version, entities: entities, falseAlarmsPerDay: falseAlarmsPerDay)
    }

    func heed(_ falseAlarms: [FalseAlarmNotice]) { watch.heed(KnownFalseAlarms(falseAlarms)) }

    func stop() {
        thread.cancel()
        thread.join(upTo: .milliseconds(500))
    }
}

/// Several watchers as one.
final class JointWatcher: Watcher {
    private let watchers: [any Watcher]

    init(_ watchers: [any Watcher]) { self.watchers = watchers }

    func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?) {
        for watcher in watchers {
            watcher.watch(model, version: version, entities: entities, falseAlarmsPerDay: falseAlarmsPerDay)
        }
    }

    func heed(_ falseAlarms: [FalseAlarmNotice]) { for watcher in watchers { watcher.heed(falseAlarms) } }

    func stop() { for watcher in watchers { watcher.stop() } }
}

/// How far all watchers of a worker have come, as the node hears it: streams of live entities never end.
final class WatchProgress: Sendable {
    private struct Counts {
        var files: UInt64 = 0
        var live: UInt64 = 0
        var filesEnded = false
    }

    /// The node's.
    let inbox: Inbox<WorkerNode.Input>
    /// What is counted.
    let figures: WorkerFigures
    private let hasLive: Bool
    private let counts = Mutex<Counts>(Counts())

    init(inbox: Inbox<WorkerNode.Input>, figures: WorkerFigures, hasLive: Bool) {
        self.inbox = inbox
        self.figures = figures
        self.hasLive = hasLive
    }

    func put(files scored: UInt64, ended: Bool) { tell { ($0.files, $0.filesEnded) = (scored, ended) } }
    func put(live scored: UInt64) { tell { $0.live = scored } }

    private func tell(_ change: (inout Counts) -> Void) {
        let now = counts.withLock { counts in
            change(&counts)
            return counts
        }
        figures.update { $0.scored = (now.files, now.live) }
        inbox.put(.streams(scoredSamples: now.files + now.live, ended: now.filesEnded && !hasLive))
    }
}

extension SharedSpool {
    /// Puts events on the disk before anybody hears of them, and says them in the log.
    func put(_ events: [AlarmEvent], _ log: Logger) throws {
        guard !events.isEmpty else { return }
        try append(try events.map { try $0.encodedToTravel() })
        // What is wrong with the watching was said when it was found.
        for event in events where event.quality == nil {
            var fields = ["id": event.id, "state": event.state.rawValue, "severity": event.severity.rawValue]
            if let first = event.fingerprint.first {
                fields["group"] = first.group
                fields["metrics"] = event.fingerprint.prefix(3).map(\.metric).joined(separator: ", ")
            }
            log.info("alarm", fields)
        }
    }
}
