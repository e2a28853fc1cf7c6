import CommandLine
import Foundation
import Platform
import Watching

/// `fl-alerts audit`.
struct AuditCommand: Command {
    private static let since = Option<Int>(
        "since", "NUMBER", default: 0, "only changes after this one", constraint: "at least 0", valid: { $0 >= 0 })

    static let manual = CommandManual(
        name: "audit", summary: "show who changed what, and when",
        discussion: """
            Every acknowledgement, note, verdict, silence and hint, and what workers have learned from verdicts, with its \
            number, its time and who made it: the latest 100,000 are kept.
            """,
        examples: [.init("fl-alerts audit --since 40", "what came after change 40")],
        options: [since] + AlertsCommand.access + [AlertsCommand.format])

    private struct Page: Decodable {
        let entries: [AuditEntry]
        let last: Int64
        let more: Bool
    }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        var last = Int64(arguments[Self.since])
        let format = arguments[AlertsCommand.format]
        var all: [AuditEntry] = []
        var table = Table(["number", "time", "by", "operation", "about", "text"])
        while true {
            let since = last
            let page = try await BackgroundThread.run { try client.get(Page.self, "/v1/audit?since=\(since)") }
            switch format {
            case .table: for entry in page.entries { table.add(Self.cells(entry)) }
            case .json: all += page.entries
            case .ndjson: try console.print(page.entries, as: .ndjson)
            }
            guard page.more, page.last > last else { break }
            last = page.last
        }
        switch format {
        case .json: try console.print(all, as: .json)
        case .ndjson: break
        case .table: table.isEmpty ? console.note("no changes") : console.print(table.text)
        }
    }

    private static func cells(_ entry: AuditEntry) -> [String] {
        let about = entry.alarm ?? entry.incident ?? entry.silence.map { "silence \($0)" } ?? entry.fault ?? ""
        let text = [
            entry.matcher.map(SilencesCommand.text), entry.operation == "confirm" ? entry.fault : nil, entry.text,
        ].compactMap(\.self).joined(separator: "; ")
        return ["\(entry.number)", time(entry.at), entry.by, entry.operation, about, text]
    }

    /// A date for people.
    static func time(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
