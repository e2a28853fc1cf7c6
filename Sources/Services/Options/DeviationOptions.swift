package import CommandLine
package import Platform
package import Watching

/// The option that says which deviations of metrics count.
package enum DeviationOptions {
    package static let deviations = Option<DeviationList>(
        "deviations", "JSON", default: DeviationList(),
        "which deviations count: a list of objects with metrics, and side (above or below), leastPercent or least, best in "
            + "the configuration file; see docs/detection.md")

    /// The rules that were given, for the methods that raise alarms.
    ///
    /// - Throws: `CommandLineError` (78) that names the entry and what is wrong with it.
    package static func rules(
        _ arguments: Arguments, methods: [DetectionMethod]
    ) throws(CommandLineError) -> DeviationRules {
        var rules: [DeviationRules.Rule] = []
        for (index, json) in arguments[deviations].elements.enumerated() {
            let rule = try rule(json, path: "deviations[\(index)]")
            if rule.hasLeast, let deaf = methods.first(where: { $0.input == .residuals }) {
                throw CommandLineError(
                    .configuration,
                    "deviations[\(index)]: leastPercent and least mean nothing with the method \(deaf.name), which sees no "
                        + "metric in its own unit; expected a side only, or another method")
            }
            rules.append(rule)
        }
        return DeviationRules(rules)
    }

    private static let fields = ["metrics", "side", "leastPercent", "least"]

    private static func rule(_ json: JSONValue, path: String) throws(CommandLineError) -> DeviationRules.Rule {
        func flaw(_ field: String, _ expected: String, _ found: JSONValue?) -> CommandLineError {
            let text = found.map { "found \(PrintableText.line($0.description, limit: 80))" } ?? "missing"
            return CommandLineError(.configuration, "\(path)\(field): \(text), expected \(expected)")
        }
        guard case .object(let object) = json else { throw flaw("", "an object with metrics", json) }
        if let stranger = object.keys.sorted().first(where: { !fields.contains($0) }) {
            throw CommandLineError(
                .configuration,
                "\(path).\(PrintableText.line(stranger, limit: 60)): "
                    + "unknown\(Spelling.suggestion(for: stranger, among: fields)), "
                    + "expected one of \(fields.joined(separator: ", "))")
        }
        let patterns = "1 to 1000 patterns of metric names, such as *_errors_total"
        guard case .array(let elements)? = object["metrics"], (1...1_000).contains(elements.count) else {
            throw flaw(".metrics", patterns, object["metrics"])
        }
        var rule = DeviationRules.Rule(metrics: [])
        for element in elements {
            guard case .string(let text) = element, (1...512).contains(text.utf8.count) else {
                throw flaw(".metrics", patterns, element)
            }
            rule.metrics.append(text)
        }
        if let value = object["side"] {
            guard case .string(let text) = value, let side = DeviationRules.Side(rawValue: text) else {
                throw flaw(
                    ".side", "one of " + DeviationRules.Side.allCases.map(\.rawValue).joined(separator: ", "), value)
            }
            rule.side = side
        }
        func number(_ field: String, most: Double) throws(CommandLineError) -> Double {
            guard let value = object[field] else { return 0 }
            guard case .number(let number) = value, number > 0, number <= most else {
                throw flaw(".\(field)", "a number more than 0, at most \(most)", value)
            }
            return number
        }
        rule.leastShare = try number("leastPercent", most: 1e6) / 100
        rule.least = try number("least", most: 1e300)
        guard rule.side != .both || rule.hasLeast else {
            throw CommandLineError(
                .configuration,
                "\(path): found nothing that it leaves out, expected side (above or below), leastPercent or least")
        }
        return rule
    }
}

/// A list of JSON objects, as an option.
package struct DeviationList: OptionValue {
    var elements: [JSONValue] = []

    package static var expectation: String { "a JSON list of objects" }
    package static func parse(_ words: [String]) -> DeviationList? {
        guard let word = words.first, let json = try? DeterministicJSON.decode(JSONValue.self, from: Array(word.utf8))
        else { return nil }
        return parse(json)
    }
    package static func parse(_ json: JSONValue) -> DeviationList? {
        guard case .array(let elements) = json, elements.count <= 1_000 else { return nil }
        return DeviationList(elements: elements)
    }
    package var json: JSONValue { .array(elements) }
}

extension DeviationRules {
    /// Tells these rules from others in the names of what depends on them; empty where every deviation counts.
    var mark: String {
        guard !isEmpty, let bytes = try? DeterministicJSON.encode(self, pretty: false) else { return "" }
        return " " + SHA256.hexadecimalDigest(of: bytes)
    }
}
