import Glibc
package import Platform

/// A tool: its commands, and what its `main` does.
package struct CommandLineProgram: Sendable {
    let name: String
    let version: String
    let summary: String
    let commands: [any Command.Type]

    /// A tool with its commands.
    package init(name: String, version: String = Tool.version, summary: String, commands: [any Command.Type]) {
        self.name = name
        self.version = version
        self.summary = summary
        self.commands = commands
    }

    /// Runs the command that the words name and returns the status to leave with.
    package func run(_ words: [String]) async -> ExitStatus {
        let console = Console(tool: name)
        do {
            try await dispatch(words, console)
            console.clearProgress()
            if let trouble = console.outputTrouble {
                throw CommandLineError(.cannotCreate, "standard output: \(trouble); what was printed is not all there")
            }
            return .success
        } catch let status as ExitStatus {
            console.clearProgress()
            return status
        } catch {
            let failure =
                error as? CommandLineError
                ?? (error as? any ReportableError).map { CommandLineError($0.exitStatus, $0.description) }
                ?? CommandLineError(.software, "internal error: \(error)", hint: "this is a bug; please report it")
            console.note(failure.description)
            if let hint = failure.hint { console.note(hint) }
            return failure.status
        }
    }

    /// Runs the process's own command line and ends the process.
    package func main() async -> Never {
        let status = await run(Array(CommandLine.arguments.dropFirst()))
        // Without the libraries' own clean-up: a thread that still computes for a process that was told to stop would lose
        // OpenBLAS's memory under its feet.
        fflush(nil)
        _exit(status.code)
    }

    /// Asks a command whether it could run.
    static let checkOption = "--check-config"

    private func check(
        _ command: any CheckableCommand.Type, _ parser: ArgumentParser, _ words: [String]
    ) async throws -> String {
        do {
            return try await command.init().check(try parser.parse(words))
        } catch let error as CommandLineError {
            throw CommandLineError(.configuration, error.description, hint: error.hint)
        } catch let error as any ReportableError {
            throw CommandLineError(.configuration, error.description)
        }
    }

    private func dispatch(_ words: [String], _ console: Console) async throws {
        let help = Help(tool: name, summary: summary)
        if words.first == "--version" {
            console.print("\(name) \(version)")
            return
        }
        if words == ["--reference"] {
            console.write(Reference(tool: name, summary: summary).page(commands.map { $0.manual }))
            return
        }
        if words == ["--man"] {
            console.write(ManualPage(tool: name, version: version, summary: summary).page(commands.map { $0.manual }))
            return
        }
        if words.count == 2, words[0] == "--completions" {
            guard let script = Completion(tool: name).script(words[1], commands.map { $0.manual }) else {
                throw CommandLineError.usage(
                    "--completions: found '\(words[1])', expected \(ChoiceWords.start)\(Completion.shells.joined(separator: ", "))"
                )
            }
            console.write(script)
            return
        }
        let command: any Command.Type
        var rest = words[...]
        if let word = words.first, let match = commands.first(where: { $0.manual.name == word && !word.isEmpty }) {
            command = match
            rest = rest.dropFirst()
        } else if let nameless = commands.first(where: { $0.manual.name.isEmpty }) {
            // What a tool does without a word, such as serving; its other commands are asked for by name.
            command = nameless
        } else {
            if words.first == "help", let topic = words.dropFirst().first {
                rest = [topic, "--help"]
            }
            guard let word = rest.popFirst(), word != "--help", word != "-h", word != "help" else {
                if words.isEmpty {
                    console.note("which command? '\(name) --help' lists them")
                    throw ExitStatus.usage
                }
                console.write(help.overview(commands.map { $0.manual }))
                return
            }
            guard let match = commands.first(where: { $0.manual.name == word }) else {
                let suggestion = Spelling.suggestion(for: word, among: commands.map { $0.manual.name })
                throw CommandLineError.usage(
                    "unknown command '\(word)'\(suggestion)", hint: "'\(name) --help' lists the commands")
            }
            command = match
        }
        if rest.contains("--help") || rest.contains("-h") {
            console.write(help.page(command.manual, isCheckable: command is any CheckableCommand.Type))
            let others = commands.map { $0.manual }.filter { !$0.name.isEmpty }
            if command.manual.name.isEmpty, !others.isEmpty { console.write(help.others(others)) }
            return
        }
        if rest.contains("--print-config") {
            console.print(ConfigurationFile.template(for: command.manual).prettyPrinted)
            return
        }
        let parser = ArgumentParser(tool: name, manual: command.manual)
        if rest.contains(Self.checkOption), let checkable = command as? any CheckableCommand.Type {
            rest.removeAll { $0 == Self.checkOption }
            console.print(try await check(checkable, parser, Array(rest)))
            return
        }
        try await command.init().run(try parser.parse(Array(rest)), console)
    }
}
