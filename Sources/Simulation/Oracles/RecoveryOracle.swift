import Federation
import Platform

/// Once nothing goes wrong any more every worker is back under a lease within a bound, and three heartbeats after the last of
/// them a round has committed, unless there is none left to do. A stranger whose last message was on its way when all healed
/// gets a lease, too; a round may wait until that has ended.
struct RecoveryOracle: Oracle {
    let promise = Promise.recovery
    /// The workers that are to come back.
    let workers: Set<String>
    let heartbeat: Duration
    /// Within this after the healing every worker is back.
    let longestAbsence: Duration
    private var book: LeaseBook
    private var healed: Instant?
    private var isFinished = false
    /// When the last worker was back.
    private(set) var complete: Instant?
    /// When the last lease of a stranger ended.
    private var strangersGone = Instant.zero
    private var missing: Set<String>
    private var hasCommitted = false
    /// Leases of processes that are gone.
    private var dead: [String: UInt64] = [:]

    init(workers: Set<String>, heartbeat: Duration, longestAbsence: Duration, longestSilence: Duration) {
        self.workers = workers
        self.heartbeat = heartbeat
        self.longestAbsence = longestAbsence
        book = LeaseBook(longestSilence: longestSilence)
        missing = workers
    }

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        book.see(observation, at: now)
        switch observation {
        case .healed:
            healed = now
            isFinished = false
            missing = workers
            complete = nil
            hasCommitted = false
        case .troubled:
            defer { healed = nil }
            return conclude(at: now)
        case .noted(let note):
            if "\(note.message)" == LeaseBook.lost, note.fields["worker"].map({ !workers.contains($0) }) ?? false {
                strangersGone = now
            }
        case .workerEnded(let name): dead[name] = book.leases[name]?.epoch
        case .arrived(let envelope, _):
            // One instant may bring an old lease's last message and a registration of whoever comes after it.
            guard let healed, let lease = book.leases[envelope.sender], lease.heard == now,
                lease.epoch == envelope.leaseEpoch, lease.epoch != dead[envelope.sender],
                missing.remove(envelope.sender) != nil
            else { break }
            if missing.isEmpty { complete = now }
            if now - healed > longestAbsence {
                return ["\(envelope.sender) was back only \((now - healed).seconds) s after the healing"]
            }
        case .sent(let envelope, _):
            if healed != nil, case .status(let status) = envelope.message, status.finished { isFinished = true }
        case .committed(let record, _, _):
            guard let complete, !hasCommitted else { break }
            hasCommitted = true
            let after = now - max(complete, strangersGone)
            if after > heartbeat * 3 {
                return ["round \(record.round) committed only \(after.seconds) s after the last lease came or went"]
            }
        default: break
        }
        return []
    }

    mutating func conclude(at now: Instant) -> [String] {
        guard healed != nil else { return [] }
        if !missing.isEmpty { return ["\(missing.sorted().joined(separator: ", ")) never came back"] }
        return hasCommitted || isFinished ? [] : ["no round committed after the healing"]
    }
}
