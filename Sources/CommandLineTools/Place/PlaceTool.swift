package import CommandLineSupport
import Placement

/// `fl-place`: the placement command line.
package enum PlaceTool {
    /// The tool with all its commands.
    package static let program = CommandLineProgram(
        name: "fl-place", version: Tool.version,
        summary: "decides how many workers run, where, and with which accelerator; needs no running server",
        commands: [
            SolvePlacementCommand.self, ComparePlacementCommand.self, ParetoPlacementCommand.self,
            TopologyPlacementCommand.self, SweepPlacementCommand.self, ExportPlacementCommand.self,
            ExplainPlacementCommand.self, BenchPlacementCommand.self,
        ],
        translate: translate)

    /// What an infeasible instance leaves with.
    static let infeasible = ExitStatus(code: 3)

    @Sendable
    private static func translate(_ error: any Error) -> CommandLineError? {
        guard let error = error as? PlacementError else { return Tool.translate(error) }
        return switch error.code {
        case .malformedInput, .tooLarge: CommandLineError(.data, error.description)
        case .unreadableFile: CommandLineError(.noInput, error.description)
        case .unsupportedCombination: CommandLineError(.usage, "--\(error.field): \(error.reason)")
        }
    }
}
