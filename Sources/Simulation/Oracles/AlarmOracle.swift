import Federation
import Platform

/// Every alarm that a stream raised is in the server's log, once, and no other; a worker forgets only what is there, and
/// sends again only what a server lacks that was lost or restored.
struct AlarmOracle: Oracle {
    let promise = Promise.alarms
    private var folder = 0
    /// Whether the server's folder was ever another than the first.
    private var hasGoneBack = false
    /// By folder: what is in its log, and under which number.
    private var logs: [Int: (keys: Set<String>, last: Int64)] = [:]
    /// What was ever in a log, the lost ones included.
    private var everLogged: Set<String> = []
    private var raised: [String: String] = [:]
    private var spools: [UInt64: [UInt64: String]] = [:]

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        switch observation {
        case .serverStarted(let folder, _, let alarms):
            if !logs.isEmpty, logs[folder] == nil { hasGoneBack = true }
            self.folder = folder
            // A copy of an older log goes on where that one was.
            if logs[folder] == nil { logs[folder] = (alarms, Int64(alarms.count)) }
            return []
        case .spooled(let worker, let spool, let number, let bytes):
            guard let alarm = ToyAlarm(event: bytes) else { return [] }
            raised[alarm.key] = worker
            spools[spool, default: [:]][number] = alarm.key
            return []
        case .logged(let sequence, let bytes):
            guard let alarm = ToyAlarm(event: bytes) else { return ["an entry of the log is no alarm"] }
            var found: [String] = []
            var log = logs[folder] ?? ([], 0)
            if !log.keys.insert(alarm.key).inserted { found.append("\(alarm.key) is in the log twice") }
            if sequence != log.last + 1 { found.append("alarm \(sequence) follows \(log.last)") }
            log.last = sequence
            logs[folder] = log
            everLogged.insert(alarm.key)
            // What a hostile worker says of its own stream is its own affair.
            if raised[alarm.key] == nil, !alarm.entity.hasPrefix(HostilePeer.sitePrefix) {
                found.append("\(alarm.key) is in the log and no stream raised it")
            }
            return found
        case .refused(let worker, let spool, let numbers):
            // Streams of honest workers are given to them before they raise anything.
            let keys = numbers.compactMap { spools[spool]?[$0] }
            return keys.isEmpty ? [] : ["\(keys.sorted()[0]) of \(worker) was refused"]
        case .behind(let worker): return ["\(worker) has stopped scoring its streams"]
        case .forgot(let worker, let spool, let upTo):
            let gone = (spools[spool] ?? [:]).filter { $0.key <= upTo }.map(\.value)
            let lost = gone.filter { !everLogged.contains($0) }
            return lost.isEmpty ? [] : ["\(worker) forgot \(lost.sorted()[0]), which the server never had"]
        case .rewound(let worker, let number):
            return hasGoneBack
                ? [] : ["\(worker) sends again what follows \(number), and the server has lost nothing"]
        default: return []
        }
    }

    mutating func conclude(at now: Instant) -> [String] {
        // What a lost folder took with it is not asked for again.
        let missing = raised.keys.filter { !everLogged.contains($0) }.sorted()
        return missing.isEmpty ? [] : ["\(missing.count) alarms never arrived, such as \(missing[0])"]
    }
}
