import CommandLine

/// `fl-alerts note`.
struct NoteCommand: Command {
    private static let text = Option<String>.required("text", "TEXT", "what to write, at most 2000 bytes")

    static let manual = CommandManual(
        name: "note", summary: "write a note beside an alarm",
        discussion: "The latest 32 notes of an alarm or an incident are kept, with who wrote them and when.",
        examples: [.init("fl-alerts note 17 --text 'disk replaced, see ticket 4711'", "for whoever comes next")],
        options: [OperationSubject.alarm, OperationSubject.incident, text] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        try await OperationSubject.operate("note", arguments, with: ["text": .string(arguments[Self.text])])
    }
}
