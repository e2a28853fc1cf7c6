import CommandLine
import Platform
import Services

/// `fl-alerts incidents`.
struct IncidentsCommand: Command {
    static let manual = CommandManual(
        name: "incidents", summary: "show incidents",
        discussion: """
            An incident is what alarms of one or several entities make that come together: the likeliest culprit, since when, \
            how severe at its worst, the known fault that it is like, and its identity, which ack, note, confirm and false \
            take as --incident. Those that go on come first, then the latest; with filters those that an alarm is in that \
            every filter fits. fl-alerts shows them with their alarms.
            """,
        examples: [
            .init("fl-alerts incidents", "as a table"),
            .init("fl-alerts incidents --site 'plant-*' --format ndjson", "of some places, one a line"),
        ],
        options: AlertsCommand.access + AlarmFilter.options + [AlertsCommand.format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let list = try await BackgroundThread.run { try IncidentList.read(client) }.shown(by: AlarmFilter(arguments))
        let format = arguments[AlertsCommand.format]
        guard format == .table else { return try console.print(list.forms(withAlarms: false), as: format) }
        let table = IncidentTable(list, withAlarms: false, usesColour: console.usesColour)
        if table.lines.isEmpty {
            console.note("no incidents")
        } else {
            console.print(table.lines.joined(separator: "\n"))
        }
    }
}

extension IncidentList {
    private struct Health: Decodable { let lastAlarm: Int64 }

    /// Events of the log that are looked at where everything is shown.
    private static let mostEvents: Int64 = 20_000

    /// As many incidents as a server tells, with their alarms.
    ///
    /// - Throws: `CommandLineError` when no server answers or what answers is none.
    static func read(_ client: ServerClient) throws -> IncidentList {
        let health = try client.get(Health.self, "/healthz")
        return try IncidentList(client, latest: mostIncidents, lastAlarm: health.lastAlarm, events: mostEvents)
    }
}
