import Federation
import Platform

/// Watches toy streams: from each entity's first row to the present one, then on as rows come, whether the server can be
/// reached or not.
final class ToyWatcher: Watcher {
    /// Rows of an entity that are read at a time.
    private static let rowsAtATime = 20
    private static let interval: Duration = .milliseconds(250)

    private unowned let place: WorkerPlace
    private let disk: SimulatedWorkerDisk
    private let inbox: Inbox<WorkerNode.Input>
    private var next: [String: Int] = [:]
    private var isWatching = false
    private var isStopped = false
    private var behindSince: Instant?
    private(set) var scored: UInt64 = 0

    init(_ place: WorkerPlace, disk: SimulatedWorkerDisk, inbox: Inbox<WorkerNode.Input>) {
        self.place = place
        self.disk = disk
        self.inbox = inbox
    }

    func watch(_ model: FederatedModel, version: UInt64, entities: [String], falseAlarmsPerDay: Double?) {
        next = Dictionary(uniqueKeysWithValues: entities.map { ($0, next[$0] ?? 0) })
        guard !isWatching else { return }
        isWatching = true
        again()
    }

    func heed(_ falseAlarms: [FalseAlarmNotice]) {}

    func stop() { isStopped = true }

    private func again() {
        place.cluster.agenda.after(Self.interval) { [weak self] in
            guard let self, !isStopped else { return }
            let mayScore = place.cluster.variant != .stopsWhenCutOff || place.node?.machine.leaseEpoch != nil
            if place.isAwake, mayScore { score() }
            if place.isAwake { judge() }
            again()
        }
    }

    /// A worker that is awake and whose disk takes alarms is never far behind its streams.
    private func judge() {
        let now = place.cluster.agenda.now
        let isBehind = next.values.contains { $0 + 6 < place.cluster.presentRow }
        if !isBehind || place.faults.refuses || now < (place.process?.pausedUntil ?? .zero) + .seconds(1) {
            behindSince = nil
        } else if let since = behindSince {
            if now - since > .seconds(2) { place.cluster.observe(.behind(worker: place.name)) }
        } else {
            behindSince = now
        }
    }

    /// A toy's rows are scored by their numbers.
    private func toyScores(_ entity: String, row: Int) -> ScoreNews {
        let level = ScoreLevel.level(of: Double(row % 7) / 4)
        return ScoreNews(
            type: "toy", groups: ["toy.a"],
            line: ScoreReport.Line(entity: entity, time: Double(row), whole: level, groups: [level]))
    }

    private func score() {
        let present = place.cluster.presentRow
        var alarms: [[UInt8]] = []
        var positions = next
        for (entity, row) in next.sorted(by: { $0.key < $1.key }) where row < present {
            let end = min(present, row + Self.rowsAtATime)
            let stream = ToyStream(entity: entity)
            alarms += stream.steps(in: row..<end, worker: place.name).map(\.event)
            positions[entity] = end
            scored += UInt64(end - row)
        }
        do {
            if !alarms.isEmpty { try disk.spool(alarms) }
        } catch {
            // Nothing is lost: the same rows are scored again when the disk takes them.
            if !(error is Crash) { inbox.put(.storeFailed("alarms", error)) }
            return
        }
        inbox.put(.scores(positions.filter { $0.value > 0 }.map(toyScores)))
        next = positions
        if !alarms.isEmpty { inbox.put(.spooled) }
        inbox.put(
            .streams(scoredSamples: scored, ended: positions.values.allSatisfy { $0 >= place.cluster.settings.rows }))
    }
}
