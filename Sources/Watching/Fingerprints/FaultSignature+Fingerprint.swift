import Telemetry

extension FaultSignature {
    /// The signature of a fingerprint.
    package init(_ fingerprint: Fingerprint) {
        var metrics: [String: Share] = [:]
        var kinds: [String: Share] = [:]
        var resources: [String: Share] = [:]
        let kindOf = MetricLexicon.builtIn.kinds(
            of: fingerprint.parts.map(\.metric), groups: fingerprint.parts.map(\.group))
        var sidedness = 0.0
        for (part, kind) in zip(fingerprint.parts, kindOf) {
            let share = Share(part.share, balance: part.balance)
            let resource = MetricGroup(name: part.group).resource
            let strain = Share(part.share, balance: kind.isReversed ? -part.balance : part.balance)
            kinds[kind.name] = kinds[kind.name].map { $0 + strain } ?? strain
            metrics[part.metric] = metrics[part.metric].map { $0 + share } ?? share
            resources[resource] = resources[resource].map { $0 + share } ?? share
            sidedness += part.share * abs(part.balance)
        }
        self.init(
            metrics: metrics, kinds: kinds, resources: resources, aspects: fingerprint.aspects,
            rhythm: fingerprint.rhythm, sidedness: min(sidedness, 1))
    }
}
