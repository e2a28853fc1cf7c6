import Federation
import Platform

/// No attempt at a round outlives its deadline.
struct DeadlineOracle: Oracle {
    let promise = Promise.deadlines
    private struct Attempt: Hashable {
        var start: Int
        var round: UInt32
        var attempt: UInt32
    }

    /// The longest that a plan may be handed out, by true time: the server's clock may be slow.
    let longest: Duration
    /// What storing the end may take besides.
    let storing: Duration
    private var start = 0
    private var attentiveSince = Instant.zero
    private var begun: [Attempt: Instant] = [:]
    private var open: (attempt: Attempt, since: Instant)?
    private var reported: Set<Attempt> = []

    init(longest: Duration, storing: Duration) {
        self.longest = longest
        self.storing = storing
    }

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        switch observation {
        case .serverStarted:
            start += 1
            open = nil
            attentiveSince = now
        case .serverEnded: open = nil
        case .serverAttentive: attentiveSince = now
        case .sent(let envelope, _):
            guard case .status(let status) = envelope.message else { return overdue(at: now) }
            guard let plan = status.plan else { return overdue(at: now) }
            let attempt = Attempt(start: start, round: plan.round, attempt: plan.attempt)
            let since = begun[attempt] ?? now
            begun[attempt] = since
            if open?.attempt != attempt { open = (attempt, since) }
            if now - since > longest, now - attentiveSince > .seconds(1), reported.insert(attempt).inserted {
                return [
                    "attempt \(plan.attempt) at round \(plan.round) is still wanted after \((now - since).seconds) s"
                ]
            }
        case .committed(let record, _, _), .abandoned(let record):
            if open?.attempt.round == record.round, open?.attempt.attempt == record.attempt { open = nil }
        default: break
        }
        return []
    }

    private mutating func overdue(at now: Instant) -> [String] {
        guard let open, now - open.since > longest + storing, now - attentiveSince > storing,
            reported.insert(open.attempt).inserted
        else { return [] }
        return ["attempt \(open.attempt.attempt) at round \(open.attempt.round) neither committed nor abandoned"]
    }
}
