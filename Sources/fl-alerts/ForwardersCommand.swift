import CommandLine
import Platform
import Services

/// `fl-alerts forwarders`.
struct ForwardersCommand: Command {
    static let manual = CommandManual(
        name: "forwarders", summary: "show where alarms are sent on to, and how that goes",
        discussion: """
            Those of the server's configuration, then consumers that have subscribed (fl-alerts subscriptions). fl-alerts dead \
            shows what a peer refused.
            """,
        examples: [.init("fl-alerts forwarders", "as a table")], options: AlertsCommand.access + [AlertsCommand.format])

    private struct List: Decodable { let forwarders: [ForwardingReport.Forwarder] }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let list = try await BackgroundThread.run { try client.get(List.self, "/v1/forwarders") }
        let format = arguments[AlertsCommand.format]
        guard format == .table else { return try console.print(list.forwarders, as: format) }
        var table = Table(["name", "kind", "state", "waiting", "sent", "dead", "trouble"])
        for entry in list.forwarders {
            table.add([
                entry.name, entry.kind, entry.state, "\(entry.waiting)", "\(entry.sent)", "\(entry.deadLetters)",
                entry.trouble ?? "",
            ])
        }
        if table.isEmpty { console.note("no forwarders") } else { console.print(table.text) }
    }
}
