import Collection
import CommandLine
import Foundation
import Platform
import Services
import Telemetry

/// The options of commands that ask a Prometheus.
enum PrometheusOptions {
    static let prometheus = Option<String>.optional(
        "prometheus", "URL",
        "an endpoint: a Prometheus, such as http://127.0.0.1:9090, or metrics, such as …:9100/metrics")
    static let query = Option<String>.optional(
        "query", "SELECTOR", #"which series of the Prometheus, as '{job="node"}'; all when not given"#)
    static let last = Option<String>.optional(
        "last", "TIME", "how far back, as 7d, 36h or 30m; an hour when not given", constraint: "a time such as 7d",
        valid: { DurationText.seconds($0) != nil })
    static let step = Option<Double>.optional(
        "step", "SECONDS", "time between two rows; the Prometheus' own scrape interval when not given",
        constraint: "more than 0", valid: { $0 > 0 && $0.isFinite })
    static let preset = Option<String>.optional(
        "preset", "NAME",
        "a preset that ships, the path of a JSON file with one, or none; found by itself when not given")
    static let bearerTokenFile = Option<String>.optional(
        "bearer-token-file", "FILE", "a file with a bearer token for the endpoint")
    static let basicAuthFile = Option<String>.optional(
        "basic-auth-file", "FILE", "a file with user:password for the endpoint")

    /// All of them, in the order of the help.
    static let all: [any AnyOption] = [query, last, step, preset, bearerTokenFile, basicAuthFile]

    /// The source that they describe.
    static func source(_ arguments: Arguments, url: String) -> SourceConfiguration {
        var source = SourceConfiguration(kind: .query)
        source.url = url
        source.query = arguments[optional: query]
        source.last = arguments[optional: last]
        source.intervalSeconds = arguments[optional: step]
        source.preset = arguments[optional: preset]
        source.bearerTokenFile = arguments[optional: bearerTokenFile]
        source.basicAuthFile = arguments[optional: basicAuthFile]
        return source
    }

    /// What an endpoint has, as sources.
    struct Endpoint {
        /// Its entities.
        var sources: [EntitySource]
        /// The kinds of endpoint that it was found to be of.
        var preset: String
        /// Series that nobody wants; of a history not known.
        var seriesLeftOut: Int?
    }

    /// Looks at the endpoint that is named; `nil` when none is.
    static func look(_ arguments: Arguments, rules: GroupRules, _ console: Console) async throws -> Endpoint? {
        guard let url = arguments[optional: prometheus] else { return nil }
        let source = source(arguments, url: url)
        let asksHistory = source.query != nil || source.last != nil
        let path = URL(string: url)?.path ?? ""
        let isBare = path.isEmpty || path == "/"
        return try await BackgroundThread.run {
            func history() throws -> Endpoint {
                let found = try HistoryReader.read(source, rules: rules, now: Date().timeIntervalSince1970) {
                    console.progress("asking: \(Int($0 * 100)) %")
                }
                return Endpoint(sources: found.sources, preset: found.preset, seriesLeftOut: nil)
            }
            func preview(_ url: String) throws -> Endpoint {
                console.progress("asking \(url) twice")
                let (found, leftOut) = try HistoryReader.preview(source, url: url, rules: rules, pause: 1)
                return Endpoint(sources: found.sources, preset: found.preset, seriesLeftOut: leftOut)
            }
            if asksHistory { return try history() }
            guard isBare else { return try preview(url) }
            // A bare address may be either: a Prometheus has metrics of its own too, and is asked for its history.
            do {
                return try history()
            } catch let error as ServiceError {
                do { return try preview(url) } catch is ServiceError { throw error }
            }
        }
    }
}
