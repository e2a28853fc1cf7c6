import CommandLine
import Watching

/// Which alarms are shown: those that every option fits that is given.
struct AlarmFilter: Sendable {
    private static let severity = MatcherOptions.severity("as severe as this or more")

    /// The options.
    static let options: [any AnyOption] = MatcherOptions.all + [severity]

    private let matcher: AlarmMatcher
    private let leastSeverity: AlarmEvent.Severity?
    /// Whether all alarms are shown.
    let isOpen: Bool

    init(_ arguments: Arguments) {
        let given = MatcherOptions.given(arguments)
        matcher = AlarmMatcher(
            site: given["site"], entity: given["entity"], group: given["group"], metric: given["metric"],
            fault: given["fault"])
        leastSeverity = arguments[optional: Self.severity].flatMap { AlarmEvent.Severity(rawValue: $0) }
        isOpen = given.isEmpty && leastSeverity == nil
    }

    /// Whether an event is shown.
    func shows(_ event: AlarmEvent) -> Bool {
        isOpen
            || (matcher.matches(event, fault: event.fault?.name) && leastSeverity.map { event.severity >= $0 } ?? true)
    }
}
