import CommandLine
import Foundation
import Platform
import Services
package import Watching

/// Marks each alarm in Grafana's graphs by its HTTP API for annotations: a region from the alarm's onset to its end.
///
/// Grafana gives annotations numbers of its own, and takes no name for one. So each has a tag that names its alarm, and is looked
/// up by that before anything is sent: what was sent before, by whatever start of the server, is changed and not made
/// again.
///
/// Source: Grafana's documentation of `/api/annotations`.
struct GrafanaForwarder: AlarmForwarder {
    let name: String
    let kind = "grafana"
    let limits = DeliveryMachine.Limits()
    let leastSeverity: AlarmEvent.Severity
    let since: Int64?
    private let poster: HTTPPoster
    private let place: GrafanaAnnotation.Place

    init(_ common: ForwarderCommon, _ fields: inout ForwarderFields) throws(CommandLineError) {
        (name, leastSeverity, since) = (common.name, common.leastSeverity, common.since)
        let url = try fields.address("url", schemes: ["http", "https"])
        let base = url.text.hasSuffix("/") ? String(url.text.dropLast()) : url.text
        var headers = try fields.headers("headers")
        if let token = try fields.optionalText("token", most: 4_096) {
            guard !headers.contains(where: { $0.lowercased().hasPrefix("authorization:") }) else {
                throw fields.flaw("token", "found it beside headers.Authorization", "one of the two")
            }
            headers.append("Authorization: Bearer \(token)")
        }
        poster = HTTPPoster(
            url: base + "/api/annotations", headers: headers, authority: try fields.certificates("ca"))
        let dashboard = try fields.optionalText("dashboardUID", most: 40)
        let panel = try fields.number("panelId", 1...Int(Int32.max))
        guard panel == nil || dashboard != nil else {
            throw fields.flaw("panelId", "found it without dashboardUID", "both, or dashboardUID alone, or none")
        }
        var tags = ["faultline"]
        if let json = fields.json("tags") { tags = try Self.tags(json, fields) }
        place = GrafanaAnnotation.Place(
            dashboard: dashboard, panel: panel, tags: tags)
    }

    private static func tags(_ json: JSONValue, _ fields: ForwarderFields) throws(CommandLineError) -> [String] {
        let expected = "a list of at most 4 texts of 1 to 40 bytes"
        guard case .array(let elements) = json, elements.count <= 4 else {
            throw fields.flaw("tags", "found \(PrintableText.line(json.description, limit: 80))", expected)
        }
        var tags: [String] = []
        for element in elements {
            guard case .string(let tag) = element, (1...40).contains(tag.utf8.count),
                tag.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
            else { throw fields.flaw("tags", "found \(PrintableText.line(element.description, limit: 80))", expected) }
            tags.append(tag)
        }
        return tags
    }

    func send(_ letters: [Letter], isReminder: Bool) -> DeliveryOutcome {
        for letter in letters {
            let annotation = GrafanaAnnotation(letter.event, at: place, now: Date.now.timeIntervalSince1970)
            let outcome = deliver(annotation, trace: letter.trace)
            guard outcome == .taken else { return outcome }
        }
        return .taken
    }

    private func deliver(_ annotation: GrafanaAnnotation, trace: TraceContext) -> DeliveryOutcome {
        let known: Int64?
        switch poster.exchange("GET", path: annotation.lookup, trace: trace) {
        case .broken(let reason): return .failed(reason)
        case .answered(let answer):
            guard answer.outcome == .taken else { return answer.outcome }
            guard let numbers = GrafanaAnnotation.numbers(in: answer.body) else {
                return .failed("it answers a search for annotations with something else")
            }
            known = numbers.first
        }
        // What an alarm that is over looks like makes no mark where none was made.
        guard known != nil || !annotation.onlyChanges else { return .taken }
        let exchange =
            known.map { poster.exchange("PATCH", path: "/\($0)", body: annotation.change, trace: trace) }
            ?? poster.exchange("POST", body: annotation.whole, trace: trace)
        switch exchange {
        case .broken(let reason): return .failed(reason)
        case .answered(let answer): return answer.outcome
        }
    }
}

/// An alarm as an annotation of Grafana.
package struct GrafanaAnnotation: Sendable {
    /// Where annotations are shown.
    package struct Place: Sendable {
        /// The dashboard; `nil`: wherever annotations with the tags are asked for.
        package var dashboard: String?
        /// Its panel; `nil`: all of them.
        package var panel: Int?
        /// Tags that all have.
        package var tags: [String]

        /// A place with every field given.
        package init(dashboard: String?, panel: Int?, tags: [String]) {
            (self.dashboard, self.panel, self.tags) = (dashboard, panel, tags)
        }
    }

    /// The query that finds it again.
    package let lookup: String
    /// The body that makes it.
    package let whole: [UInt8]
    /// The body that changes it to what it is now.
    package let change: [UInt8]
    /// Whether it is only of interest where there is one already.
    package let onlyChanges: Bool

    /// The annotation of an alarm as an event says it is.
    ///
    /// - Parameter now: seconds since 1970, for entities whose clock does not count from there.
    package init(_ event: AlarmEvent, at place: Place, now: Double) {
        func milliseconds(_ seconds: Double) -> JSONValue {
            JSONValue(Int64(((AlarmTime.isDate(seconds) ? seconds : now) * 1_000).rounded(.down)))
        }
        // Two federations may have an alarm of the same name.
        let name = "\(event.federation ?? "")/\(event.id)"
        let tag = "alarm:\(SHA256.hexadecimalDigest(of: Array(name.utf8)).prefix(32))"
        var query = [("type", "annotation"), ("limit", "1"), ("tags", tag)]
        if let dashboard = place.dashboard { query.append(("dashboardUID", dashboard)) }
        lookup = "?" + query.map { "\($0)=\(PercentEncoding.encoded($1))" }.joined(separator: "&")
        var tags = place.tags + [tag, event.severity.rawValue]
        tags += [("site", event.site), ("entity", event.entity)].map {
            "\($0):\(Self.short($1))"
        }
        var fields: [String: JSONValue] = [
            "text": .string(AlarmText.summary(of: event)), "tags": .array(tags.map(JSONValue.string)),
        ]
        if event.state == .cleared { fields["timeEnd"] = milliseconds(event.at.time) }
        change = Array(JSONValue.object(fields).description.utf8)
        fields["time"] = milliseconds(event.onset.time)
        if let dashboard = place.dashboard { fields["dashboardUID"] = .string(dashboard) }
        if let panel = place.panel { fields["panelId"] = JSONValue(panel) }
        whole = Array(JSONValue.object(fields).description.utf8)
        onlyChanges = event.isOver == true
    }

    /// The beginning of a name: Grafana refuses annotations whose tags have more than 500 characters together.
    private static func short(_ name: String) -> String {
        var short = ""
        for scalar in PrintableText.line(name).unicodeScalars {
            guard short.utf8.count + String(scalar).utf8.count <= 60 else { break }
            short.unicodeScalars.append(scalar)
        }
        return short
    }

    /// The numbers of the annotations that a search found; `nil` for what is no answer to one.
    package static func numbers(in body: [UInt8]) -> [Int64]? {
        struct Found: Decodable { let id: Int64 }
        return (try? DeterministicJSON.decode([Found].self, from: body))?.map(\.id)
    }
}
