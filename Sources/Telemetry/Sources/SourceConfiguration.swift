import Foundation
package import Platform

/// One entry of `sources` in a worker's configuration: where samples come from.
package struct SourceConfiguration: Codable, Hashable, Sendable {
    /// The shortest interval and the shortest time for an answer.
    private static let leastSeconds = 0.001

    /// The kinds of source.
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// Files and folders, read to their end.
        case files
        /// A file to which rows are appended.
        case follow
        /// Standard input.
        case standardInput = "stdin"
        /// Endpoints with metrics in Prometheus' text format or OpenMetrics.
        case scrape = "prometheus-scrape"
        /// A Prometheus, asked by range queries: its history, then what is new.
        case query = "prometheus-query"
        /// Receives Prometheus' remote write.
        case remoteWrite = "remote-write"
        /// Receives OpenTelemetry's metrics over HTTP.
        case otlp

        /// Whether samples of the source never end.
        package var isLive: Bool { self != .files }
    }

    /// What kind of source it is.
    package var kind: Kind
    /// Names it in messages; made from the rest when not given.
    package var name: String?
    /// `files`, `follow`: where the rows are.
    package var path: String?
    /// `files`: further places.
    package var paths: [String]?
    /// `prometheus-scrape`: addresses such as `http://127.0.0.1:9100/metrics` or `127.0.0.1:9100`.
    package var targets: [String]?
    /// `prometheus-scrape`: a file with targets as Prometheus' `file_sd_configs` reads it; read again when it changes.
    package var targetFile: String?
    /// `prometheus-query`: the address of the Prometheus.
    package var url: String?
    /// `prometheus-query`: a selector of series, `{job="node"}`.
    package var query: String?
    /// `prometheus-query`: how far back it asks at the first start, as `7d`, `36h`, `30m`.
    package var last: String?
    /// `prometheus-query`: whether it asks for what is new after the history; otherwise it ends there.
    package var goesOn: Bool?
    /// `remote-write`, `otlp`: the address to listen on, `127.0.0.1:9201`.
    package var listen: String?
    /// Seconds between two samples; measured or asked for.
    package var intervalSeconds: Double?
    /// Seconds that an endpoint may take to answer.
    package var timeoutSeconds: Double?
    /// A preset that ships, the path of a JSON file with one, or `none`; found by itself when not given.
    package var preset: String?
    /// The site of its entities; the worker's when not given.
    package var site: String?
    /// Name of the entity that series belong to which no preset gives another; what the target's address or the label
    /// `instance` says when not given.
    package var entity: String?
    /// Its type.
    package var type: String?
    /// The job of its targets.
    package var job: String?
    /// Whether times in an exposition count.
    package var honourTimestamps: Bool?
    /// Bytes of an answer or a request, unpacked, at most.
    package var maximumBytes: Int?
    /// Series of the source at most.
    package var maximumSeries: Int?
    /// Metrics of an entity at most.
    package var maximumMetrics: Int?
    /// Seconds for which a row waits for samples on their way.
    package var latenessSeconds: Double?
    /// Seconds for which the last value of a series stands in for one that is missing.
    package var stalenessSeconds: Double?
    /// A file with a bearer token.
    package var bearerTokenFile: String?
    /// A file with `user:password`.
    package var basicAuthFile: String?
    /// A file with the authorities to trust.
    package var caFile: String?
    /// Whether certificates are taken as they are.
    package var insecureSkipVerify: Bool?

    /// An entry of a kind with nothing else said.
    package init(kind: Kind) { self.kind = kind }

    /// Keys that each kind knows, and whether it needs them.
    private static let keys: [Kind: (needed: [[String]], known: Set<String>)] = {
        let common: Set<String> = ["kind", "name", "site", "entity", "type"]
        let sampled: Set<String> = [
            "intervalSeconds", "preset", "job", "maximumBytes", "maximumSeries", "maximumMetrics", "latenessSeconds",
            "stalenessSeconds",
        ]
        let credentials: Set<String> = [
            "timeoutSeconds", "bearerTokenFile", "basicAuthFile", "caFile", "insecureSkipVerify",
        ]
        return [
            .files: ([["path", "paths"]], ["kind", "name", "path", "paths"]),
            .follow: ([["path"]], common.union(["path"])),
            .standardInput: ([], common),
            .scrape: (
                [["targets", "targetFile"]],
                common.union(sampled).union(credentials).union(["targets", "targetFile", "honourTimestamps"])
            ),
            .query: ([["url"]], common.union(sampled).union(credentials).union(["url", "query", "last", "goesOn"])),
            .remoteWrite: ([["listen"]], common.union(sampled).union(["listen", "bearerTokenFile"])),
            .otlp: ([["listen"]], common.union(sampled).union(["listen", "bearerTokenFile"])),
        ]
    }()

    /// Reads an entry, and says what is wrong with it.
    ///
    /// - Throws: ``TelemetryError`` (`malformed`) that names the entry's number, the key, and what would be right.
    package init(json: JSONValue, index: Int) throws {
        func failure(_ field: String?, _ found: String, _ expected: String) -> TelemetryError {
            TelemetryError(
                .malformed, field: field.map { "sources[\(index)].\($0)" } ?? "sources[\(index)]", found: found,
                expected: expected)
        }
        guard case .object(let object) = json else {
            throw failure(nil, "no object", #"{"kind": "prometheus-scrape", "targets": ["http://…/metrics"]}"#)
        }
        let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .string(let word)? = object["kind"], let kind = Kind(rawValue: word) else {
            throw failure("kind", object["kind"].map { "\($0)" } ?? "nothing", "one of \(kinds)")
        }
        let rules = Self.keys[kind] ?? ([], [])
        for key in object.keys.sorted() where !rules.known.contains(key) {
            throw failure(
                key, "a key that a source of kind \(kind.rawValue) does not have",
                "one of " + rules.known.sorted().joined(separator: ", "))
        }
        for needed in rules.needed where !needed.contains(where: { object[$0] != nil }) {
            throw failure(
                needed[0], "nothing", "\(needed.joined(separator: " or ")) for a source of kind \(kind.rawValue)")
        }
        do {
            self = try json.decode(SourceConfiguration.self)
        } catch let DecodingError.typeMismatch(_, context) {
            throw failure(context.codingPath.first?.stringValue, "a value of another type", context.debugDescription)
        } catch {
            throw failure(nil, "values of other types", "those that docs/live.md lists")
        }
        for (key, value) in [("intervalSeconds", intervalSeconds), ("timeoutSeconds", timeoutSeconds)] {
            guard let value, !(value >= Self.leastSeconds && value <= 1e9) else { continue }
            throw failure(key, "\(value)", "a number from \(Self.leastSeconds), at most 1e9")
        }
        let positive: [(key: String, value: Double?, most: Double)] = [
            ("maximumBytes", maximumBytes.map { Double($0) }, 0x1p36),
            ("maximumSeries", maximumSeries.map { Double($0) }, 1e8),
            ("maximumMetrics", maximumMetrics.map { Double($0) }, 1e6),
        ]
        for (key, value, most) in positive {
            guard let value, !(value > 0 && value <= most) else { continue }
            throw failure(key, "\(value)", "a number above 0, at most \(most)")
        }
        for (key, value) in [("latenessSeconds", latenessSeconds), ("stalenessSeconds", stalenessSeconds)] {
            guard let value, !(value >= 0 && value <= 1e9) else { continue }
            throw failure(key, "\(value)", "a number from 0, at most 1e9")
        }
        if let last, DurationText.seconds(last) == nil {
            throw failure("last", "'\(last)'", "a time such as 7d, 36h or 30m")
        }
        for (list, text) in (targets ?? []).enumerated() where ScrapeTarget(text) == nil {
            throw failure(
                "targets[\(list)]", "'\(text)'", "an http or https address, such as http://127.0.0.1:9100/metrics")
        }
        if let listen, ListenAddress(listen) == nil {
            throw failure("listen", "'\(listen)'", "HOST:PORT, such as 127.0.0.1:9201")
        }
    }

    /// The places of a source of kind `files`.
    package var files: [String] { kind == .files ? (path.map { [$0] } ?? []) + (paths ?? []) : [] }

    /// The name in messages.
    package var title: String {
        if let name { return name }
        switch kind {
        case .files, .follow: return "\(kind.rawValue) \(path ?? paths?.first ?? "")"
        case .standardInput: return "stdin"
        case .scrape: return targets?.first ?? targetFile ?? "scrape"
        case .query: return url ?? "query"
        case .remoteWrite, .otlp: return "\(kind.rawValue) \(listen ?? "")"
        }
    }
}

/// Spans of time as people write them: `90s`, `30m`, `36h`, `7d`, `2w`, also joined, `1h30m`.
package enum DurationText {
    /// Three centuries: what any clock here can be asked to add.
    private static let longest = 1e10

    /// The seconds; `nil` where the text is no span of time, or one of more than three centuries.
    package static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        var total = 0.0
        var rest = Substring(text.trimmingCharacters(in: .whitespaces))
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            guard let number = Double(digits), number.isFinite else { return nil }
            rest = rest.dropFirst(digits.count)
            if rest.hasPrefix("ms") {
                total += number / 1_000
                rest = rest.dropFirst(2)
                continue
            }
            guard let unit = rest.first.flatMap({ units[$0] }) else { return nil }
            total += number * unit
            rest = rest.dropFirst()
        }
        return total > 0 && total <= longest ? total : nil
    }
}

/// `HOST:PORT`, where HOST is a name, an IPv4 address, or an IPv6 address in brackets.
package struct ListenAddress: Hashable, Sendable {
    /// The host, without brackets.
    package var host: String
    /// The port, 0 to 65535; 0 lets the system choose.
    package var port: Int

    /// Reads an address; `nil` where the text is none.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        self.host = host.isEmpty ? "0.0.0.0" : host
        self.port = port
    }
}
