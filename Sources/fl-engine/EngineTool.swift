import CommandLine

/// `fl-engine`: makes the engine of a cluster run what placement decides.
enum EngineTool {
    /// The tool.
    static let program = CommandLineProgram(
        name: "fl-engine",
        summary: "makes Slurm or Kubernetes run the workers that the placement of a federation decides on",
        commands: [RunCommand.self, PlanCommand.self])
}
