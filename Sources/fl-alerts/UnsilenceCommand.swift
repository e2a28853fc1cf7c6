import CommandLine
import Platform

/// `fl-alerts unsilence`.
struct UnsilenceCommand: Command {
    private static let number = Option<Int>.positional("number", "NUMBER", "the silence's number")

    static let manual = CommandManual(
        name: "unsilence", summary: "end a silence",
        discussion: "It ends now. fl-alerts silences shows which there are.",
        examples: [.init("fl-alerts unsilence 12", "silence 12")], options: [number] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let number = arguments[Self.number]
        try await BackgroundThread.run { try client.delete("/v1/silences/\(number)") }
    }
}
