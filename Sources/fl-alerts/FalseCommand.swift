import CommandLine

/// `fl-alerts false`.
struct FalseCommand: Command {
    private static let undo = Option<Bool>("undo", default: false, "take back that it was false, or a confirmed fault")

    static let manual = CommandManual(
        name: "false", summary: "say that nothing was wrong: it is learned from",
        discussion: """
            Marks an alarm, or an incident with its alarms, as false. The worker that serves the entity hears of it: an alarm \
            that still stands is over, and from then on the same again is none: the same metrics, up to a quarter beyond what \
            they reached. Other groups and stronger deviations still are. Models learn from its rows like from any others. \
            That holds over restarts and new versions for 30 days of the entity's clock, or until it is taken back; of each \
            entity the latest 64 count. When the worker has taken it over is on the feed (handling.learnedAt), on the page \
            and in the audit.
            """,
        examples: [
            .init("fl-alerts false 17", "the alarm of event 17"),
            .init("fl-alerts false 17 --undo", "something was wrong after all"),
        ],
        options: [OperationSubject.alarm, OperationSubject.incident, undo] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let isUndone = arguments[Self.undo]
        try await OperationSubject.operate(isUndone ? "unjudge" : "false", arguments)
        console.note(
            isUndone
                ? "taken back: as soon as its worker has heard of it, the same again is an alarm"
                : "false: as soon as its worker has heard of it, the same again is no alarm, for 30 days; --undo takes it back"
        )
    }
}
