import CommandLine
import Laboratory

/// `fl-train`: the offline command line.
enum TrainTool {
    /// The tool with all its commands.
    static let program = CommandLineProgram(
        name: "fl-train",
        summary: "trains, scores and explains anomaly detectors on metric files; needs no running server",
        commands: [
            InspectCommand.self,
            FetchCommand.self,
            GenerateCommand.self,
            InjectCommand.self,
            TrainCommand.self,
            ScoreCommand.self,
            EvaluateCommand.self,
            ExplainCommand.self,
            StatesCommand.self,
            IncidentsCommand.self,
            ExportCommand.self,
            LibraryCommand.self,
            BenchmarkCommand.self,
            BenchCommand.self,
            BenchReadersCommand.self,
            BenchStreamCommand.self,
            BenchStoreCommand.self,
            DevicesCommand.self,
            ProfileCommand.self,
            StudyCommand.self,
            PoisonCommand.self,
            SimulateFleetCommand.self,
        ])
}
