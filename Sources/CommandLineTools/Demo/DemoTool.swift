package import CommandLineSupport

/// `fl-demo`: the main job on one machine.
package enum DemoTool {
    /// The tool.
    package static let program = CommandLineProgram(
        name: "fl-demo", version: Tool.version,
        summary: "runs a server and a worker for each site on this machine, from training to alarms",
        commands: [DemoCommand.self], translate: Tool.translate)
}
