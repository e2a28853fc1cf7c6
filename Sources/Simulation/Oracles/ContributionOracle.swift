import Federation
import Platform

/// A round counts each worker once, and a round is committed once.
struct ContributionOracle: Oracle {
    let promise = Promise.oneContribution
    private var folder = 0
    private var committed: [Int: Set<UInt32>] = [:]
    private struct Slot: Hashable {
        var epoch: UInt64
        var round: UInt32
        var attempt: UInt32
    }
    private var accepted: [Slot: [UInt8]] = [:]

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        switch observation {
        case .serverStarted(let folder, _, _):
            self.folder = folder
            return []
        case .committed(let record, _, _):
            var found: [String] = []
            let names = record.contributions.map(\.worker)
            if Set(names).count != names.count { found.append("round \(record.round) counts \(names)") }
            if !committed[folder, default: []].insert(record.round).inserted {
                found.append("round \(record.round) was committed twice")
            }
            return found
        case .sent(let envelope, _):
            guard case .contributionReceipt(let receipt) = envelope.message, receipt.outcome == .accepted else {
                return []
            }
            let slot = Slot(epoch: envelope.leaseEpoch, round: receipt.round, attempt: receipt.attempt)
            let before = accepted.updateValue(receipt.digest, forKey: slot)
            guard let before, before != receipt.digest else { return [] }
            return ["two contributions under lease \(slot.epoch) to attempt \(slot.attempt) at round \(slot.round)"]
        default: return []
        }
    }
}
