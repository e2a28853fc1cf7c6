import Federation
import Platform

/// What is in a worker's folder: a value, so that an older state is a copy of it.
struct WorkerFolder {
    var memory = WorkerMemory()
    var model: [UInt8] = []
    /// Names the spool.
    var spool: UInt64
    /// Whether the server knows the spool by that name.
    var isKnown = false
    /// Names that the server knew it by at earlier starts, the oldest first.
    var earlier: [EarlierSpool] = []
    /// Number of the last alarm ever spooled.
    var latest: UInt64 = 0
    /// Every alarm up to this number is safe with the server.
    var delivered: UInt64 = 0
    /// Alarms that wait, and some that are safe, by number.
    var alarms: [UInt64: [UInt8]] = [:]
    /// Alarms that are kept after they are safe.
    static let keptAlarms: UInt64 = 40

    init(spool: UInt64) { self.spool = spool }

    /// Number of the first alarm that there still is; one more than the latest when there is none.
    var oldest: UInt64 { alarms.keys.min() ?? latest + 1 }

    /// Another start: the spool takes another name.
    mutating func begin(spool new: UInt64) {
        if isKnown { earlier = (earlier + [EarlierSpool(spool: spool, latest: latest)]).suffix(8) }
        (spool, isKnown) = (new, false)
    }

    /// Alarms up to a number are safe, or refused.
    mutating func decide(upTo number: UInt64) {
        delivered = max(delivered, number)
        let gone = delivered > Self.keptAlarms ? delivered - Self.keptAlarms : 0
        alarms = alarms.filter { $0.key > gone }
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
