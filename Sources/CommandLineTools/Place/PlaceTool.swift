package import CommandLineSupport

/// `fl-place`: the placement command line.
package enum PlaceTool {
    /// The tool with all its commands.
    package static let program = CommandLineProgram(
        name: "fl-place", version: Tool.version,
        summary: "decides how many workers run, where, and with which accelerator; needs no running server",
        commands: [],
        translate: Tool.translate)
}
