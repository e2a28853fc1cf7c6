import CommandLine
import Foundation
package import Platform
import Services
package import Watching

/// Posts each event to a collector of ONAP as an event of the VES listener 7.2, in the domain `fault`.
///
/// Source: ONAP VES Event Listener 7.2.1 and its schema, CommonEventFormat 30.2.1.
struct VESForwarder: AlarmForwarder {
    let name: String
    let kind = "ves"
    let limits = DeliveryMachine.Limits()
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let poster: HTTPPoster
    private let reporter: String

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        let url = try fields.address("url", schemes: ["http", "https"])
        poster = HTTPPoster(
            url: url.text, headers: try fields.headers("headers"), authority: try fields.certificates("ca"))
        reporter = try fields.text("reporter", default: "faultline", most: 255)
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        // What an alarm that is over looks like does not raise it again.
        for letter in letters where letter.event.isOver != true {
            let document = VESEvent.document(letter.event, reporter: reporter, now: Date.now.timeIntervalSince1970)
            let outcome = poster.post(Array(document.description.utf8), type: "application/json", trace: letter.trace)
            guard outcome == .taken else { return outcome }
        }
        return .taken
    }
}

/// An alarm's event as a VES fault.
package enum VESEvent {
    /// The document.
    ///
    /// - Parameter now: seconds since 1970, for entities whose clock does not count from there.
    package static func document(_ event: AlarmEvent, reporter: String, now: Double) -> JSONValue {
        func microseconds(_ seconds: Double) -> JSONValue {
            .number(((AlarmTime.isDate(seconds) ? seconds : now) * 1e6).rounded(.down))
        }
        let severity = event.state == .cleared ? "NORMAL" : event.severity.rawValue.uppercased()
        let priority =
            switch event.severity {
            case .critical, .major: "High"
            case .minor: "Medium"
            case .warning: "Low"
            }
        let cause = event.fingerprint.first
        var more: [String: JSONValue] = [
            "score": .string("\(event.score)"), "modelVersion": .string("\(event.modelVersion)"),
            "groups": .string(event.groups.joined(separator: ",")), "state": .string(event.state.rawValue),
            "alarm": .string(event.id),
        ]
        if let incident = event.incident { more["incident"] = .string(incident) }
        if let fault = event.fault { more["similarity"] = .string("\(fault.similarity)") }
        for (index, cause) in event.fingerprint.prefix(8).enumerated() {
            more["metric\(index + 1)"] = .string("\(cause.metric) \(cause.share) \(cause.deviation)")
        }
        let fault = event.fault.map(\.name) ?? AlarmEvent.Fault.unknown
        return .object([
            "event": .object([
                "commonEventHeader": .object([
                    "domain": .string("fault"),
                    "eventId": .string("\(event.federation ?? "faultline")-\(event.sequence ?? 0)"),
                    "eventName": .string("Fault_Faultline_Anomaly"), "eventType": .string("anomaly"),
                    "lastEpochMicrosec": microseconds(event.at.time), "priority": .string(priority),
                    "reportingEntityName": .string(reporter), "sequence": JSONValue(event.revision),
                    "sourceName": .string("\(event.site)/\(event.entity)"),
                    "startEpochMicrosec": microseconds(event.onset.time), "version": .string("4.1"),
                    "vesEventListenerVersion": .string("7.2.1"),
                ]),
                "faultFields": .object([
                    "alarmCondition": .string("anomaly:\(fault)"),
                    "alarmInterfaceA": .string(cause.map { "\($0.group)/\($0.metric)" } ?? event.entity),
                    "eventCategory": .string("anomaly"), "eventSeverity": .string(severity),
                    "eventSourceType": .string("other"), "faultFieldsVersion": .string("4.0"),
                    "specificProblem": .string(AlarmText.summary(of: event)), "vfStatus": .string("Active"),
                    "alarmAdditionalInformation": .object(more),
                ]),
            ])
        ])
    }
}
