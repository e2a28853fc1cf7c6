import Foundation
package import Platform

/// An alarm's event in the envelope of CloudEvents 1.0, its JSON format (CNCF CloudEvents 1.0.2, JSON event format 3).
package enum CloudEvent {
    /// The media type of one envelope.
    package static let mediaType = "application/cloudevents+json"
    /// What types begin with; the state comes behind it.
    package static let typePrefix = "faultline.alarm."

    /// Names the schema of the data, which a server has at `/v1/schemas/alarm-event`.
    package static let schema = "urn:faultline:schema:alarm-event:1"

    /// The envelope.
    ///
    /// `id` is the event's number in its federation's log and `source` names the federation: both together are the same
    /// whenever the event is sent, so that whoever has it can tell. `time` is absent where the entity's clock does not
    /// count from 1970. The data are the event without its signature, with what 3GPP's fault supervision says of it as
    /// `faultManagement`. `traceparent` is that of the extension for distributed tracing: where the event's own trace begins.
    package static func envelope(of event: AlarmEvent) -> JSONValue {
        var brief = event
        brief.signature = nil
        var data = (try? brief.encoded()).flatMap { try? JSONDecoder().decode(JSONValue.self, from: Data($0)) }
        if case .object(var members)? = data, event.quality == nil {
            members["faultManagement"] = FaultManagement.fields(of: event)
            data = .object(members)
        }
        var envelope: [String: JSONValue] = [
            "specversion": .string("1.0"), "id": .string("\(event.sequence ?? 0)"),
            "source": .string("/federations/\(event.federation ?? "unknown")"),
            "dataschema": .string(schema), "type": .string(typePrefix + event.state.rawValue),
            "subject": .string(event.id),
            "datacontenttype": .string("application/json"), "data": data ?? .object([:]),
            TraceContext.name: .string(event.trace.header),
        ]
        if let time = AlarmTime.text(event.at.time) { envelope["time"] = .string(time) }
        return .object(envelope)
    }
}

/// Times of entities' clocks, where these count from 1970.
package enum AlarmTime {
    /// Whether an entity's clock counts from 1970, as against one that begins with its data.
    package static func isDate(_ seconds: Double) -> Bool { seconds > 1e8 && seconds < 1e11 }

    /// The time as RFC 3339 has it, in UTC with milliseconds; `nil` for another clock.
    package static func text(_ seconds: Double) -> String? {
        guard isDate(seconds) else { return nil }
        let milliseconds = Int64((seconds * 1_000).rounded(.down))
        let whole = Date(timeIntervalSince1970: Double(milliseconds / 1_000)).formatted(.iso8601)
        let fraction = "\(1_000 + milliseconds % 1_000)".dropFirst()
        return whole.dropLast() + ".\(fraction)Z"
    }
}
