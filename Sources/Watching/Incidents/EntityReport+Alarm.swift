extension EntityReport {
    /// Seconds between samples where an alarm's event does not tell.
    private static let usualStep = 60.0
    /// Evidence of a metric that makes up the whole of an alarm's deviation, and of one that hardly takes part.
    private static let (leastEvidence, mostEvidence) = (2.0, 12.0)

    /// What an alarm's event says of its entity: its fingerprint as evidence, by kinds of metrics. The larger a metric's
    /// share in the deviation, the stronger the evidence.
    package init(_ event: AlarmEvent, lexicon: MetricLexicon = .builtIn) {
        let kinds = lexicon.kinds(of: event.fingerprint.map(\.metric), groups: event.fingerprint.map(\.group))
        var found: [String: Evidence] = [:]
        for (cause, kind) in zip(event.fingerprint, kinds) where cause.share > 0 {
            let size = Self.leastEvidence + (Self.mostEvidence - Self.leastEvidence) * min(cause.share, 1)
            let isStrain = (cause.deviation >= 0) != kind.isReversed
            if let known = found[kind.name], abs(known.value) >= size { continue }
            found[kind.name] = Evidence(
                kind: kind.name, role: .init(kind), value: isStrain ? size : -size, onset: event.onset.time,
                metric: cause.metric)
        }
        let rows = Double(event.at.index) - Double(event.onset.index)
        let step = rows > 0 ? (event.at.time - event.onset.time) / rows : Self.usualStep
        let stands = event.state == .raised || event.state == .changed
        self.init(
            site: event.site, entity: event.entity, time: event.at.time,
            step: step.isFinite && step > 0 ? step : Self.usualStep, news: event.state == .raised ? 1 : 0,
            activity: stands ? max(1, event.score) : 0, evidence: found.values.sorted { $0.kind < $1.kind },
            alarm: Alarm(id: event.id, isNew: event.state == .raised, stands: event.state != .cleared))
    }
}
