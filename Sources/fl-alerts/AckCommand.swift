import CommandLine

/// `fl-alerts ack`.
struct AckCommand: Command {
    private static let undo = Option<Bool>("undo", default: false, "take the acknowledgement back")

    static let manual = CommandManual(
        name: "ack", summary: "say that somebody looks after an alarm",
        discussion: """
            Others see who has taken it on: on the feed (handling), on the server's page and in the audit. It changes nothing \
            else: the alarm stands as long as it stands, and is sent on.
            """,
        examples: [
            .init("fl-alerts ack 17", "the alarm of event 17"),
            .init("fl-alerts ack --incident site1/enb0@1767730320", "a whole incident"),
        ],
        options: [OperationSubject.alarm, OperationSubject.incident, undo] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        try await OperationSubject.operate(arguments[Self.undo] ? "unacknowledge" : "acknowledge", arguments)
    }
}
