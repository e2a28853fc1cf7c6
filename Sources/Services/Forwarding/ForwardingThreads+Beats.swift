import Foundation
import Glibc
import Platform
import Watching

extension ForwardingThreads {
    /// Sends what a forwarder's peer is to hear at intervals, on a thread of its own: no alarm waits for it, and nothing of it
    /// is kept.
    func beginBeats(_ slot: ForwarderSlot) {
        let forwarder = slot.forwarder
        guard !forwarder.beats.isEmpty else { return }
        let thread = BackgroundThread(name: "beats") { [self] isCancelled in
            let clock = MonotonicClock()
            var schedules = forwarder.beats.map {
                (beat: $0, schedule: BeatSchedule($0), before: WatchFigures?.none, wasWell: true)
            }
            while !isCancelled() {
                for index in schedules.indices {
                    let date = Date.now.timeIntervalSince1970
                    guard let number = schedules[index].schedule.due(at: clock.now, date: date) else { continue }
                    let beat = schedules[index].beat
                    let figures = figures(withAlarms: beat.kind == .measurement)
                    let outcome = forwarder.send(
                        beat, number: number, figures, before: schedules[index].before)
                    schedules[index].before = figures
                    let trouble = outcome.reason
                    slot.say(trouble, of: "\(forwarder.name)/\(beat.kind.rawValue)")
                    if (trouble == nil) != schedules[index].wasWell {
                        schedules[index].wasWell = trouble == nil
                        log.notice(
                            trouble == nil
                                ? "a forwarder's peer takes what comes at intervals again"
                                : "a forwarder's peer does not take what comes at intervals",
                            ["forwarder": forwarder.name, "what": beat.kind.rawValue, "reason": trouble ?? ""])
                    }
                }
                usleep(100_000)
            }
        }
        slot.threads.withLock { $0.append(thread) }
    }

    /// How the watching goes.
    ///
    /// - Parameter withAlarms: whether the alarms that stand are counted too, which reads the log.
    private func figures(withAlarms: Bool) -> WatchFigures {
        let state = board.current
        let last = board.lastAlarm.load(ordering: .acquiring)
        // What cannot be read again is left out of these figures; the feeds say so.
        let standing = withAlarms ? (try? standing.current(upTo: last) { _ in true }) ?? [] : []
        if withAlarms { try? view.incidents.catchUp(to: last) }
        return WatchFigures(
            federation: federation, modelVersion: state.version, alarmEvents: last,
            openIncidents: view.incidents.openCount, findings: view.incidents.findings.count,
            waitingFor: state.waitingFor, sites: Self.sites(state.workers.values, version: state.version),
            standing: standing)
    }

    private static func sites(_ workers: some Collection<WorkerEntry>, version: UInt64) -> [WatchFigures.Site] {
        Dictionary(grouping: workers, by: \.site).map { name, workers in
            var site = WatchFigures.Site(name: name)
            let active = workers.filter { $0.state == "active" }
            site.activeWorkers = active.count
            site.lostWorkers = workers.count { $0.state == "lost" }
            site.entities = Set(active.flatMap(\.entities)).count
            site.scoredSamples = active.reduce(0) { $0 &+ $1.scoredSamples }
            site.modelLag = active.map { version > $0.version ? version - $0.version : 0 }.max() ?? 0
            site.roundTripSeconds = active.compactMap(\.roundTripSeconds).max()
            return site
        }
    }
}
