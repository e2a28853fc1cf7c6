import Foundation
package import Platform

/// Alarms in the words of 3GPP's fault supervision: records of the alarm list, and notifications.
///
/// Source: 3GPP TS 28.532, clause 11.2 and its OpenAPI definition TS28532_FaultMnS 18.1.0; names of objects after
/// TS 32.300. An alarm's `alarmId` is its identity, its object the entity at its site. Notifications of what operators
/// say have numbers of their own, above ``operationBase``, so that no two notifications share one.
package enum FaultManagement {
    /// Added to the audit's number for a notification of what an operator said.
    package static let operationBase: Int64 = 1 << 50
    /// Added to a letter's number for the notification that the alarm before it has another beside it.
    package static let correlationBase: Int64 = 1 << 49

    // MARK: Names

    /// The entity's distinguished name.
    package static func object(of event: AlarmEvent) -> String {
        "SubNetwork=\(escaped(event.site)),ManagedElement=\(escaped(event.entity))"
    }

    /// The distinguished name of what notifies: the server of a federation.
    package static func system(_ federation: String) -> String {
        "ManagementNode=Faultline,MnsAgent=\(escaped(federation))"
    }

    /// Characters that separate parts of a name stand behind a backslash (TS 32.300, 7.3; RFC 4514).
    private static func escaped(_ text: String) -> String {
        String(
            text.flatMap { (character: Character) -> [Character] in
                ",=+<>#;\\\"".contains(character) ? ["\\", character] : [character]
            })
    }

    private static func reference(to event: AlarmEvent) -> String {
        func part(_ text: String) -> String {
            text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        }
        return "/SubNetwork=\(part(event.site))/ManagedElement=\(part(event.entity))"
    }

    // MARK: What an alarm is

    /// Seconds since 1970 as RFC 3339 has them.
    package static func time(_ seconds: Double) -> String { AlarmTime.text(seconds) ?? "1970-01-01T00:00:00.000Z" }

    private static func time(_ point: AlarmEvent.Point, now: Double) -> String {
        AlarmTime.text(point.time) ?? time(now)
    }

    /// What is short of itself at a machine is a matter of processing (ITU-T X.733, 8.1.1), the rest one of the service's
    /// quality.
    private static func type(of event: AlarmEvent) -> String {
        (event.fingerprint.first?.group ?? event.groups.first ?? "").hasPrefix("physical.")
            ? "PROCESSING_ERROR_ALARM" : "QUALITY_OF_SERVICE_ALARM"
    }

    private static func cause(of event: AlarmEvent) -> String {
        if let confirmed = event.handling?.confirmedAs { return confirmed }
        guard let fault = event.fault, fault.name != AlarmEvent.Fault.unknown else { return "anomaly" }
        return fault.name
    }

    private static func severity(of event: AlarmEvent) -> String {
        event.state == .cleared ? "CLEARED" : event.severity.rawValue.uppercased()
    }

    private static func trend(of event: AlarmEvent) -> String { event.state == .changed ? "MORE_SEVERE" : "NO_CHANGE" }

    /// What notifications and records have in common.
    private static func common(_ event: AlarmEvent) -> [String: JSONValue] {
        [
            "alarmType": .string(type(of: event)), "probableCause": .string(cause(of: event)),
            "perceivedSeverity": .string(severity(of: event)),
        ]
    }

    private static func details(_ event: AlarmEvent) -> [String: JSONValue] {
        var more: [String: JSONValue] = [
            "score": .number(event.score), "groups": .array(event.groups.map(JSONValue.string)),
            "worker": .string(event.worker), "modelVersion": JSONValue(event.modelVersion),
            "metrics": .array(
                event.fingerprint.map { cause in
                    .object([
                        "group": .string(cause.group), "metric": .string(cause.metric), "share": .number(cause.share),
                        "deviation": .number(cause.deviation),
                    ])
                }),
        ]
        if let incident = event.incident { more["incident"] = .string(incident) }
        if let fault = event.fault { more["similarity"] = .number(fault.similarity) }
        var fields: [String: JSONValue] = [
            "trendIndication": .string(trend(of: event)), "additionalText": .string(AlarmText.summary(of: event)),
            "additionalInformation": .object(more),
        ]
        if let cause = event.fingerprint.first {
            fields["specificProblem"] = .string("\(cause.group)/\(cause.metric)")
        }
        return fields
    }

    // MARK: Notifications

    /// What a notification is of.
    private static func header(
        _ kind: String, _ number: Int64, at time: String, of event: AlarmEvent, _ federation: String
    ) -> [String: JSONValue] {
        [
            "href": .string(reference(to: event)), "notificationId": JSONValue(number),
            "notificationType": .string(kind), "eventTime": .string(time), "systemDN": .string(system(federation)),
            "alarmId": .string(event.id),
        ]
    }

    /// The notification of a step in an alarm's life, or of what an operator said of it.
    ///
    /// - Parameter now: seconds since 1970, for entities whose clock does not count from there.
    /// - Returns: `nil` for what operators say that TS 28.532 has no notification for.
    package static func notification(of letter: Letter, now: Double) -> JSONValue? {
        let event = letter.event
        let federation = event.federation ?? "unknown"
        if let operation = letter.operation { return notification(of: operation, event, federation) }
        var fields = header(
            kind(of: event), letter.sequence, at: time(event.at, now: now), of: event, federation
        ).merging(common(event)) { $1 }
        if event.state != .cleared { fields.merge(details(event)) { $1 } }
        if !letter.others.isEmpty { fields["correlatedNotifications"] = correlated(letter.others) }
        if event.state == .changed || event.state == .settled {
            fields["changedAlarmAttributes"] = .object([
                "perceivedSeverity": .string(severity(of: event)), "probableCause": .string(cause(of: event)),
            ])
        }
        return .object(fields)
    }

    private static func kind(of event: AlarmEvent) -> String {
        switch event.state {
        case .raised: "notifyNewAlarm"
        case .changed, .settled: "notifyChangedAlarmGeneral"
        case .cleared: "notifyClearedAlarm"
        }
    }

    /// What fault supervision says of an alarm's event, beside what else is known of it: as its notification has it, with the
    /// object's name. `eventTime` is absent where the entity's clock does not count from 1970.
    package static func fields(of event: AlarmEvent) -> JSONValue {
        var fields = common(event).merging(details(event)) { $1 }
        // The event itself stands beside these.
        fields["additionalInformation"] = nil
        fields["objectInstance"] = .string(object(of: event))
        fields["notificationId"] = JSONValue(event.sequence ?? 0)
        fields["notificationType"] = .string(kind(of: event))
        fields["systemDN"] = .string(system(event.federation ?? "unknown"))
        fields["alarmId"] = .string(event.id)
        fields["ackState"] = .string(event.handling?.acknowledgedBy == nil ? "UNACKNOWLEDGED" : "ACKNOWLEDGED")
        if let time = AlarmTime.text(event.at.time) { fields["eventTime"] = .string(time) }
        if let time = AlarmTime.text(event.onset.time) { fields["alarmRaisedTime"] = .string(time) }
        return .object(fields)
    }

    /// Alarms that belong together, by object.
    private static func correlated(_ others: [Letter.Other]) -> JSONValue {
        let objects = Dictionary(grouping: others) { object(of: $0.event) }
        return .array(
            objects.sorted { $0.key < $1.key }.map { object, others in
                .object([
                    "sourceObjectInstance": .string(object),
                    "notificationIds": .array(others.map(\.sequence).sorted().map { JSONValue($0) }),
                ])
            })
    }

    /// That the first alarm of an incident has another beside it: the one that a letter raises.
    ///
    /// - Returns: `nil` where the letter raises no alarm that joins others.
    package static func correlation(of letter: Letter, now: Double) -> JSONValue? {
        guard let first = letter.others.min(by: { $0.sequence < $1.sequence }) else { return nil }
        let joined = letter.others.filter { $0 != first } + [.init(event: letter.event, sequence: letter.sequence)]
        var fields = header(
            "notifyCorrelatedNotificationChanged", correlationBase + letter.sequence,
            at: time(letter.event.at, now: now),
            of: first.event, letter.event.federation ?? "unknown")
        fields["correlatedNotifications"] = correlated(joined)
        return .object(fields)
    }

    private static func notification(
        of operation: AuditEntry, _ event: AlarmEvent, _ federation: String
    ) -> JSONValue? {
        let (number, at) = (operationBase + operation.number, time(Double(operation.at)))
        func fields(_ kind: String, _ more: [String: JSONValue]) -> JSONValue {
            .object(
                header(kind, number, at: at, of: event, federation).merging(common(event)) { $1 }.merging(more) { $1 })
        }
        switch operation.operation {
        case "acknowledge", "unacknowledge":
            let state = operation.operation == "acknowledge" ? "ACKNOWLEDGED" : "UNACKNOWLEDGED"
            return fields(
                "notifyAckStateChanged",
                ["ackState": .string(state), "ackUserId": .string(operation.by), "ackSystemId": .string("Faultline")])
        case "note":
            return fields(
                "notifyComments",
                [
                    "comments": .object([
                        "\(operation.number)": comment(operation.text ?? "", by: operation.by, at: operation.at)
                    ])
                ])
        default: return nil
        }
    }

    /// That the alarm list is another one than before: whoever has a copy gets it again.
    package static func rebuilt(_ federation: String, reason: String, number: Int64, now: Double) -> JSONValue {
        .object([
            "href": .string("/"), "notificationId": JSONValue(number),
            "notificationType": .string("notifyAlarmListRebuilt"), "eventTime": .string(time(now)),
            "systemDN": .string(system(federation)), "reason": .string(reason),
            "alarmListAlignmentRequirement": .string("ALIGNMENT_REQUIRED"),
        ])
    }

    // MARK: The alarm list

    /// A comment.
    package static func comment(_ text: String, by who: String, at seconds: Int64) -> JSONValue {
        .object([
            "commentTime": .string(time(Double(seconds))), "commentUserId": .string(who),
            "commentSystemId": .string("Faultline"), "commentText": .string(text),
        ])
    }

    /// The record of an alarm.
    ///
    /// - Parameters:
    ///   - event: the latest of its events.
    ///   - mark: what operators said of it.
    ///   - now: seconds since 1970, for entities whose clock does not count from there.
    package static func record(of event: AlarmEvent, mark: DeskMark?, now: Double) -> JSONValue {
        var fields = common(event).merging(details(event)) { $1 }
        fields["objectInstance"] = .string(object(of: event))
        fields["notificationId"] = JSONValue(event.sequence ?? 0)
        fields["alarmRaisedTime"] = .string(time(event.onset, now: now))
        if event.state == .cleared {
            fields["alarmClearedTime"] = .string(time(event.at, now: now))
        } else if event.state != .raised {
            fields["alarmChangedTime"] = .string(time(event.at, now: now))
        }
        fields["ackState"] = .string(mark?.acknowledged == nil ? "UNACKNOWLEDGED" : "ACKNOWLEDGED")
        if let stamp = mark?.acknowledged {
            fields["ackUserId"] = .string(stamp.by)
            fields["ackTime"] = .string(time(Double(stamp.at)))
            fields["ackSystemId"] = .string("Faultline")
        }
        if let notes = mark?.notes, !notes.isEmpty {
            fields["comments"] = .object(
                Dictionary(
                    uniqueKeysWithValues: notes.enumerated().map { index, note in
                        ("\(index + 1)", comment(note.text, by: note.by, at: note.at))
                    }))
        }
        return .object(fields)
    }
}
