/// The text of `--help`.
struct Help {
    let tool: String
    let summary: String

    static let width = 100

    /// The list of commands of a tool.
    func overview(_ manuals: [CommandManual]) -> String {
        let width = manuals.map(\.name.count).max() ?? 0
        let list = manuals.map { "  \(Self.pad($0.name, width))  \($0.summary)" }
        return """
            \(tool): \(summary)

            Usage: \(tool) COMMAND [OPTIONS]

            Commands:
            \(list.joined(separator: "\n"))

            '\(tool) COMMAND --help' explains a command with examples; '\(tool) --version' prints the version.

            """
    }

    /// The commands beside the one that needs no word.
    func others(_ manuals: [CommandManual]) -> String {
        let width = manuals.map(\.name.count).max() ?? 0
        let list = manuals.map { "  \(Self.pad($0.name, width))  \($0.summary)" }
        return "\nOther commands ('\(tool) COMMAND --help' explains one):\n\(list.joined(separator: "\n"))\n"
    }

    /// The help of one command.
    func page(_ manual: CommandManual, isCheckable: Bool = false) -> String {
        let name = manual.name.isEmpty ? tool : "\(tool) \(manual.name)"
        let required = manual.options.filter(\.isRequired).map { option in
            let value = option.arity == .many ? "\(option.placeholder)…" : option.placeholder
            return option.isPositional ? value : "--\(option.name) \(value)"
        }
        var text = "\(name): \(manual.summary)\n\n"
        text += "Usage: \(([name] + required).joined(separator: " ")) [OPTIONS]\n\n"
        for paragraph in manual.discussion.split(separator: "\n\n") { text += Self.wrap(String(paragraph)) + "\n\n" }
        if !manual.examples.isEmpty {
            text += "Examples:\n"
            for example in manual.examples {
                text += "  \(example.commandLine)\n" + Self.wrap(example.explanation, indent: 6) + "\n"
            }
            text += "\n"
        }
        text += "Options:\n"
        for option in manual.options { text += entry(option) }
        text += Self.entry("--config FILE", "read options from a JSON file; the command line wins over it")
        text += Self.entry("--print-config", "print a configuration file with every option and its default")
        if isCheckable {
            text += Self.entry(
                CommandLineProgram.checkOption,
                "look whether options, files and folders can be used, change nothing, and leave with status 0 or 78")
        }
        text += Self.entry("--help", "print this page")
        return text
    }

    private func entry(_ option: OptionSpecification) -> String {
        var head = option.isPositional ? option.placeholder : "--\(option.name)"
        if !option.isPositional, option.arity != .none { head += " \(option.placeholder)" }
        if option.arity == .many { head += "…" }
        var text = option.help
        if option.expectation.hasPrefix(ChoiceWords.start) { text += "; \(option.expectation)" }
        if let fallback = option.fallbackText, option.arity != .none { text += " (default: \(fallback))" }
        if option.isRequired, !option.isPositional { text += " (required)" }
        return Self.entry(head, text)
    }

    private static func entry(_ head: String, _ text: String) -> String {
        let column = 28
        let wrapped = wrap(text, indent: column)
        guard head.count + 4 <= column else { return "  \(head)\n\(wrapped)\n" }
        return "  " + pad(head, column - 2) + wrapped.dropFirst(column) + "\n"
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func wrap(_ text: String, indent: Int = 0) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = margin
        for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
            if line.count > indent, line.count + 1 + word.count > width {
                lines.append(line)
                line = margin
            }
            line += (line.count > indent ? " " : "") + word
        }
        return (lines + [line]).joined(separator: "\n")
    }
}
