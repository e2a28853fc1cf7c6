import CommandLine

/// `fl-alerts confirm`.
struct ConfirmCommand: Command {
    private static let fault = Option<String>.required("fault", "NAME", "what it was")

    static let manual = CommandManual(
        name: "confirm", summary: "say which fault an alarm was",
        discussion: """
            Its signature goes into the server's fault library: what is like it has that name from then on, at every site, \
            earlier alarms too. Of an incident it is the signature of the most likely culprit's alarm.
            """,
        examples: [.init("fl-alerts confirm 17 --fault disk-stall", "the alarm of event 17")],
        options: [OperationSubject.alarm, OperationSubject.incident, fault] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        try await OperationSubject.operate("confirm", arguments, with: ["fault": .string(arguments[Self.fault])])
    }
}
