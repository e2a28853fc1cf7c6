import Foundation
package import Platform
package import Watching

/// Documents of a source of VES: faults and crossings of thresholds here, beats in `VESEvent+Beats.swift`.
///
/// Source: ONAP VES Event Listener 7.2.1 and its schema, CommonEventFormat 30.2.1.
package enum VESEvent {
    /// What all events begin with.
    struct Header {
        let domain: String
        let id: String
        let name: String
        let type: String
        var priority = "Normal"
        /// The entity that it is about.
        let source: String
        let reporter: String
        let sequence: Int64
        /// When it began and when it was last seen, in seconds since 1970.
        let (start, last): (Double, Double)

        var json: JSONValue {
            .object([
                "domain": .string(domain), "eventId": .string(id), "eventName": .string(name),
                "eventType": .string(type), "lastEpochMicrosec": VESEvent.microseconds(last),
                "priority": .string(priority), "reportingEntityName": .string(reporter),
                "sequence": JSONValue(sequence), "sourceName": .string(source),
                "startEpochMicrosec": VESEvent.microseconds(start), "version": .string("4.1"),
                "vesEventListenerVersion": .string("7.2.1"),
            ])
        }
    }

    /// A whole document.
    static func document(_ header: Header, _ fields: [String: JSONValue], as name: String) -> JSONValue {
        .object(["event": .object(["commonEventHeader": header.json, name: .object(fields)])])
    }

    private static func microseconds(_ seconds: Double) -> JSONValue { .number((seconds * 1e6).rounded(.down)) }

    /// A text map.
    static func map(_ pairs: [String: String]) -> JSONValue { .object(pairs.mapValues(JSONValue.string)) }

    /// The time of an entity's clock, or now where that does not count from 1970.
    private static func time(_ seconds: Double, _ now: Double) -> Double { AlarmTime.isDate(seconds) ? seconds : now }

    private static func header(
        of event: AlarmEvent, _ domain: String, id: String, name: String, reporter: String, now: Double
    ) -> Header {
        let priority =
            switch event.severity {
            case .critical, .major: "High"
            case .minor: "Medium"
            case .warning: "Low"
            }
        return Header(
            domain: domain, id: id, name: name, type: "anomaly", priority: priority,
            source: "\(event.site)/\(event.entity)", reporter: reporter, sequence: Int64(event.revision),
            start: time(event.onset.time, now), last: time(event.at.time, now))
    }

    private static func id(_ event: AlarmEvent) -> String {
        "\(event.federation ?? "faultline")-\(event.sequence ?? 0)"
    }

    private static func severity(_ event: AlarmEvent) -> String {
        event.state == .cleared ? "NORMAL" : event.severity.rawValue.uppercased()
    }

    /// What is known of an alarm that has no field of its own.
    private static func more(_ event: AlarmEvent) -> [String: String] {
        var more = [
            "score": "\(event.score)", "modelVersion": "\(event.modelVersion)",
            "groups": event.groups.joined(separator: ","), "state": event.state.rawValue, "alarm": event.id,
        ]
        if let incident = event.incident { more["incident"] = incident }
        if let fault = event.fault { more["similarity"] = "\(fault.similarity)" }
        for (index, cause) in event.fingerprint.prefix(8).enumerated() {
            more["metric\(index + 1)"] = "\(cause.metric) \(cause.share) \(cause.deviation)"
        }
        return more
    }

    // MARK: Alarms

    /// An alarm's event in the domain `fault`; what is over is `NORMAL`.
    ///
    /// - Parameter now: seconds since 1970, for entities whose clock does not count from there.
    package static func fault(_ event: AlarmEvent, reporter: String, now: Double) -> JSONValue {
        let cause = event.fingerprint.first
        let fault = event.fault.map(\.name) ?? AlarmEvent.Fault.unknown
        return document(
            header(
                of: event, "fault", id: id(event), name: "Fault_Faultline_Anomaly", reporter: reporter, now: now),
            [
                "alarmCondition": .string("anomaly:\(fault)"),
                "alarmInterfaceA": .string(cause.map { "\($0.group)/\($0.metric)" } ?? event.entity),
                "eventCategory": .string("anomaly"), "eventSeverity": .string(severity(event)),
                "eventSourceType": .string("other"), "faultFieldsVersion": .string("4.0"),
                "specificProblem": .string(AlarmText.summary(of: event)), "vfStatus": .string("Active"),
                "alarmAdditionalInformation": map(more(event)),
            ], as: "faultFields")
    }

    /// The same in the domain `thresholdCrossingAlert`: the score, whose threshold is 1, has crossed it, or came back.
    ///
    /// - Parameter hasFault: whether the collector gets the event as a fault too, which is named then.
    package static func crossing(_ event: AlarmEvent, reporter: String, now: Double, hasFault: Bool) -> JSONValue {
        let action =
            switch event.state {
            case .raised: "SET"
            case .changed, .settled: "CONT"
            case .cleared: "CLEAR"
            }
        let isWorse = event.severity >= .critical
        var fields: [String: JSONValue] = [
            "thresholdCrossingFieldsVersion": .string("4.0"), "alertAction": .string(action),
            "alertDescription": .string("FAULTLINE-ANOMALY"), "alertType": .string("ELEMENT-ANOMALY"),
            "alertValue": .string("\(event.score)"), "eventSeverity": .string(severity(event)),
            "collectionTimestamp": date(time(event.at.time, now)),
            "eventStartTimestamp": date(time(event.onset.time, now)), "dataCollector": .string(event.worker),
            "additionalParameters": .array([
                .object([
                    "criticality": .string(isWorse ? "CRIT" : "MAJ"), "thresholdCrossed": .string("1"),
                    "hashMap": map(["score": "\(event.score)"]),
                ])
            ]),
            "additionalFields": map(more(event)),
        ]
        if let cause = event.fingerprint.first { fields["interfaceName"] = .string("\(cause.group)/\(cause.metric)") }
        if let fault = event.fault, fault.name != AlarmEvent.Fault.unknown {
            fields["possibleRootCause"] = .string(fault.name)
        }
        if hasFault { fields["associatedAlertIdList"] = .array([.string(id(event))]) }
        return document(
            header(
                of: event, "thresholdCrossingAlert", id: id(event) + "-tca", name: "Tca_Faultline_Anomaly",
                reporter: reporter, now: now), fields, as: "thresholdCrossingAlertFields")
    }

    private static func date(_ seconds: Double) -> JSONValue { .string(InternetDate.text(Int64(seconds))) }
}
