import CommandLine

/// `fl-worker`: trains and watches beside the data of one site.
enum WorkerTool {
    /// The tool.
    static let program = CommandLineProgram(
        name: "fl-worker",
        summary:
            "trains beside the metrics of a site, scores their stream, and raises alarms; samples stay where they are",
        commands: [WorkerCommand.self])
}
