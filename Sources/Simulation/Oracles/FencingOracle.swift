import Federation
import Platform

/// What counts came from a worker that was let in, under its present lease, from the address that got it.
struct FencingOracle: Oracle {
    let promise = Promise.fencing
    private var book: LeaseBook
    private var epochs: Set<UInt64> = []
    private var welcomed: [UInt64: UInt64] = [:]
    /// The contributions and alarms that came in under a lease while it could stand.
    private var offered: [UInt64: Set<[UInt8]>] = [:]
    private var alarms: Set<String> = []

    init(longestSilence: Duration) { book = LeaseBook(longestSilence: longestSilence) }

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        if case .arrived(let envelope, let peer) = observation { offer(envelope, from: peer, at: now) }
        book.see(observation, at: now)
        switch observation {
        case .sent(let envelope, _):
            guard case .welcome(let welcome) = envelope.message else { return [] }
            let before = welcomed.updateValue(welcome.incarnation, forKey: envelope.leaseEpoch)
            guard let before, before != welcome.incarnation else { return [] }
            return ["lease \(envelope.leaseEpoch) was given twice"]
        case .committed(let record, _, _):
            return record.contributions.compactMap { contribution in
                offered[contribution.leaseEpoch]?.contains(contribution.digest) == true
                    ? nil
                    : "round \(record.round) counts a contribution of \(contribution.worker) that never came in under "
                        + "a living lease \(contribution.leaseEpoch)"
            }
        case .logged(_, let bytes):
            guard let alarm = ToyAlarm(event: bytes) else { return [] }
            return alarms.contains(alarm.key)
                ? [] : ["\(alarm.key) is in the log and never came in under a living lease"]
        default: return []
        }
    }

    private mutating func offer(_ envelope: Envelope, from peer: [UInt8], at now: Instant) {
        guard let lease = book.leases[envelope.sender], lease.epoch == envelope.leaseEpoch, lease.peer == peer,
            book.mayHold(envelope.sender, at: now)
        else { return }
        switch envelope.message {
        case .contributionPiece(let piece): offered[lease.epoch, default: []].insert(piece.digest)
        case .alarmBatch(let batch): alarms.formUnion(batch.alarms.compactMap { ToyAlarm(event: $0)?.key })
        default: return
        }
    }
}
