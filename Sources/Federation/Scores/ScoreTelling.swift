import Platform

/// What a worker has to say of its entities' scores, and when: each time the largest since the last, at most every ten
/// seconds, some hundred entities a message. What is lost on the way is not said again.
struct ScoreTelling: Sendable {
    /// Time between two tellings.
    static let interval: Duration = .seconds(10)

    /// By entity, what is new since the last telling.
    private var news: [String: ScoreNews] = [:]
    /// Messages of this telling, the next one last.
    private var waiting: [ScoreReport] = []
    private var nextAt = Instant.zero
    /// Since when there is news.
    private var since: Instant?
    /// Whether something was said under the present lease.
    private var hasTold = false
    /// Whether the server is of a build that does not take scores.
    private var isUnknown = false

    /// Adds what was scored. What nobody took for long says nothing of the latest rows any more: it goes.
    mutating func add(_ more: [ScoreNews], at now: Instant) {
        if let since, now - since > Self.interval * 2 { (news, self.since) = ([:], nil) }
        if since == nil, !more.isEmpty { since = now }
        for one in more {
            let key = one.line.entity
            guard var known = news[key] else {
                if news.count < WireLimits.entities { news[key] = one }
                continue
            }
            guard known.groups == one.groups, known.type == one.type else {
                news[key] = one
                continue
            }
            known.line.merge(one.line)
            news[key] = known
        }
    }

    /// The server has let the worker in: it may be of another build than before.
    mutating func registered() {
        (hasTold, isUnknown) = (false, false)
        waiting = []
    }

    /// The server does not know a type of message. Returns whether that was this one, which is not sent again under the
    /// present lease.
    mutating func refused() -> Bool {
        guard hasTold else { return false }
        let isNews = !isUnknown
        isUnknown = true
        waiting = []
        return isNews
    }

    /// Whether that can only be what it said, to whoever it said it.
    var mayBeUnknown: Bool { hasTold || isUnknown }

    /// The next message; `nil` where none is due.
    ///
    /// - Parameter served: the entities that the server gave the worker.
    mutating func next(served: () -> [String], at now: Instant) -> ScoreReport? {
        guard !isUnknown else { return nil }
        if waiting.isEmpty, !news.isEmpty, now >= nextAt {
            nextAt = now + Self.interval
            waiting = reports(of: Set(served()))
            (news, since) = ([:], nil)
        }
        guard let report = waiting.popLast() else { return nil }
        hasTold = true
        return report
    }

    private struct Kind: Hashable {
        var type: String
        var groups: [String]
    }

    private func reports(of served: Set<String>) -> [ScoreReport] {
        var kinds: [Kind: [ScoreReport.Line]] = [:]
        for (entity, one) in news where served.contains(entity) {
            kinds[Kind(type: one.type, groups: one.groups), default: []].append(one.line)
        }
        let sorted = kinds.sorted { ($0.key.type, $0.key.groups.joined()) < ($1.key.type, $1.key.groups.joined()) }
        var reports: [ScoreReport] = []
        for (kind, unsorted) in sorted {
            let lines = unsorted.sorted { $0.entity < $1.entity }
            for start in stride(from: 0, to: lines.count, by: ScoreReport.mostLines) {
                let end = min(lines.count, start + ScoreReport.mostLines)
                reports.append(ScoreReport(type: kind.type, groups: kind.groups, lines: Array(lines[start..<end])))
            }
        }
        return reports.reversed()
    }
}
