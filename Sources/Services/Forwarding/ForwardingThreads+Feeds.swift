import Watching

extension ForwardingThreads {
    /// Where letters come from.
    struct Feed: Sendable {
        /// What has come of it is remembered by this name.
        let name: String
        /// The number of the last of them.
        let last: @Sendable () -> Int64
        /// Letters behind a number, and how far was looked.
        let read: @Sendable (_ after: Int64, _ limit: Int) throws -> (letters: [Letter], last: Int64)
        /// The letters of some numbers.
        let again: @Sendable (_ numbers: [Int64]) throws -> [Letter]
        /// What a letter's alarm came to up to a number, where that is another letter.
        let outcome: @Sendable (_ of: Letter, _ last: Int64) throws -> Letter?
    }

    /// The name of the feed of what operators say, for a forwarder.
    static func operations(of name: String) -> String { name + "/operations" }

    /// The log of alarms.
    func alarms(for forwarder: any AlarmForwarder) -> Feed {
        Feed(
            name: forwarder.name, last: { [board] in board.lastAlarm.load(ordering: .acquiring) },
            read: { [self] after, limit in
                let page = try AlarmLog(reading: alarmLog).page(after: after, limit: limit)
                return (try letters(page.entries, for: forwarder), page.last)
            },
            again: { [self] numbers in
                let alarms = try AlarmLog(reading: alarmLog)
                let entries = try numbers.compactMap { number in
                    try alarms.page(after: number - 1, limit: 1).entries.first { $0.sequence == number }
                }
                return try letters(entries, for: forwarder)
            },
            outcome: { [self] letter, last in
                let entries = try AlarmLog(reading: alarmLog).entries(of: letter.event.id, limit: Self.eventsOfAlarm)
                guard let latest = entries.first(where: { $0.sequence <= last }), latest.sequence > letter.sequence
                else { return nil }
                return try letters([latest], for: forwarder).first
            })
    }

    /// The audit of what operators said of alarms.
    func operations(for forwarder: any AlarmForwarder) -> Feed {
        Feed(
            name: Self.operations(of: forwarder.name),
            last: { [view] in view.operations.revision.load(ordering: .acquiring) },
            read: { [self] after, limit in
                let entries = try view.operations.audit(after: after, limit: limit)
                return (try letters(entries, for: forwarder), entries.last?.number ?? after)
            },
            again: { [self] numbers in
                let entries = try numbers.compactMap { number in
                    try view.operations.audit(after: number - 1, limit: 1).first { $0.number == number }
                }
                return try letters(entries, for: forwarder)
            }, outcome: { _, _ in nil })
    }

    private func letters(_ entries: [AuditEntry], for forwarder: any AlarmForwarder) throws -> [Letter] {
        let alarms = try AlarmLog(reading: alarmLog)
        let moment = view.now()
        return try entries.compactMap { entry -> Letter? in
            guard let id = entry.alarm, let latest = try alarms.entries(of: id, limit: 1).first,
                let event = moment.event(latest.bytes), event.quality == nil,
                event.severity >= forwarder.leastSeverity
            else { return nil }
            return Letter(sequence: entry.number, event: event, isSilenced: false, operation: entry)
        }
    }

    private func letters(_ entries: [AlarmLog.Entry], for forwarder: any AlarmForwarder) throws -> [Letter] {
        guard let last = entries.last else { return [] }
        try view.incidents.catchUp(to: last.sequence)
        let moment = view.now()
        let alarms = forwarder.sendsCorrelations ? try AlarmLog(reading: alarmLog) : nil
        return try entries.compactMap { entry -> Letter? in
            guard var event = moment.event(entry.bytes), event.quality == nil else { return nil }
            event.sequence = entry.sequence
            let isSilenced = event.handling?.silence != nil || event.severity < forwarder.leastSeverity
            var beside: [Letter.Other] = []
            if let alarms, !isSilenced { beside = try others(beside: event, in: alarms, moment, forwarder) }
            return Letter(sequence: entry.sequence, event: event, isSilenced: isSilenced, others: beside)
        }
    }

    /// Alarms beside one that is raised that are named with it.
    private static let mostOthers = 64
    /// Events of an alarm that are looked at for one of them.
    private static let eventsOfAlarm = 32

    /// The alarms of the same incident that came before an alarm that is raised, and that the peer was told of.
    private func others(
        beside event: AlarmEvent, in alarms: AlarmLog, _ moment: AlarmView.Moment, _ forwarder: any AlarmForwarder
    ) throws -> [Letter.Other] {
        guard event.state == .raised, let number = event.sequence, let incident = event.incident,
            let ids = view.incidents.alarms(ofIncident: incident)
        else { return [] }
        var others: [Letter.Other] = []
        for id in ids.prefix(Self.mostOthers) where id != event.id {
            let earlier = try alarms.entries(of: id, limit: Self.eventsOfAlarm).last { $0.sequence < number }
            guard let earlier, let other = moment.event(earlier.bytes), other.severity >= forwarder.leastSeverity,
                other.handling?.silence == nil
            else { continue }
            others.append(Letter.Other(event: other, sequence: earlier.sequence))
        }
        return others.sorted { $0.sequence < $1.sequence }
    }
}
