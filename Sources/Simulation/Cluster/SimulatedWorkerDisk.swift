import Federation
import Platform

/// A worker's disk in the simulation.
///
/// Unchecked: a cluster lives on one thread.
final class SimulatedWorkerDisk: WorkerDisk, @unchecked Sendable {
    private unowned let place: WorkerPlace
    private let faults: DiskFaults

    init(_ place: WorkerPlace, faults: DiskFaults) {
        self.place = place
        self.faults = faults
    }

    func keep(_ memory: WorkerMemory, model: [UInt8]?) throws {
        // Two files, each replaced as a whole.
        try faults.write([
            { [place] in if let model { place.folder.model = model } },
            { [place] in
                place.folder.memory = memory
                if let model {
                    place.cluster.observe(.adopted(worker: place.name, version: memory.version, model: model))
                }
            },
        ])
    }

    func spooled() throws -> WorkerEvent {
        .alarmsSpooled(
            spool: place.folder.spool, oldest: place.folder.oldest, latest: place.folder.latest,
            delivered: place.folder.delivered, earlier: place.folder.earlier)
    }

    func alarms(after number: UInt64, limit: Int) throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        while found.count < limit, let alarm = place.folder.alarms[number + UInt64(found.count) + 1] {
            found.append(alarm)
        }
        if place.cluster.variant == .forgetsWhatItSent, !found.isEmpty {
            try decideAlarms(upTo: number + UInt64(found.count))
        }
        return found
    }

    func decideAlarms(upTo number: UInt64) throws {
        try faults.write([
            { [place] in
                place.folder.decide(upTo: number)
                place.cluster.observe(.forgot(worker: place.name, spool: place.folder.spool, upTo: number))
            }
        ])
    }

    func refuseAlarms(_ refused: [AlarmReceipt.Refused]) throws {
        try faults.write([
            { [place] in
                place.cluster.observe(
                    .refused(worker: place.name, spool: place.folder.spool, numbers: refused.map(\.number)))
            }
        ])
    }

    func rewindAlarms(to number: UInt64) throws {
        place.cluster.observe(.rewound(worker: place.name, to: number))
        try faults.write([{ [place] in place.folder.delivered = min(place.folder.delivered, number) }])
    }

    func keepSpoolName() throws {
        guard !place.folder.isKnown else { return }
        try faults.write([{ [place] in place.folder.isKnown = true }])
    }

    /// Alarms of the streams; durable when it returns.
    func spool(_ alarms: [[UInt8]]) throws {
        try faults.write([
            { [place] in
                for alarm in alarms {
                    place.folder.latest += 1
                    place.folder.alarms[place.folder.latest] = alarm
                    place.cluster.observe(
                        .spooled(
                            worker: place.name, spool: place.folder.spool, number: place.folder.latest, bytes: alarm))
                }
            }
        ])
    }
}
