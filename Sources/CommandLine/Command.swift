import Platform

/// One command of a tool, such as `fl-train score`.
package protocol Command: Sendable {
    /// Name, help and options.
    static var manual: CommandManual { get }
    /// Makes the command; the parser hands it its arguments when it runs.
    init()
    /// Does the work. Throws ``CommandLineError`` or ``ExitStatus`` to leave with a status other than 0.
    func run(_ arguments: Arguments, _ console: Console) async throws
}

/// A command that can look, before it is started, whether what it was told can be used: `--check-config`.
package protocol CheckableCommand: Command {
    /// Looks at options, files and folders, and changes nothing.
    ///
    /// - Returns: one line that says what was looked at.
    /// - Throws: what cannot be used; the status is then 78.
    func check(_ arguments: Arguments) async throws -> String
}

/// What a command is called, what it does, and which options it has.
package struct CommandManual: Sendable {
    /// The word that selects the command; empty for a tool with one command.
    package let name: String
    let summary: String
    let discussion: String
    let examples: [Example]
    let options: [OptionSpecification]

    /// A command line to try, and what it does.
    package struct Example: Sendable {
        let commandLine: String
        let explanation: String

        /// An example.
        package init(_ commandLine: String, _ explanation: String) {
            self.commandLine = commandLine
            self.explanation = explanation
        }
    }

    /// - Parameters:
    ///   - summary: a few words, for the list of commands.
    ///   - discussion: paragraphs for `--help`, separated by empty lines; lines are wrapped again.
    package init(
        name: String, summary: String, discussion: String, examples: [Example], options: [any AnyOption]
    ) {
        self.name = name
        self.summary = summary
        self.discussion = discussion
        self.examples = examples
        self.options = options.map(\.untyped)
    }
}

/// The values of a command's options.
package struct Arguments: Sendable {
    let values: [String: OptionSource]
    /// Reads the same command line again.
    let reader: @Sendable () throws(CommandLineError) -> Arguments

    /// The same command line, with the configuration file as it is now.
    ///
    /// - Throws: ``CommandLineError`` when it cannot be used.
    package func readAgain() throws(CommandLineError) -> Arguments { try reader() }

    /// The names of options that have another value than in `earlier`, in alphabetical order.
    package func changes(since earlier: Arguments) -> [String] {
        Set(values.keys).union(earlier.values.keys).filter { values[$0] != earlier.values[$0] }.sorted()
    }

    /// The option's value: as given, or its fallback.
    ///
    /// - Precondition: the option is required or has a fallback, and the command lists it in its manual.
    package subscript<Value>(option: Option<Value>) -> Value {
        guard let value = self[ifGiven: option] ?? option.fallback else {
            preconditionFailure("--\(option.specification.name) has neither a value nor a fallback")
        }
        return value
    }

    /// The option's value if the user gave one, or its fallback if it has one.
    package subscript<Value>(optional option: Option<Value>) -> Value? { self[ifGiven: option] ?? option.fallback }

    /// The file that an option names; where the user gave none, the credential of the option's name that systemd hands the
    /// service (`LoadCredential=`), if there is one.
    package func file(_ option: Option<String>) -> String? {
        self[ifGiven: option] ?? CredentialFile.path(named: option.name) ?? option.fallback
    }

    /// The name of the first of some options that the user gave; `nil` where none was given.
    package func firstGiven(of options: [any AnyOption]) -> String? {
        options.lazy.map(\.untyped.name).first { values[$0] != nil }
    }

    /// The option's value only if the user gave one.
    package subscript<Value>(ifGiven option: Option<Value>) -> Value? {
        switch values[option.specification.name] {
        case .words(let words): Value.parse(words)
        case .json(let json): Value.parse(json)
        case nil: nil
        }
    }
}
