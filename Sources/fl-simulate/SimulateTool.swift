import CommandLine
import Simulation

@main
struct Main {
    static func main() async {
        await SimulateTool.program.main()
    }
}

/// `fl-simulate`: whole clusters on one time line.
enum SimulateTool {
    static let program = CommandLineProgram(
        name: "fl-simulate",
        summary: "plays whole federations from seeds, with every fault there is, and holds them to what is promised",
        commands: [SimulateCommand.self, EnginesCommand.self])
}
