import CommandLine
import Foundation
import Platform
import Watching

/// `fl-alerts silences`.
struct SilencesCommand: Command {
    static let manual = CommandManual(
        name: "silences", summary: "show silences",
        discussion: "Those in force and to come, and those that were over within the last week.",
        examples: [.init("fl-alerts silences", "as a table")], options: AlertsCommand.access + [AlertsCommand.format])

    private struct List: Decodable { let silences: [Silence] }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let list = try await BackgroundThread.run { try client.get(List.self, "/v1/silences") }
        let format = arguments[AlertsCommand.format]
        guard format == .table else { return try console.print(list.silences, as: format) }
        var table = Table(["number", "state", "what", "from", "until", "by", "comment"])
        let now = Int64(Date.now.timeIntervalSince1970)
        for silence in list.silences {
            let state = silence.isActive(at: now) ? "in force" : silence.from > now ? "to come" : "over"
            table.add([
                "\(silence.id)", state, Self.text(silence.matcher), AuditCommand.time(silence.from),
                AuditCommand.time(silence.until), silence.by, silence.comment ?? "",
            ])
        }
        if table.isEmpty { console.note("no silences") } else { console.print(table.text) }
    }

    /// A matcher in words.
    static func text(_ matcher: AlarmMatcher) -> String {
        [
            ("site", matcher.site), ("entity", matcher.entity), ("group", matcher.group), ("metric", matcher.metric),
            ("fault", matcher.fault), ("alarm", matcher.alarm), ("severity at most", matcher.severity?.rawValue),
        ].compactMap { name, value in value.map { "\(name) \($0)" } }.joined(separator: ", ")
    }
}
