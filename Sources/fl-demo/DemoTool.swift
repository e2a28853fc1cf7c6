import CommandLine

/// `fl-demo`: the main job on one machine.
enum DemoTool {
    /// The tool.
    static let program = CommandLineProgram(
        name: "fl-demo",
        summary: "runs a server and a worker for each site on this machine, from training to alarms",
        commands: [DemoCommand.self])
}
