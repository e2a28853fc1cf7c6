import CommandLine

/// `fl-alerts false`.
struct FalseCommand: Command {
    private static let undo = Option<Bool>("undo", default: false, "take back that it was false, or a confirmed fault")

    static let manual = CommandManual(
        name: "false", summary: "say that nothing was wrong",
        discussion: "Marks an alarm or an incident as false, for whoever reads it. Thresholds stay as they are.",
        examples: [.init("fl-alerts false 17", "the alarm of event 17")],
        options: [OperationSubject.alarm, OperationSubject.incident, undo] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        try await OperationSubject.operate(arguments[Self.undo] ? "unjudge" : "false", arguments)
    }
}
