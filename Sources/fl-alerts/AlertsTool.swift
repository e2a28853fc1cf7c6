import CommandLine

/// `fl-alerts`: the alarms of a server in a terminal.
enum AlertsTool {
    /// The tool.
    static let program = CommandLineProgram(
        name: "fl-alerts",
        summary: "shows the alarms of a server, those there are or as they come",
        commands: [
            AlertsCommand.self, IncidentsCommand.self, AckCommand.self, NoteCommand.self, ConfirmCommand.self,
            FalseCommand.self,
            TopCommand.self, SilenceCommand.self, UnsilenceCommand.self, SilencesCommand.self, HintCommand.self,
            AuditCommand.self, ForwardersCommand.self, DeadCommand.self, SubscriptionsCommand.self, PageCommand.self,
        ])
}
