import CommandLine
import Platform

/// `fl-place`: the placement command line.
enum PlaceTool {
    /// The tool with all its commands.
    static let program = CommandLineProgram(
        name: "fl-place",
        summary: "decides how many workers run, where, and with which accelerator; needs no running server",
        commands: [
            SolvePlacementCommand.self, ComparePlacementCommand.self, ParetoPlacementCommand.self,
            TopologyPlacementCommand.self, SweepPlacementCommand.self, ExportPlacementCommand.self,
            ExplainPlacementCommand.self, BenchPlacementCommand.self,
        ])

    /// What an infeasible instance leaves with.
    static let infeasible = ExitStatus(code: 3)
}
