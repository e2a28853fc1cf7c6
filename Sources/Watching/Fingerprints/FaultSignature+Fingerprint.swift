import Telemetry

extension FaultSignature {
    /// The signature of a fingerprint.
    package init(_ fingerprint: Fingerprint) {
        var metrics: [String: Share] = [:]
        var resources: [String: Share] = [:]
        var sidedness = 0.0
        for part in fingerprint.parts {
            let share = Share(part.share, balance: part.balance)
            let resource = MetricGroup(name: part.group).resource
            metrics[part.metric] = metrics[part.metric].map { $0 + share } ?? share
            resources[resource] = resources[resource].map { $0 + share } ?? share
            sidedness += part.share * abs(part.balance)
        }
        self.init(
            metrics: metrics, resources: resources, aspects: fingerprint.aspects, rhythm: fingerprint.rhythm,
            sidedness: min(sidedness, 1))
    }
}
