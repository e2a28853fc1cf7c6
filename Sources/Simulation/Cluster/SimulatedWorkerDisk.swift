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
        .alarmsSpooled(spool: place.folder.spool, latest: place.folder.latest, delivered: place.folder.delivered)
    }

    func alarms(after number: UInt64, limit: Int) throws -> AlarmBatch {
        let numbers = place.folder.waiting.keys.filter { $0 > number }.sorted().prefix(limit)
        let batch = AlarmBatch(
            spool: place.folder.spool, first: numbers.first ?? number + 1,
            alarms: numbers.compactMap { place.folder.waiting[$0] })
        if place.cluster.variant == .forgetsWhatItSent, let last = numbers.last { try forgetAlarms(upTo: last) }
        return batch
    }

    func forgetAlarms(upTo number: UInt64) throws {
        try faults.write([
            { [place] in
                place.folder.waiting = place.folder.waiting.filter { $0.key > number }
                place.folder.delivered = max(place.folder.delivered, number)
                place.cluster.observe(.forgot(worker: place.name, spool: place.folder.spool, upTo: number))
            }
        ])
    }

    /// Alarms of the streams; durable when it returns.
    func spool(_ alarms: [[UInt8]]) throws {
        try faults.write([
            { [place] in
                for alarm in alarms {
                    place.folder.latest += 1
                    place.folder.waiting[place.folder.latest] = alarm
                    place.cluster.observe(
                        .spooled(
                            worker: place.name, spool: place.folder.spool, number: place.folder.latest, bytes: alarm))
                }
            }
        ])
    }
}
