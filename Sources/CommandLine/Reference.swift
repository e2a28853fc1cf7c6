/// The reference page of a tool, in Markdown: every command with its options, as `docs/reference/` keeps it.
struct Reference {
    let tool: String
    let summary: String

    /// The page; `TOOL --reference` prints it.
    func page(_ manuals: [CommandManual]) -> String {
        var text = """
            # \(tool)

            \(summary.prefix(1).uppercased() + summary.dropFirst()).

            Written by `\(tool) --reference`. Every option can also stand in a JSON file given with `--config FILE`, under \
            the key in the second column; the command line wins over the file, and an unknown key is an error. \
            `--print-config` prints such a file with every option and its default.

            """
        for manual in manuals {
            let name = manual.name.isEmpty ? tool : "\(tool) \(manual.name)"
            text += "\n## \(name)\n\n\(manual.discussion)\n"
            if !manual.examples.isEmpty {
                text += "\n"
                for example in manual.examples { text += "- `\(example.commandLine)`: \(example.explanation)\n" }
            }
            text += "\n| option | key | default | meaning |\n| --- | --- | --- | --- |\n"
            for option in manual.options { text += row(option) }
        }
        return text
    }

    private func row(_ option: OptionSpecification) -> String {
        let value = option.arity == .many ? "\(option.placeholder)…" : option.placeholder
        let written =
            option.isPositional ? value : option.arity == .none ? "--\(option.name)" : "--\(option.name) \(value)"
        let fallback = option.isRequired ? "required" : option.fallbackText.map { "`\($0)`" } ?? ""
        let meaning = option.help.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
        return "| `\(written)` | `\(option.key)` | \(fallback) | \(meaning); \(option.expectation) |\n"
    }
}
