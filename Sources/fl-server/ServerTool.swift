import CommandLine

/// `fl-server`: coordinates a federation.
enum ServerTool {
    /// The tool.
    static let program = CommandLineProgram(
        name: "fl-server",
        summary: "coordinates rounds of federated training, keeps models, workers and alarms, serves them over HTTP",
        commands: [
            ServerCommand.self, ReplayCommand.self, BackupCommand.self, EnrolCommand.self, KeysCommand.self,
            AuditCommand.self, VersionsCommand.self, ConfigureCommand.self,
        ])
}
