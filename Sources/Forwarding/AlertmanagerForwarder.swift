import CommandLine
import Foundation
package import Platform
import Services
package import Watching

/// Sends alarms to Prometheus' Alertmanager by its API, version 2. What names an alert (its labels) does not change while
/// it stands; what does change, such as the score, stands in annotations. What stands is sent again each minute, as the
/// Alertmanager expects of its clients, and what is over is said to be.
///
/// Source: Alertmanager's OpenAPI description of `POST /api/v2/alerts`.
struct AlertmanagerForwarder: AlarmForwarder {
    let name: String
    let kind = "alertmanager"
    let limits: DeliveryMachine.Limits
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let poster: HTTPPoster

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        let url = try fields.address("url", schemes: ["http", "https"])
        let base = url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text
        poster = HTTPPoster(
            url: base + "/api/v2/alerts", headers: try fields.headers("headers"),
            authority: try fields.certificates("ca"))
        var limits = DeliveryMachine.Limits()
        limits.batch = 64
        limits.resendEvery = .seconds(try fields.number("resendSeconds", 1...3_600) ?? 60)
        self.limits = limits
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        // Of one alarm the last event says all; what one that is over looks like would begin it anew.
        let events = letters.map(\.event).filter { $0.isOver != true }
        guard !events.isEmpty else { return .taken }
        let latest = Dictionary(events.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let now = Date.now.timeIntervalSince1970
        let alerts = latest.sorted { $0.key < $1.key }.flatMap { AlertmanagerAlert.alerts($0.value, now: now) }
        return poster.post(
            Array(JSONValue.array(alerts).description.utf8), type: "application/json",
            trace: letters.first?.trace)
    }
}

/// An alarm's event as an Alertmanager takes it.
package enum AlertmanagerAlert {
    /// The alert of an event; where it has become more severe, also the end of what it was.
    package static func alerts(_ event: AlarmEvent, now: Double) -> [JSONValue] {
        let ends = event.state == .cleared
        var alerts = [alert(event, event.severity, endedAt: ends ? now : nil, now: now)]
        if event.state == .changed || ends {
            // The severity is a label, since routes go by it: with another it is another alert.
            for lower in AlarmEvent.Severity.allCases where lower < event.severity {
                alerts.append(alert(event, lower, endedAt: now, now: now))
            }
        }
        return alerts
    }

    private static func alert(
        _ event: AlarmEvent, _ severity: AlarmEvent.Severity, endedAt end: Double?, now: Double
    ) -> JSONValue {
        // A clock that does not count from 1970 says nothing here: then it began when it was sent.
        let start = AlarmTime.isDate(event.onset.time) ? min(event.onset.time, now) : now
        var fields: [String: JSONValue] = [
            "labels": .object([
                "alertname": .string("FaultlineAnomaly"), "severity": .string(severity.rawValue),
                "site": .string(event.site), "entity": .string(event.entity), "alarm": .string(event.id),
                "federation": .string(event.federation ?? ""),
            ]),
            "annotations": .object(annotations(event)),
            "startsAt": .string(AlarmTime.text(start) ?? ""),
        ]
        if let end { fields["endsAt"] = .string(AlarmTime.text(max(start, end)) ?? "") }
        return .object(fields)
    }

    private static func annotations(_ event: AlarmEvent) -> [String: JSONValue] {
        var annotations: [String: JSONValue] = [
            "summary": .string(AlarmText.summary(of: event)), "score": .string("\(event.score)"),
            "groups": .string(event.groups.joined(separator: ", ")), "model_version": .string("\(event.modelVersion)"),
            "metrics": .string(event.fingerprint.map(\.metric).joined(separator: ", ")),
        ]
        if let fault = event.fault {
            annotations["fault"] = .string(fault.name)
            annotations["similarity"] = .string("\(fault.similarity)")
        }
        if let incident = event.incident { annotations["incident"] = .string(incident) }
        if let reconstruction = event.reconstruction { annotations["reconstruction"] = .string("\(reconstruction)") }
        if let who = event.handling?.acknowledgedBy { annotations["acknowledged_by"] = .string(who) }
        return annotations
    }
}
