import Federation
import Platform

/// Each version is what its base and the contributions on the disk make, computed here in another way than the server does:
/// in another order, and once more in plain floating point.
struct ReplayOracle: Oracle {
    let promise = Promise.replay
    private var folder = 0
    private var models: [Int: FederatedModel] = [:]

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        switch observation {
        case .serverStarted(let folder, let version, _):
            self.folder = folder
            if version == 0 { models[folder] = nil }
            return []
        case .committed(let record, let model, let contributions):
            guard let model else { return [] }
            guard let made = try? FederatedModel(decoding: model) else {
                return ["version \(record.version) cannot be read back"]
            }
            defer { models[folder] = made }
            return check(record, made, contributions)
        default: return []
        }
    }

    private func check(
        _ record: RoundRecord, _ made: FederatedModel, _ contributions: [String: [UInt8]]
    ) -> [String] {
        var parts: [(worker: String, contribution: Contribution)] = []
        for entry in record.contributions.reversed() {
            guard let bytes = contributions[entry.worker], let part = try? Contribution(decoding: bytes) else {
                return ["round \(record.round): the contribution of \(entry.worker) is not on the disk"]
            }
            parts.append((entry.worker, part))
        }
        guard record.kind == .training else { return [] }
        guard let base = models[folder] else { return [] }
        let lines = record.treatment.linesByWorker
        parts = parts.map { ($0.worker, $0.contribution.treated(by: lines[$0.worker] ?? [], from: base)) }
        var found: [String] = []
        for (before, after) in zip(base.groups, made.groups) {
            let updates = parts.compactMap { part in part.contribution.groups.first { $0.name == before.name } }
            let expected = Self.mean(of: updates, otherwise: before.parameters)
            let differs = zip(expected, after.parameters).contains { abs($0 - $1) > 1e-4 * max(1, abs($0)) }
            if differs || expected.count != after.parameters.count {
                found.append("round \(record.round): \(before.name) is not the mean of what was contributed")
            }
        }
        var aggregator = FederatedAveraging().aggregateTraining(base: base)
        for part in parts { aggregator.add(part.contribution, from: part.worker) }
        if aggregator.result() != made { found.append("replaying round \(record.round) gives other bytes") }
        return found
    }

    private static func mean(of updates: [Contribution.GroupUpdate], otherwise base: [Float]) -> [Float] {
        let weight = updates.reduce(0) { $0 + Double($1.sampleCount) }
        guard weight > 0 else { return base }
        return base.indices.map { index in
            Float(updates.reduce(0) { $0 + Double($1.sampleCount) * Double($1.parameters[index]) } / weight)
        }
    }
}
