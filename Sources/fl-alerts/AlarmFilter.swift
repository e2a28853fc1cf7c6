import CommandLine
import Services
import Watching

/// Which alarms are shown: those that every option fits that is given.
struct AlarmFilter: Sendable {
    private static let site = pattern("site", "the place; * stands for any text, here and below")
    private static let entity = pattern("entity", "the entity's name there")
    private static let group = pattern("group", "a resource group that is in alarm")
    private static let metric = pattern("metric", "a metric that deviates")
    private static let fault = pattern("fault", "the known fault that it is like")
    private static let severity = Option<String>.optional(
        "severity", "LEVEL", "as severe as this or more", constraint: "warning, minor, major or critical",
        valid: { AlarmEvent.Severity(rawValue: $0) != nil })

    /// The options.
    static let options: [any AnyOption] = [site, entity, group, metric, fault, severity]

    private static func pattern(_ name: String, _ text: String) -> Option<String> {
        .optional(
            name, "TEXT", text, constraint: "1 to \(AlarmMatcher.longest) bytes",
            valid: { (1...AlarmMatcher.longest).contains($0.utf8.count) })
    }

    private let matcher: AlarmMatcher
    private let leastSeverity: AlarmEvent.Severity?
    /// Whether all alarms are shown.
    let isOpen: Bool

    init(_ arguments: Arguments) {
        matcher = AlarmMatcher(
            site: arguments[optional: Self.site], entity: arguments[optional: Self.entity],
            group: arguments[optional: Self.group], metric: arguments[optional: Self.metric],
            fault: arguments[optional: Self.fault])
        leastSeverity = arguments[optional: Self.severity].flatMap { AlarmEvent.Severity(rawValue: $0) }
        isOpen = matcher == AlarmMatcher() && leastSeverity == nil
    }

    /// Whether an event is shown.
    func shows(_ event: AlarmEvent) -> Bool {
        isOpen
            || (matcher.matches(event, fault: event.fault?.name) && leastSeverity.map { event.severity >= $0 } ?? true)
    }
}
