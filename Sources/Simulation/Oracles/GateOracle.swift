import Federation
import Platform

/// What is no good changes nothing, and the log names whoever sent it.
struct GateOracle: Oracle {
    let promise = Promise.gate
    private var spoilt: [[UInt8]: String] = [:]
    private var refused: Set<String> = []
    private var named: Set<String> = []

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        switch observation {
        case .spoilt(let digest, let worker): spoilt[digest] = worker
        case .sent(let envelope, _):
            guard case .contributionReceipt(let receipt) = envelope.message, let worker = spoilt[receipt.digest] else {
                break
            }
            if receipt.outcome == .rejected { refused.insert(worker) }
        case .noted(let note):
            guard note.level == .warning || note.level == .error else { break }
            if let worker = note.fields["worker"] { named.insert(worker) }
        case .committed(let record, let model, _):
            var found = record.contributions.compactMap { spoilt[$0.digest] }.map {
                "round \(record.round) counts a spoilt contribution of \($0)"
            }
            if let model, let made = try? FederatedModel(decoding: model),
                !made.groups.allSatisfy({ $0.parameters.allSatisfy(\.isFinite) })
            {
                found.append("version \(record.version) has a parameter that is no number")
            }
            return found
        default: break
        }
        return []
    }

    mutating func conclude(at now: Instant) -> [String] {
        refused.subtracting(named).sorted().map { "a contribution of \($0) was refused and the log does not say so" }
    }
}
