/// What was said of one alarm or incident.
package struct DeskMark: Equatable, Sendable {
    /// Who, and when (seconds since 1970).
    package struct Stamp: Codable, Equatable, Sendable {
        package var by: String
        package var at: Int64
    }

    /// What it was found to be.
    package struct Verdict: Codable, Equatable, Sendable {
        /// Which way.
        package enum Kind: String, Codable, Sendable {
            /// A fault that has a name now.
            case confirmed
            /// Nothing was wrong.
            case `false`
        }
        package var kind: Kind
        /// The fault, where it is one.
        package var fault: String?
        package var by: String
        package var at: Int64
        /// Of an incident that was called false: its alarms at that time, at most ``OperatorDesk/Limits/falseAlarms``.
        package var alarms: [String]?
        /// Which worker heeds what was called false, and since when; `nil`: none has said so.
        package var learned: Stamp?
    }

    /// A note.
    package struct Note: Codable, Equatable, Sendable {
        package var text: String
        package var by: String
        package var at: Int64
    }

    /// What this is about.
    package let subject: OperatorDesk.Subject
    /// Who has taken it on.
    package var acknowledged: Stamp?
    /// What it was.
    package var verdict: Verdict?
    /// Notes, the oldest first.
    package var notes: [Note] = []
    /// When something was said last.
    package var changed: Int64 = 0

    init(subject: OperatorDesk.Subject) { self.subject = subject }

    /// Whether nothing is said.
    var isEmpty: Bool { acknowledged == nil && verdict == nil && notes.isEmpty }
    /// Names its piece of the state.
    var key: String { subject.key }
}

extension OperatorDesk.Subject {
    /// `alarm ID` or `incident ID`.
    package var key: String {
        switch self {
        case .alarm(let id): "alarm \(id)"
        case .incident(let id): "incident \(id)"
        }
    }
}

extension DeskMark: Codable {
    private enum CodingKeys: String, CodingKey { case alarm, incident, acknowledged, verdict, notes, changed }

    /// Reads a mark.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let alarm = try container.decodeIfPresent(String.self, forKey: .alarm) {
            subject = .alarm(alarm)
        } else {
            subject = .incident(try container.decode(String.self, forKey: .incident))
        }
        acknowledged = try container.decodeIfPresent(Stamp.self, forKey: .acknowledged)
        verdict = try container.decodeIfPresent(Verdict.self, forKey: .verdict)
        notes = try container.decode([Note].self, forKey: .notes)
        changed = try container.decode(Int64.self, forKey: .changed)
    }

    /// Writes it.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch subject {
        case .alarm(let id): try container.encode(id, forKey: .alarm)
        case .incident(let id): try container.encode(id, forKey: .incident)
        }
        try container.encodeIfPresent(acknowledged, forKey: .acknowledged)
        try container.encodeIfPresent(verdict, forKey: .verdict)
        try container.encode(notes, forKey: .notes)
        try container.encode(changed, forKey: .changed)
    }
}

/// Alarms that are not sent on for a while.
package struct Silence: Codable, Equatable, Sendable {
    /// What somebody asks for.
    package struct Wish: Equatable, Sendable {
        package var matcher: AlarmMatcher
        package var from: Int64
        package var until: Int64
        package var comment: String?

        /// A wish with every field given.
        package init(matcher: AlarmMatcher, from: Int64, until: Int64, comment: String?) {
            self.matcher = matcher
            self.from = from
            self.until = until
            self.comment = comment
        }
    }

    /// Its number: that of the change that made it.
    package let id: Int64
    /// Which alarms.
    package let matcher: AlarmMatcher
    /// From when, in seconds since 1970.
    package let from: Int64
    /// Until when; that moment is not in it.
    package var until: Int64
    /// Who asked for it.
    package let by: String
    /// Why.
    package var comment: String?
    /// Who said last that it ends at another time than was asked for; absent: nobody did.
    package var changedBy: String?

    /// Whether it holds at a time.
    package func isActive(at now: Int64) -> Bool { from <= now && now < until }
}

/// What helps with a known fault, for whoever sees it next.
package struct FaultHint: Codable, Equatable, Sendable {
    package let fault: String
    package let text: String
    package let by: String
    package let at: Int64
}

/// A piece of the desk's state that is kept by itself.
package enum DeskPiece: Equatable, Sendable {
    case mark(DeskMark)
    case silence(Silence)
    case hint(FaultHint)

    /// Names it among all pieces.
    package var key: String {
        switch self {
        case .mark(let mark): mark.key
        case .silence(let silence): "silence \(silence.id)"
        case .hint(let hint): "hint \(hint.fault)"
        }
    }
}

extension DeskPiece: Codable {
    private enum CodingKeys: String, CodingKey { case mark, silence, hint }

    /// Reads a piece.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let mark = try container.decodeIfPresent(DeskMark.self, forKey: .mark) {
            self = .mark(mark)
        } else if let silence = try container.decodeIfPresent(Silence.self, forKey: .silence) {
            self = .silence(silence)
        } else {
            self = .hint(try container.decode(FaultHint.self, forKey: .hint))
        }
    }

    /// Writes it.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .mark(let mark): try container.encode(mark, forKey: .mark)
        case .silence(let silence): try container.encode(silence, forKey: .silence)
        case .hint(let hint): try container.encode(hint, forKey: .hint)
        }
    }
}
