import CommandLine
import Engines
import Platform
import Services

/// `fl-engine plan`.
struct PlanCommand: Command {
    private static let format = Option<OutputFormat>(
        "format", "FORMAT", default: .table, "how to print: a table, or one JSON value")

    static let manual = CommandManual(
        name: "plan", summary: "say what run would do now",
        discussion: """
            Prints each node with what the engine says of it, what the federation wants there, what runs, and what run would do. \
            Nothing is changed, neither at the engine nor at the server: where no controller runs the server knows of no nodes, \
            and wants nothing; 'fl-engine run --once --dry-run' tells it.
            """,
        examples: [
            .init("fl-engine plan --nodes nodes.json", "a table"),
            .init("fl-engine plan --nodes nodes.json --format json", "for another program"),
        ],
        options: EngineOptions.all + [format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let log = Logger(label: "engine", minimum: .error, sink: StandardErrorSink())
        let controller = try EngineOptions.controller(arguments, settles: false, acts: false, log: log)
        let isJSON = arguments[Self.format] == .json
        try await BackgroundThread.run {
            var controller = controller
            let cycle = try controller.look(publishes: nil)
            try PlanReport(cycle, wasDone: false).print(asJSON: isJSON, console)
            if let failure = cycle.failures.first { throw CommandLineError(.unavailable, failure) }
        }
    }
}
