import Platform

/// What workers say of their entities' scores.
extension ServerRoundMachine {
    /// Hands on what is said of entities that the worker may serve now; the rest is left out. One that has just given up an
    /// entity may say something of it in good faith, so that only the role is a claim.
    mutating func take(
        _ report: ScoreReport, _ envelope: Envelope, from member: Member, _ directives: inout [ServerDirective]
    ) {
        guard member.principal?.grant.allows(.watch) ?? true else {
            return refuseClaim("role", "role: found scores", of: member.principal, &directives)
        }
        guard envelope.sequence > member.lastScores else { return }
        members[envelope.sender]?.lastScores = envelope.sequence
        let domain = member.registration.domain
        guard let owners = domains[domain]?.owners else { return }
        var report = report
        let said = report.lines.count
        report.lines.removeAll { owners[$0.entity] != envelope.sender }
        if report.lines.count < said {
            unusable["scores of entities that their sender does not serve", default: 0] += said - report.lines.count
        }
        guard !report.lines.isEmpty else { return }
        directives.append(.takeScores(report, worker: envelope.sender, domain: domain))
    }
}
