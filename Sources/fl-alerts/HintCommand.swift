import CommandLine
import Platform
import Services

/// `fl-alerts hint`.
struct HintCommand: Command {
    private static let fault = Option<String>.positional("fault", "FAULT", "the known fault")
    private static let text = Option<String>(
        "text", "TEXT", default: "", "what helps, at most 4000 bytes; without, the hint is forgotten")

    static let manual = CommandManual(
        name: "hint", summary: "write down what helps with a known fault",
        discussion: "Whoever sees the fault next sees it on the server's page, under what to do.",
        examples: [.init("fl-alerts hint disk-stall --text 'smartctl -a, then move the volume'", "for disk-stall")],
        options: [fault, text] + AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        let path = "/v1/hints/" + PercentEncoding.encoded(arguments[Self.fault])
        let text = arguments[Self.text]
        try await BackgroundThread.run {
            if text.isEmpty { return try client.delete(path) }
            try client.send(["text": .string(text)], to: path, puts: true)
        }
    }
}
