import Platform

/// What one worker knows of alarms that were called false.
struct FalseAlarmDelivery: Sendable {
    /// What it is to know.
    var wanted: [FalseAlarmNotice] = []
    /// The number of that; 0: it was never told anything.
    var revision: UInt64 = 0
    /// The latest that it heeds.
    var heeded: UInt64 = 0
    /// When it was told last, and how often.
    var told: (at: Instant, times: Int)?
    /// What ``wanted`` follows from: revisions of what is known and of the assignment.
    var source: (known: UInt64, assignment: UInt64)?
}

extension ServerRoundMachine {
    /// Heartbeats after which a worker that does not answer is told again; each time twice as many, up to the most.
    private static let (fewestBeats, mostBeats) = (2, 16)

    /// The alarms that were called false and that workers heed, each with who does.
    package var heededFalseAlarms: [String: String] {
        var result: [String: String] = [:]
        for (name, member) in members where member.falseAlarms.heeded == member.falseAlarms.revision {
            for alarm in member.falseAlarms.wanted { result[alarm.id] = name }
        }
        return result
    }

    /// Tells a worker which alarms of its entities were called false, as long as it has not said that it heeds that. A worker
    /// hears of its own entities only; one of a version that knows nothing of this does not answer, and is asked rarely.
    mutating func tellFalseAlarms(to name: String, at now: Instant, _ directives: inout [ServerDirective]) {
        guard let member = members[name] else { return }
        var delivery = member.falseAlarms
        let source = (known: falseAlarms.revision, assignment: member.assignmentRevision)
        if delivery.source.map({ $0 != source }) ?? true {
            delivery.source = source
            let wanted = FalseAlarmNotice.list(of: member.entities, from: falseAlarms.known)
            // Under a lease that is new it may hold what was said under another one.
            if wanted != delivery.wanted || (delivery.revision == 0 && falseAlarms.revision > 0) {
                delivery.wanted = wanted
                delivery.revision += 1
                delivery.told = nil
                // What it heeded is no longer what is wanted.
                heededRevision += 1
            }
        }
        if delivery.heeded < delivery.revision {
            let beats = min(Self.mostBeats, Self.fewestBeats << min((delivery.told?.times ?? 1) - 1, 16))
            if delivery.told.map({ now - $0.at >= configuration.heartbeatInterval * beats }) ?? true {
                delivery.told = (now, (delivery.told?.times ?? 0) + 1)
                send(
                    .falseAlarms(FalseAlarmList(revision: delivery.revision, alarms: delivery.wanted)), to: member,
                    &directives)
            }
        }
        members[name]?.falseAlarms = delivery
    }

    /// A worker heeds what it was told.
    mutating func heeds(_ receipt: FalseAlarmReceipt, _ name: String) {
        guard let delivery = members[name]?.falseAlarms, receipt.revision > delivery.heeded,
            receipt.revision <= delivery.revision
        else { return }
        members[name]?.falseAlarms.heeded = receipt.revision
        heededRevision += 1
    }
}
