import CommandLine
import Platform
import Services

/// `fl-alerts subscriptions`.
struct SubscriptionsCommand: Command {
    private static let end = Option<String>.optional("end", "ID", "end this subscription")

    static let manual = CommandManual(
        name: "subscriptions", summary: "show who has subscribed to alarms over HTTP, or end a subscription",
        discussion: """
            Consumers of 3GPP's notifications of faults. One that was tried in vain for a week ends by itself.
            """,
        examples: [
            .init("fl-alerts subscriptions", "as a table"),
            .init("fl-alerts subscriptions --end subscription-5d3c09", "that one hears no more"),
        ],
        options: [end] + AlertsCommand.access + [AlertsCommand.format])

    private struct List: Decodable { let subscriptions: [ForwardingReport.Subscription] }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        if let id = arguments[optional: Self.end] {
            return try await BackgroundThread.run {
                try client.delete("/v1/subscriptions/" + PercentEncoding.encoded(id))
            }
        }
        let list = try await BackgroundThread.run { try client.get(List.self, "/v1/subscriptions") }
        let format = arguments[AlertsCommand.format]
        guard format == .table else { return try console.print(list.subscriptions, as: format) }
        var table = Table(["id", "consumer", "since", "state", "tried in vain"])
        for entry in list.subscriptions {
            table.add([
                entry.id, entry.consumer, entry.since.map(AuditCommand.time) ?? "", entry.state,
                entry.failingSeconds.map { "\(Int(min($0, 1e9) / 3_600)) h" } ?? "",
            ])
        }
        if table.isEmpty { console.note("no subscriptions") } else { console.print(table.text) }
    }
}
