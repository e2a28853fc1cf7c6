package import Platform

/// A failure as the user of a command sees it: one line, and the status to leave with.
package struct CommandLineError: Error, Sendable, CustomStringConvertible {
    /// What to leave with.
    package let status: ExitStatus
    /// One line: what was wrong, what was found, what was expected.
    package let description: String
    /// A second line that helps, such as where to read more.
    package let hint: String?

    /// A failure with its status and its line.
    package init(_ status: ExitStatus, _ description: String, hint: String? = nil) {
        self.status = status
        self.description = description
        self.hint = hint
    }

    /// The command line is wrong.
    package static func usage(_ description: String, hint: String? = nil) -> CommandLineError {
        CommandLineError(.usage, description, hint: hint)
    }
}
