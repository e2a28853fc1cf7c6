package import CommandLineSupport

/// `fl-server`: coordinates a federation.
package enum ServerTool {
    /// The tool.
    package static let program = CommandLineProgram(
        name: "fl-server", version: Tool.version,
        summary: "coordinates rounds of federated training, keeps models, workers and alarms, serves them over HTTP",
        commands: [ServerCommand.self], translate: Tool.translate)
}
