import Platform

/// The manual page of a tool, in the man macros of roff: every command with its options, from their declaration.
struct ManualPage {
    let tool: String
    let version: String
    let summary: String

    /// The page; `TOOL --man` prints it.
    func page(_ manuals: [CommandManual]) -> String {
        var text = """
            .TH \(Self.escaped(tool.uppercased())) 1 "" "Faultline \(Self.escaped(version))" "Faultline"
            .SH NAME
            \(Self.escaped(tool)) \\- \(Self.escaped(summary))
            .SH SYNOPSIS

            """
        for manual in manuals {
            text += ".B \(Self.escaped(name(of: manual)))\n"
            for option in manual.options where option.isPositional || option.isRequired {
                text += ".I \(Self.escaped(written(option)))\n"
            }
            text += "[\\fIOPTION\\fR]...\n.br\n"
        }
        text += ".SH DESCRIPTION\n"
        for manual in manuals {
            text += ".SS \(Self.escaped(name(of: manual)))\n\(Self.escaped(manual.discussion))\n"
            for option in manual.options {
                text +=
                    ".TP\n.B \(Self.escaped(written(option)))\n\(Self.escaped(option.help)); \(Self.escaped(option.expectation))"
                if let fallback = option.fallbackText, !fallback.isEmpty {
                    text += " (default \(Self.escaped(fallback)))"
                }
                text += "\n"
            }
        }
        text += """
            .SH COMMON OPTIONS
            .TP
            .B \\-\\-config FILE
            A JSON file with any of the options, under their names in camel case; the command line wins.
            .TP
            .B \\-\\-print\\-config
            Prints such a file with every option and its default.
            .TP
            .B \\-\\-help, \\-\\-version
            What they say.
            .SH EXAMPLES

            """
        for manual in manuals {
            for example in manual.examples {
                text += ".TP\n.B \(Self.escaped(example.commandLine))\n\(Self.escaped(example.explanation))\n"
            }
        }
        return text + """
            .SH EXIT STATUS
            0 when done; 64 for a command line that cannot be understood, 65 for data that cannot be used, 66 for a missing \
            file, 69 where nobody answers, 70 for a bug, 73 where nothing can be written, 78 for a configuration that cannot be.

            """
    }

    private func name(of manual: CommandManual) -> String { manual.name.isEmpty ? tool : "\(tool) \(manual.name)" }

    private func written(_ option: OptionSpecification) -> String {
        let value = option.arity == .many ? "\(option.placeholder)..." : option.placeholder
        return option.isPositional ? value : option.arity == .none ? "--\(option.name)" : "--\(option.name) \(value)"
    }

    /// Text as roff takes it: no line of it is a request, no dash a hyphen, and what is not of ASCII is named by its number.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\e").replacing("-", with: "\\-").split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { line in
            line.isEmpty ? ".PP" : line.hasPrefix(".") || line.hasPrefix("'") ? "\\&" + line : String(line)
        }.joined(separator: "\n").unicodeScalars.map { scalar in
            guard !scalar.isASCII else { return String(scalar) }
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
        }.joined()
    }
}
