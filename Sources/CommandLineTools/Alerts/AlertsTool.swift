package import CommandLineSupport

/// `fl-alerts`: the alarms of a server in a terminal.
package enum AlertsTool {
    /// The tool.
    package static let program = CommandLineProgram(
        name: "fl-alerts", version: Tool.version,
        summary: "shows the alarms of a server, those there are or as they come",
        commands: [AlertsCommand.self], translate: Tool.translate)
}
