package import CommandLineSupport

/// `fl-worker`: trains and watches beside the data of one site.
package enum WorkerTool {
    /// The tool.
    package static let program = CommandLineProgram(
        name: "fl-worker", version: Tool.version,
        summary:
            "trains beside the metrics of a site, scores their stream, and raises alarms; samples stay where they are",
        commands: [WorkerCommand.self], translate: Tool.translate)
}
