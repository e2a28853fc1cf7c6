import CommandLine
import Foundation
import Platform
import Telemetry

/// The options of a worker that say where samples come from without an end.
enum SourceOptions {
    static let sources = Option<SourceList>(
        "sources", "JSON", default: SourceList(),
        "where samples come from: a list of objects with a kind, best in the configuration file; see docs/live.md")
    static let follow = Option<[String]>(
        "follow", "PATH", default: [], "files to which rows are appended: what is there first, then what comes")
    static let scrape = Option<[String]>(
        "scrape", "URL", default: [], "endpoints with metrics to scrape once a second")
    static let history = Option<String>.optional(
        "history", "URL", "a Prometheus whose history is read first, so that learning starts with it")
    static let historyQuery = Option<String>.optional(
        "history-query", "SELECTOR",
        #"which series of it, as '{job="node"}'; those of the scraped addresses when not given"#)
    static let historyLast = Option<String>(
        "history-last", "TIME", default: "7d", "how far back", constraint: "a time such as 7d",
        valid: { DurationText.seconds($0) != nil })
    static let firstRows = Option<Int>(
        "first-rows", "N", default: 120,
        "rows that a live entity has before the federation hears of this worker", constraint: "at least 8",
        valid: { $0 >= 8 })
    static let storeMegabytes = Option<Int>(
        "store-megabytes", "MEGABYTES", default: 1_024, "size of the sample store; the oldest samples go first",
        constraint: "1 to 1000000", valid: { (1...1_000_000).contains($0) })
    static let storeDays = Option<Double>(
        "store-days", "DAYS", default: 14, "age of the oldest samples that are kept", constraint: "more than 0",
        valid: { $0 > 0 && $0.isFinite })
    static let acceptAfter = Option<String>(
        "accept-after", "TIME", default: "30m", "an alarm that stands for longer is a change, and is learned from",
        constraint: "a time such as 30m", valid: { DurationText.seconds($0) != nil })

    /// All of them, in the order of the help.
    static let all: [any AnyOption] = [
        sources, follow, scrape, history, historyQuery, historyLast, firstRows, storeMegabytes, storeDays, acceptAfter,
    ]

    /// What they say, one configuration a source.
    ///
    /// - Throws: `CommandLineError` (78) that names the entry and what is wrong with it.
    static func configurations(_ arguments: Arguments) throws -> [SourceConfiguration] {
        var result: [SourceConfiguration] = []
        do {
            for (index, json) in arguments[sources].elements.enumerated() {
                result.append(try SourceConfiguration(json: json, index: index))
            }
        } catch let error as TelemetryError {
            throw CommandLineError(.configuration, error.description)
        }
        for path in arguments[follow] {
            var source = SourceConfiguration(kind: .follow)
            source.path = path
            result.append(source)
        }
        if let url = arguments[optional: history] {
            guard ScrapeTarget(url) != nil else {
                throw CommandLineError(.usage, "--history '\(url)': expected an http or https address")
            }
            var query = SourceConfiguration(kind: .query)
            query.url = url
            query.last = arguments[historyLast]
            query.query =
                arguments[optional: historyQuery]
                ?? selector(arguments[scrape].compactMap { ScrapeTarget($0)?.instance })
            query.goesOn = arguments[scrape].isEmpty
            result.append(query)
        }
        if !arguments[scrape].isEmpty {
            for text in arguments[scrape] where ScrapeTarget(text) == nil {
                throw CommandLineError(
                    .usage,
                    "--scrape '\(text)': expected an http or https address, such as http://127.0.0.1:9100/metrics")
            }
            var source = SourceConfiguration(kind: .scrape)
            source.targets = arguments[scrape]
            result.append(source)
        }
        return result
    }

    /// The series of these instances.
    private static func selector(_ instances: [String]) -> String? {
        guard !instances.isEmpty else { return nil }
        let escaped = instances.map { $0.replacing(".", with: #"\\."#) }
        return "{instance=~\"\(escaped.joined(separator: "|"))\"}"
    }
}

/// A list of JSON objects, as an option.
struct SourceList: OptionValue {
    var elements: [JSONValue] = []

    static var expectation: String { "a JSON list of objects" }
    static func parse(_ words: [String]) -> SourceList? {
        guard let word = words.first, let json = try? DeterministicJSON.decode(JSONValue.self, from: Array(word.utf8))
        else { return nil }
        return parse(json)
    }
    static func parse(_ json: JSONValue) -> SourceList? {
        guard case .array(let elements) = json else { return nil }
        return SourceList(elements: elements)
    }
    var json: JSONValue { .array(elements) }
}
