package import CommandLine
package import Platform
package import Services
import Watching

/// The value of the option `forwarders`: a list of JSON objects, each a forwarder. What is in them is looked at by
/// ``forwarders()``, whose errors name the field.
package struct ForwarderList: ObjectList {
    /// Forwarders of one server.
    package static let most = 16

    /// The objects as they were written.
    package let json: JSONValue

    /// No forwarder.
    package static let none = ForwarderList(objects: .array([]))

    package init(objects: JSONValue) { json = objects }

    /// The forwarders.
    ///
    /// - Throws: `CommandLineError` (78) that names the field, what was found and what is expected.
    package func forwarders() throws(CommandLineError) -> [any AlarmForwarder] {
        try read("forwarders", most: Self.most, name: \.name) { (fields, _) throws(CommandLineError) in
            let kind = try fields.text("kind", one: Self.makers.keys.sorted())
            guard let make = Self.makers[kind] else {
                throw fields.flaw("kind", "found '\(kind)'", "a kind that there is")
            }
            return try make(try ForwarderCommon(&fields, kind: kind), &fields)
        }
    }

    /// Names of forwarders that were in an earlier list with other settings.
    package func changes(since earlier: ForwarderList) -> Set<String> {
        let (before, now) = (earlier.byName, byName)
        return Set(now.filter { before[$0.key] != nil && before[$0.key] != $0.value }.keys)
    }

    private var byName: [String: JSONValue] {
        Dictionary(
            elements.map { element in
                guard case .object(let fields) = element, case .string(let name)? = fields["name"] ?? fields["kind"]
                else { return ("", element) }
                return (name, element)
            }, uniquingKeysWith: { first, _ in first })
    }

    private typealias Maker =
        @Sendable (ForwarderCommon, inout ForwarderFields) throws(CommandLineError) -> any AlarmForwarder

    private static let makers: [String: Maker] = [
        "webhook": { common, fields throws(CommandLineError) in try WebhookForwarder(common, &fields) },
        "alertmanager": { common, fields throws(CommandLineError) in try AlertmanagerForwarder(common, &fields) },
        "syslog": { common, fields throws(CommandLineError) in try SyslogForwarder(common, &fields) },
        "ves": { common, fields throws(CommandLineError) in try VESForwarder(common, &fields) },
        "mail": { common, fields throws(CommandLineError) in try MailForwarder(common, &fields) },
        "zeromq": { common, fields throws(CommandLineError) in try ZeroMQForwarder(common, &fields) },
        "fault-mns": { common, fields throws(CommandLineError) in try FaultManagementForwarder(common, &fields) },
        "grafana": { common, fields throws(CommandLineError) in try GrafanaForwarder(common, &fields) },
        "mqtt": { common, fields throws(CommandLineError) in try MQTTForwarder(common, &fields) },
    ]
}

/// What every forwarder has.
struct ForwarderCommon: Sendable {
    let name: String
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?

    init(_ fields: inout ForwarderFields, kind: String) throws(CommandLineError) {
        name = try fields.text("name", default: kind, most: 64)
        let severity = try fields.text(
            "severity", default: "warning", one: AlarmEvent.Severity.allCases.map(\.rawValue))
        leastSeverity = AlarmEvent.Severity(rawValue: severity) ?? .warning
        since = try fields.number("since", 0...(1 << 53)).map(Int64.init)
    }
}
