import Federation
import Placement
import Platform

/// A server's disk in the simulation.
///
/// Unchecked: a cluster lives on one thread.
final class SimulatedServerDisk: ServerDisk, @unchecked Sendable {
    private unowned let place: ServerPlace
    private let faults: DiskFaults

    init(_ place: ServerPlace, faults: DiskFaults) {
        self.place = place
        self.faults = faults
    }

    func commit(_ commit: Commit) throws {
        var commit = commit
        place.cluster.variant?.change(&commit)
        if place.cluster.variant == .versionsNotDurable {
            // It is written a while later, if the process lives until then.
            let late = commit
            place.cluster.agenda.after(.seconds(1)) { [weak self] in
                if let self, place.process != nil { try? write(late) }
            }
        } else {
            try write(commit)
        }
    }

    private func write(_ commit: Commit) throws {
        try faults.write([
            { [place] in
                let record = commit.record
                place.open.nextRound = record.round + 1
                if let model = commit.model {
                    place.open.version = record.version
                    place.open.model = model
                    place.open.digest = commit.digest
                }
                let counted = Set(record.contributions.map(\.worker))
                let kept = (place.open.kept[record.round] ?? [:]).filter { counted.contains($0.key) }
                place.open.kept[record.round] = kept
                place.open.kept[record.round &- 3] = nil
                place.cluster.observe(.committed(record, model: commit.model, contributions: kept))
            }
        ])
    }

    func keep(_ contributions: [KeptContribution]) throws {
        if place.cluster.variant == .keepsNothing { return }
        try faults.write(
            contributions.map { kept in
                { [place] in
                    place.open.kept[kept.accepted.round, default: [:]][kept.accepted.worker] = kept.payload.array
                }
            })
    }

    func contribution(to round: UInt32, of worker: String, digest: [UInt8]) throws -> [UInt8]? {
        let kept = place.open.kept[round]?[worker]
        return kept.flatMap { SHA256.digest($0) == digest ? $0 : nil }
    }

    func recordAbandoned(_ record: RoundRecord) throws {
        try faults.write([{ [place] in place.cluster.observe(.abandoned(record)) }])
    }

    func record(_ workers: [WorkerView]) throws {
        try faults.write([
            { [place] in
                for view in workers {
                    place.open.workers[view.name] = view.state.rawValue
                }
            }
        ])
    }

    func claims(_ alarms: [[UInt8]]) -> [AlarmClaim?] {
        alarms.map { bytes in
            guard let alarm = ToyAlarm(event: bytes) else { return nil }
            // A server that does not know an alarm again gives it another name each time.
            let name =
                place.cluster.variant == .repeatsAlarms ? "\(alarm.name) \(place.cluster.generator.next())" : alarm.name
            return AlarmClaim(id: name, revision: alarm.revision, entity: alarm.entity)
        }
    }

    func store(_ alarms: AlarmStore) throws {
        if place.cluster.variant == .losesRefusedAlarms, faults.refuses { return }
        try faults.write([{ [place] in place.log(alarms) }])
    }

    func keep(_ profile: MeasuredProfile) throws { try faults.write([]) }
    func publish(_ model: FederatedModel, version: UInt64) throws { try faults.write([]) }

    func check() throws {
        if place.isFolderGone {
            throw StorageError(.missing, operation: "find", path: "folder", found: "nothing")
        }
    }
}
