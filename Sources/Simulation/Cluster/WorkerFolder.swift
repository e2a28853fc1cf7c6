import Federation
import Platform

/// What is in a worker's folder: a value, so that an older state is a copy of it.
struct WorkerFolder {
    var memory = WorkerMemory()
    var model: [UInt8] = []
    /// Names the spool.
    var spool: UInt64
    /// Number of the last alarm ever spooled.
    var latest: UInt64 = 0
    /// Every alarm up to this number is safe with the server.
    var delivered: UInt64 = 0
    /// Alarms that wait, by number.
    var waiting: [UInt64: [UInt8]] = [:]

    init(spool: UInt64) { self.spool = spool }

    /// A process that starts gives the spool another name and numbers what waits from 1: an older folder, or a copy of one,
    /// cannot speak for numbers that others had.
    mutating func renameSpool(_ name: UInt64) {
        let alarms = waiting.sorted { $0.key < $1.key }.map(\.value)
        (spool, latest, delivered) = (name, UInt64(alarms.count), 0)
        waiting = [:]
        for (number, alarm) in zip(UInt64(1)..., alarms) { waiting[number] = alarm }
    }

    /// What a worker that starts on it holds: nothing where memory and model are not of one write.
    func recover() -> (memory: WorkerMemory, model: FederatedModel?) {
        guard memory.version > 0 else { return (memory, nil) }
        guard SHA256.digest(model) == memory.digest, let decoded = try? FederatedModel(decoding: model) else {
            return (WorkerMemory(), nil)
        }
        return (memory, decoded)
    }
}
