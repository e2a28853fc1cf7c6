/// A change that an operator asks for.
package enum DeskChange: Equatable, Sendable {
    case acknowledge(OperatorDesk.Subject)
    case unacknowledge(OperatorDesk.Subject)
    case note(OperatorDesk.Subject, text: String)
    /// It was this fault.
    case confirm(OperatorDesk.Subject, fault: String)
    /// Nothing was wrong; of an incident with its alarms.
    case markFalse(OperatorDesk.Subject, alarms: [String] = [])
    /// The worker that serves the entity heeds that nothing was wrong: no operator says so.
    case learned(OperatorDesk.Subject)
    /// Takes back whichever of the two was said.
    case unjudge(OperatorDesk.Subject)
    case silence(Silence.Wish)
    case changeSilence(id: Int64, until: Int64, comment: String?)
    case endSilence(id: Int64)
    /// What helps with a fault.
    case hint(fault: String, text: String)
    case forgetHint(fault: String)
}

/// Who changed what, and when.
package struct AuditEntry: Codable, Equatable, Sendable {
    /// 1, 2, … without gaps.
    package var number: Int64
    /// Seconds since 1970.
    package var at: Int64
    /// Who: `local`, or the name of what let him in.
    package var by: String
    /// `acknowledge`, `note`, `silence` and so on.
    package var operation: String
    /// The alarm that it is about, if it is about one.
    package var alarm: String?
    /// The incident, likewise.
    package var incident: String?
    /// The fault, likewise.
    package var fault: String?
    /// The silence, likewise.
    package var silence: Int64?
    /// Which alarms it keeps quiet.
    package var matcher: AlarmMatcher?
    /// Until when, in seconds since 1970.
    package var until: Int64?
    /// What was written.
    package var text: String?
    /// The trace of the request that brought it (`traceparent`), where it was part of one.
    package var trace: String?

    init(number: Int64, at: Int64, by: String, change: DeskChange) {
        self.number = number
        self.at = at
        self.by = by
        operation = ""
        switch change {
        case .acknowledge(let subject): set("acknowledge", subject)
        case .unacknowledge(let subject): set("unacknowledge", subject)
        case .note(let subject, let text):
            set("note", subject)
            self.text = text
        case .confirm(let subject, let fault):
            set("confirm", subject)
            self.fault = fault
        case .markFalse(let subject, _): set("false", subject)
        case .learned(let subject): set("learned", subject)
        case .unjudge(let subject): set("unjudge", subject)
        case .silence(let wish):
            (operation, silence, matcher, until, text) = ("silence", number, wish.matcher, wish.until, wish.comment)
        case .changeSilence(let id, let until, let comment):
            (operation, silence, self.until, text) = ("change-silence", id, until, comment)
        case .endSilence(let id): (operation, silence) = ("unsilence", id)
        case .hint(let fault, let text): (operation, self.fault, self.text) = ("hint", fault, text)
        case .forgetHint(let fault): (operation, self.fault) = ("forget-hint", fault)
        }
    }

    private mutating func set(_ operation: String, _ subject: OperatorDesk.Subject) {
        self.operation = operation
        switch subject {
        case .alarm(let id): alarm = id
        case .incident(let id): incident = id
        }
    }
}
