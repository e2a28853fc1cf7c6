/// What operators have said of alarms, incidents and faults, as a value: no clock, no disk. Each change gives what has to
/// be durable before anybody hears of it; ``init(restoring:lastEntry:limits:)`` takes it up again. Bounded whatever comes.
package struct OperatorDesk: Sendable {
    /// What it keeps at most.
    package struct Limits: Sendable {
        /// Alarms and incidents of which something was said; of more those go that were changed longest ago.
        package var marks = 20_000
        /// Notes of one of them, the latest.
        package var notes = 32
        /// Alarms of an incident that are called false with it, the likeliest culprit's first.
        package var falseAlarms = 256
        /// Silences, with those that are over.
        package var silences = 1_000
        /// Seconds for which a silence that is over is still shown.
        package var silenceMemory: Int64 = 7 * 86_400
        /// The longest silence, in seconds.
        package var longestSilence: Int64 = 366 * 86_400
        /// Faults with a hint.
        package var hints = 256
        /// Bytes of a note or a hint, and of a silence's comment.
        package var (noteBytes, hintBytes, commentBytes) = (2_000, 4_000, 500)

        /// The defaults.
        package init() {}
    }

    /// What is spoken of.
    package enum Subject: Hashable, Sendable {
        /// An alarm, by its identity.
        case alarm(String)
        /// An incident, by its identity.
        case incident(String)
    }

    /// Why a change is not made, in one line.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        /// Whether what it is about is not there, as against a change that nobody can make.
        package var isMissing: Bool
        /// The field, what was found, what was expected.
        package var description: String
    }

    /// What has to be durable, all of it at once.
    package enum Directive: Equatable, Sendable {
        /// A line for the audit.
        case record(AuditEntry)
        /// A piece of the state, instead of the one with the same key.
        case keep(DeskPiece)
        /// A piece that goes.
        case forget(key: String)
    }

    private let limits: Limits
    private var marks: [Subject: DeskMark] = [:]
    /// The incidents with which alarms were called false.
    private var falseIncidents: [String: Set<String>] = [:]
    private var silences: [Int64: Silence] = [:]
    private var hints: [String: FaultHint] = [:]
    /// Number of the last change.
    package private(set) var lastEntry: Int64

    /// A desk on which nothing lies.
    package init(limits: Limits = Limits()) {
        self.limits = limits
        lastEntry = 0
    }

    /// Takes up what was kept.
    ///
    /// - Parameter lastEntry: number of the last entry of the audit.
    package init(restoring pieces: [DeskPiece], lastEntry: Int64, limits: Limits = Limits()) {
        self.limits = limits
        self.lastEntry = lastEntry
        for piece in pieces {
            switch piece {
            case .mark(let mark):
                marks[mark.subject] = mark
                index(mark, isThere: true)
            case .silence(let silence): silences[silence.id] = silence
            case .hint(let hint): hints[hint.fault] = hint
            }
        }
    }

    // MARK: What lies there

    /// What was said, the latest change first.
    package func marks(limit: Int) -> [DeskMark] {
        Array(marks.values.sorted { ($0.changed, $0.key) > ($1.changed, $1.key) }.prefix(limit))
    }

    /// Of how many alarms and incidents something was said.
    package var markCount: Int { marks.count }

    /// What was said of something.
    package func mark(of subject: Subject) -> DeskMark? { marks[subject] }

    /// The silences, the latest first; some of them over.
    package var allSilences: [Silence] { silences.values.sorted { $0.id > $1.id } }

    /// Hints, by the faults' names.
    package var allHints: [FaultHint] { hints.values.sorted { $0.fault < $1.fault } }

    /// The silence that an alarm falls under, the first one; `nil` when none does.
    ///
    /// - Parameters:
    ///   - fault: the fault that the library names for it.
    ///   - now: seconds since 1970.
    package func silence(of event: AlarmEvent, fault: String?, at now: Int64) -> Silence? {
        guard !silences.isEmpty else { return nil }
        return silences.values.filter { $0.isActive(at: now) && $0.matcher.matches(event, fault: fault) }
            .min { $0.id < $1.id }
    }

    /// What an event is marked with; `nil` where nothing was said of it.
    package func handling(of event: AlarmEvent, fault: String?, at now: Int64) -> AlarmEvent.Handling? {
        let mark = marks[.alarm(event.id)]
        let silence = silence(of: event, fault: fault, at: now)
        let falsehood = falsehood(ofAlarm: event.id)
        guard mark != nil || silence != nil || falsehood != nil else { return nil }
        return AlarmEvent.Handling(
            acknowledgedBy: mark?.acknowledged?.by, isFalse: falsehood != nil ? true : nil,
            learnedAt: falsehood?.learned?.at, confirmedAs: mark?.verdict?.fault,
            notes: mark.map { $0.notes.count }.flatMap { $0 > 0 ? $0 : nil },
            silence: silence?.id)
    }

    /// The verdict by which an alarm is false, its own or that of an incident; what was said of the alarm itself counts
    /// first.
    private func falsehood(ofAlarm id: String) -> DeskMark.Verdict? {
        if let own = marks[.alarm(id)]?.verdict { return own.kind == .false ? own : nil }
        return falseIncidents[id]?.sorted().lazy.compactMap { marks[.incident($0)]?.verdict }.first
    }

    /// Alarms that were called false, each with when, in the order of that.
    package var falseAlarms: [(id: String, at: Int64)] {
        var found: [String: Int64] = [:]
        for mark in marks.values where mark.verdict?.kind == .false {
            if case .alarm(let id) = mark.subject { found[id] = mark.verdict?.at }
        }
        for id in falseIncidents.keys where found[id] == nil { found[id] = falsehood(ofAlarm: id)?.at }
        return found.map { (id: $0.key, at: $0.value) }.sorted { ($0.at, $0.id) < ($1.at, $1.id) }
    }

    /// What was called false and is heeded by now, where nobody has said so yet.
    ///
    /// - Parameters:
    ///   - heeded: alarms that workers heed, each with who does.
    ///   - possible: alarms that a worker could heed.
    package func newlyLearned(
        _ heeded: [String: String], of possible: Set<String>
    ) -> [(subject: Subject, worker: String)] {
        marks.values.filter { $0.verdict?.kind == .false && $0.verdict?.learned == nil }.compactMap { mark in
            let alarms: [String]
            switch mark.subject {
            case .alarm(let id): alarms = [id]
            case .incident: alarms = (mark.verdict?.alarms ?? []).filter { possible.contains($0) }
            }
            guard let first = alarms.first, let worker = heeded[first],
                alarms.allSatisfy({ heeded[$0] != nil })
            else { return nil }
            return (mark.subject, worker)
        }.sorted { $0.subject.key < $1.subject.key }
    }

    private mutating func index(_ mark: DeskMark, isThere: Bool) {
        guard case .incident(let incident) = mark.subject, let verdict = mark.verdict, verdict.kind == .false else {
            return
        }
        for alarm in verdict.alarms ?? [] {
            if isThere {
                falseIncidents[alarm, default: []].insert(incident)
            } else {
                falseIncidents[alarm]?.remove(incident)
                if falseIncidents[alarm]?.isEmpty ?? false { falseIncidents[alarm] = nil }
            }
        }
    }

    // MARK: Changes

    /// A change by somebody at a time (seconds since 1970); what has to be durable for it.
    package mutating func step(
        _ change: DeskChange, by who: String, at now: Int64
    ) throws(Refusal) -> [Directive] {
        var directives: [Directive] = []
        let stamp = DeskMark.Stamp(by: who, at: now)
        switch change {
        case .acknowledge(let subject): try edit(subject, now, &directives) { $0.acknowledged = stamp }
        case .unacknowledge(let subject): try edit(subject, now, &directives) { $0.acknowledged = nil }
        case .note(let subject, let text):
            try check(text, "text", most: limits.noteBytes)
            let most = limits.notes
            try edit(subject, now, &directives) { mark in
                mark.notes = (mark.notes + [.init(text: text, by: who, at: now)]).suffix(most)
            }
        case .confirm(let subject, let fault):
            try edit(subject, now, &directives) {
                $0.verdict = .init(kind: .confirmed, fault: fault, by: who, at: now)
            }
        case .markFalse(let subject, let alarms):
            let own = alarms.isEmpty ? nil : Array(alarms.prefix(limits.falseAlarms))
            try edit(subject, now, &directives) {
                $0.verdict = .init(kind: .false, fault: nil, by: who, at: now, alarms: own)
            }
        case .learned(let subject):
            guard marks[subject]?.verdict?.kind == .false else { throw missing("false \(subject.key)") }
            try edit(subject, now, &directives) { $0.verdict?.learned = stamp }
        case .unjudge(let subject): try edit(subject, now, &directives) { $0.verdict = nil }
        case .silence(let wanted): try add(wanted, by: who, at: now, &directives)
        case .changeSilence(let id, let until, let comment):
            guard var silence = silences[id] else { throw missing("silence \(id)") }
            guard until > silence.from, until - silence.from <= limits.longestSilence else {
                throw Refusal(
                    isMissing: false,
                    description: "until: expected at most \(limits.longestSilence) seconds after from, and after it")
            }
            if let comment {
                try check(comment, "comment", most: limits.commentBytes)
                silence.comment = comment
            }
            silence.until = until
            silence.changedBy = who
            silences[id] = silence
            directives.append(.keep(.silence(silence)))
        case .endSilence(let id):
            guard var silence = silences[id] else { throw missing("silence \(id)") }
            if silence.until > now { (silence.until, silence.changedBy) = (now, who) }
            silences[id] = silence
            directives.append(.keep(.silence(silence)))
        case .hint(let fault, let text):
            try check(text, "text", most: limits.hintBytes)
            guard hints[fault] != nil || hints.count < limits.hints else {
                throw Refusal(isMissing: false, description: "hints: \(limits.hints) faults have one, no more are kept")
            }
            let hint = FaultHint(fault: fault, text: text, by: who, at: now)
            hints[fault] = hint
            directives.append(.keep(.hint(hint)))
        case .forgetHint(let fault):
            guard let hint = hints.removeValue(forKey: fault) else { throw missing("hint for this fault") }
            directives.append(.forget(key: DeskPiece.hint(hint).key))
        }
        lastEntry += 1
        directives.append(.record(AuditEntry(number: lastEntry, at: now, by: who, change: change)))
        return directives
    }

    private func missing(_ what: String) -> Refusal { Refusal(isMissing: true, description: "no \(what) here") }

    private func check(_ text: String, _ field: String, most: Int) throws(Refusal) {
        guard (1...most).contains(text.utf8.count) else {
            throw Refusal(
                isMissing: false, description: "\(field): found \(text.utf8.count) bytes, expected 1 to \(most)")
        }
    }

    private mutating func edit(
        _ subject: Subject, _ now: Int64, _ directives: inout [Directive], _ body: (inout DeskMark) -> Void
    ) throws(Refusal) {
        var mark = marks[subject] ?? DeskMark(subject: subject)
        body(&mark)
        mark.changed = max(now, mark.changed)
        if let before = marks[subject] { index(before, isThere: false) }
        if marks[subject] == nil, marks.count >= limits.marks {
            // An eighth at a time, so that a full desk is not looked through for each change.
            let going = marks.values.sorted { ($0.changed, $0.key) < ($1.changed, $1.key) }
            for old in going.prefix(max(1, limits.marks / 8)) {
                marks[old.subject] = nil
                index(old, isThere: false)
                directives.append(.forget(key: DeskPiece.mark(old).key))
            }
        }
        guard !mark.isEmpty else {
            if marks.removeValue(forKey: subject) != nil { directives.append(.forget(key: DeskPiece.mark(mark).key)) }
            return
        }
        marks[subject] = mark
        index(mark, isThere: true)
        directives.append(.keep(.mark(mark)))
    }

    private mutating func add(
        _ wanted: Silence.Wish, by who: String, at now: Int64, _ directives: inout [Directive]
    ) throws(Refusal) {
        if let flaw = wanted.matcher.flaw { throw Refusal(isMissing: false, description: flaw) }
        if let comment = wanted.comment { try check(comment, "comment", most: limits.commentBytes) }
        guard wanted.until > wanted.from, wanted.until > now, wanted.until - wanted.from <= limits.longestSilence
        else {
            throw Refusal(
                isMissing: false,
                description:
                    "until: found \(wanted.until), expected a time to come, at most \(limits.longestSilence) seconds after from"
            )
        }
        for old in silences.values where old.until < now - limits.silenceMemory {
            silences[old.id] = nil
            directives.append(.forget(key: DeskPiece.silence(old).key))
        }
        if silences.count >= limits.silences,
            let oldest = silences.values.filter({ $0.until <= now }).min(by: { $0.until < $1.until })
        {
            silences[oldest.id] = nil
            directives.append(.forget(key: DeskPiece.silence(oldest).key))
        }
        guard silences.count < limits.silences else {
            throw Refusal(isMissing: false, description: "silences: \(limits.silences) are in force, no more are kept")
        }
        let silence = Silence(
            id: lastEntry + 1, matcher: wanted.matcher, from: wanted.from, until: wanted.until, by: who,
            comment: wanted.comment)
        silences[silence.id] = silence
        directives.append(.keep(.silence(silence)))
    }
}
