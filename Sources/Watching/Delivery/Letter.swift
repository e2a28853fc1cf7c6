package import Platform

/// An event of the log on its way to a forwarder.
package struct Letter: Equatable, Sendable {
    /// Its number in the log.
    package let sequence: Int64
    /// The event, as it is shown.
    package let event: AlarmEvent
    /// Whether a silence lies over its alarm.
    package let isSilenced: Bool
    /// What an operator said of the alarm, where the letter is of that; its number is then that of the audit.
    package let operation: AuditEntry?

    /// Where the event raises an alarm that joins an incident: the other alarms of it that the peer was told of before,
    /// oldest first.
    package let others: [Other]

    /// Another alarm of the same incident.
    package struct Other: Equatable, Sendable {
        /// An event of it.
        package let event: AlarmEvent
        /// That event's number in the log.
        package let sequence: Int64

        /// An alarm with both given.
        package init(event: AlarmEvent, sequence: Int64) {
            self.event = event
            self.sequence = sequence
        }
    }

    /// A letter with every field given.
    package init(
        sequence: Int64, event: AlarmEvent, isSilenced: Bool, operation: AuditEntry? = nil, others: [Other] = []
    ) {
        self.sequence = sequence
        self.event = event
        self.isSilenced = isSilenced
        self.operation = operation
        self.others = others
    }

    /// The trace that its deliveries belong to: that of the request by which an operator said something, else one of the event's
    /// own, the same for all forwarders and tries.
    package var trace: TraceContext {
        guard let operation else { return event.trace }
        return operation.trace.flatMap(TraceContext.init(parsing:))
            ?? TraceContext(naming: "\(event.federation ?? "")\noperation \(operation.number)")
    }
}

extension AlarmEvent {
    /// The trace of what is told of it, by its number in its federation's log.
    package var trace: TraceContext { TraceContext(naming: "\(federation ?? "")\nevent \(sequence ?? 0)") }
}

/// What a forwarder's peer makes of letters.
package enum DeliveryOutcome: Equatable, Sendable {
    /// It has them.
    case taken
    /// It will never take them, with its reason: sending them again changes nothing.
    case refused(String)
    /// It did not take them now; where it says so, with the time for which it is not to be asked again.
    case failed(String, after: Duration? = nil)

    /// What the peer has against them; `nil` where it has them.
    package var reason: String? {
        switch self {
        case .taken: nil
        case .refused(let reason), .failed(let reason, _): reason
        }
    }
}

/// What a forwarder has done, as it has to be durable before the next is sent.
package struct DeliveryRecord: Equatable, Sendable {
    /// A letter that was refused.
    package struct DeadLetter: Equatable, Sendable {
        package var sequence: Int64
        package var reason: String
    }

    /// Everything in the log up to this number is dealt with.
    package var position: Int64
    /// Letters that went, in all.
    package var sent: Int64
    /// Alarms that the peer knows of and that stand, with the number of the event that said so last.
    package var raised: [String: Int64] = [:]
    /// Alarms that do not stand any more.
    package var ended: [String] = []
    /// Letters that were refused.
    package var dead: [DeadLetter] = []
    /// What came of dead letters that were sent again, by their numbers among the dead.
    package var again: [Again] = []

    /// A dead letter that was sent again.
    package struct Again: Equatable, Sendable {
        package var number: Int64
        /// Why it was refused once more; `nil`: the peer has it, and it is dead no longer.
        package var reason: String?
    }
}
