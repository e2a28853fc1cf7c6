import CommandLine
import Watching

/// Options that say which alarms something is about, one for each field of a matcher.
enum MatcherOptions {
    private static let byField: [(field: String, option: Option<String>)] = [
        ("site", "the place; * stands for any text, here and below"),
        ("entity", "the entity's name there"),
        ("group", "a resource group that is in alarm"),
        ("metric", "a metric that deviates"),
        ("fault", "the known fault that it is like"),
    ].map { field, text in
        let option = Option<String>.optional(
            field, "TEXT", text, constraint: "1 to \(AlarmMatcher.longest) bytes",
            valid: { (1...AlarmMatcher.longest).contains($0.utf8.count) })
        return (field, option)
    }

    /// The options.
    static let all: [any AnyOption] = byField.map(\.option)

    /// An option for severities.
    static func severity(_ text: String) -> Option<String> {
        .optional(
            "severity", "LEVEL", text, constraint: "warning, minor, major or critical",
            valid: { AlarmEvent.Severity(rawValue: $0) != nil })
    }

    /// What is given, by field.
    static func given(_ arguments: Arguments) -> [String: String] {
        byField.reduce(into: [:]) { $0[$1.field] = arguments[optional: $1.option] }
    }
}
