import CommandLine
import Platform
import Services
import Watching

/// Posts each event to an address: as a CloudEvents 1.0 envelope, or in a form of its own that a template gives.
struct WebhookForwarder: AlarmForwarder {
    let name: String
    let kind = "webhook"
    let limits = DeliveryMachine.Limits()
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let poster: HTTPPoster
    private let template: EventTemplate?

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        let url = try fields.address("url", schemes: ["http", "https"])
        poster = HTTPPoster(
            url: url.text, headers: try fields.headers("headers"), authority: try fields.certificates("ca"))
        template = try fields.json("template").map { json throws(CommandLineError) in
            let template = EventTemplate(json)
            if let stranger = template.unknown {
                throw fields.flaw(
                    "template", "found {\(stranger)}", "fields among \(EventTemplate.fields.joined(separator: ", "))")
            }
            return template
        }
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        for letter in letters {
            let json = template?.filled(with: letter.event) ?? CloudEvent.envelope(of: letter.event)
            let type = template == nil ? CloudEvent.mediaType : "application/json"
            let outcome = poster.post(Array(json.description.utf8), type: type, trace: letter.trace)
            guard outcome == .taken else { return outcome }
        }
        return .taken
    }
}

/// A JSON value with `{field}` in its texts. A text that is one field alone becomes that field's own value, so that what
/// comes out is JSON whatever the fields hold.
struct EventTemplate: Sendable {
    /// The fields that there are.
    static let fields = [
        "alarm", "at", "confirmed", "entity", "fault", "federation", "groups", "incident", "metrics", "onset",
        "reconstruction", "score", "sequence", "severity", "similarity", "site", "state", "summary", "worker",
    ]

    private let json: JSONValue
    /// A field that does not exist, if the template has one.
    private(set) var unknown: String?

    init(_ json: JSONValue) {
        self.json = json
        unknown = Self.names(in: json).first { !Self.fields.contains($0) }
    }

    private static func names(in json: JSONValue) -> [String] {
        switch json {
        case .string(let text): text.matches(of: /\{([a-z]+)\}/).map { String($0.1) }
        case .array(let elements): elements.flatMap(names)
        case .object(let object): object.sorted { $0.key < $1.key }.flatMap { names(in: $0.value) }
        default: []
        }
    }

    func filled(with event: AlarmEvent) -> JSONValue { Self.fill(json, Self.values(of: event)) }

    private static func fill(_ json: JSONValue, _ values: [String: JSONValue]) -> JSONValue {
        switch json {
        case .string(let text):
            if let match = text.wholeMatch(of: /\{([a-z]+)\}/) { return values[String(match.1)] ?? .null }
            return .string(
                text.replacing(/\{([a-z]+)\}/) { match in
                    switch values[String(match.1)] {
                    case .string(let text): text
                    case .null, nil: ""
                    case let other?: other.description
                    }
                })
        case .array(let elements): return .array(elements.map { fill($0, values) })
        case .object(let object): return .object(object.mapValues { fill($0, values) })
        default: return json
        }
    }

    private static func values(of event: AlarmEvent) -> [String: JSONValue] {
        func text(_ value: String?) -> JSONValue { value.map(JSONValue.string) ?? .null }
        func time(_ seconds: Double) -> JSONValue { AlarmTime.text(seconds).map(JSONValue.string) ?? .number(seconds) }
        return [
            "alarm": .string(event.id), "at": time(event.at.time), "confirmed": text(event.handling?.confirmedAs),
            "entity": .string(event.entity), "fault": text(event.fault?.name), "federation": text(event.federation),
            "groups": .array(event.groups.map(JSONValue.string)), "incident": text(event.incident),
            "metrics": .array(event.fingerprint.map { .string($0.metric) }), "onset": time(event.onset.time),
            "reconstruction": event.reconstruction.map(JSONValue.number) ?? .null, "score": .number(event.score),
            "sequence": JSONValue(event.sequence ?? 0), "severity": .string(event.severity.rawValue),
            "similarity": event.fault.map { .number($0.similarity) } ?? .null, "site": .string(event.site),
            "state": .string(event.state.rawValue), "summary": .string(AlarmText.summary(of: event)),
            "worker": .string(event.worker),
        ]
    }
}
