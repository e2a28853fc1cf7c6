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
            let name = forwarder.name + "/beats"
            var schedules = forwarder.beats.map { (beat: $0, schedule: BeatSchedule($0), before: WatchFigures?.none) }
            var wasWell = true
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
                    slot.say(trouble, of: name)
                    if (trouble == nil) != wasWell {
                        wasWell = trouble == nil
                        log.notice(
                            wasWell
                                ? "a forwarder's peer takes heartbeats again"
                                : "a forwarder's peer takes no heartbeats",
                            ["forwarder": forwarder.name, "reason": trouble ?? ""])
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
        try? view.incidents.catchUp(to: last)
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
