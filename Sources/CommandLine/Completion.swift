/// Completions of a tool for shells, from the declaration of its options.
struct Completion {
    /// The shells that there are completions for.
    static let shells = ["bash", "zsh", "fish"]

    let tool: String

    /// The script for a shell; `TOOL --completions SHELL` prints it. `nil` for a shell that is not among ``shells``.
    func script(_ shell: String, _ manuals: [CommandManual]) -> String? {
        switch shell {
        case "bash": bash(manuals)
        // What bash has is what zsh takes with its own help.
        // The file is run by the first completion, which wants an answer too.
        case "zsh":
            "#compdef \(tool)\nautoload -U +X bashcompinit && bashcompinit\n" + bash(manuals)
                + "_bash_complete -o filenames -F \(function)\n"
        case "fish": fish(manuals)
        default: nil
        }
    }

    private static let common = ["--config", "--print-config", "--help"]

    private func options(_ manual: CommandManual) -> [String] {
        manual.options.filter { !$0.isPositional }.map { "--\($0.name)" } + Self.common
    }

    /// The function of bash's.
    private var function: String { "_" + tool.replacing("-", with: "_") }

    private func bash(_ manuals: [CommandManual]) -> String {
        let commands = manuals.map(\.name).filter { !$0.isEmpty }
        var text = """
            \(function)() {
                local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} options=

            """
        if !commands.isEmpty { text += "    local commands=\"\(commands.joined(separator: " "))\"\n" }
        text += "    case ${COMP_WORDS[1]} in\n"
        for manual in manuals where !manual.name.isEmpty {
            text += "        \(manual.name)) options=\"\(options(manual).joined(separator: " "))\" ;;\n"
        }
        let nameless = manuals.first { $0.name.isEmpty }.map(options) ?? ["--help", "--version"]
        text += """
                    *) options="\(nameless.joined(separator: " "))" ;;
                esac
                case $previous in

            """
        for (name, words) in choices(manuals) {
            text +=
                "        --\(name)) COMPREPLY=($(compgen -W \"\(words.joined(separator: " "))\" -- \"$word\")); return ;;\n"
        }
        text += "    esac\n"
        if !commands.isEmpty {
            text += "    if [ \"$COMP_CWORD\" -eq 1 ]; then options=\"$commands $options\"; fi\n"
        }
        return text + """
                if [[ $word == -* || $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W "$options" -- "$word")); fi
                if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$word")); fi
            }
            complete -o filenames -F \(function) \(tool)

            """
    }

    /// Options whose values are some words, with these.
    private func choices(_ manuals: [CommandManual]) -> [(name: String, words: [String])] {
        var known: [String: [String]] = [:]
        for option in manuals.flatMap(\.options) where option.expectation.hasPrefix(ChoiceWords.start) {
            known[option.name] = option.expectation.dropFirst(ChoiceWords.start.count).split(separator: ", ").map(
                String.init)
        }
        return known.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func fish(_ manuals: [CommandManual]) -> String {
        func quoted(_ text: String) -> String {
            "'" + text.replacing("\\", with: "\\\\").replacing("'", with: "\\'") + "'"
        }
        var text = ""
        for manual in manuals {
            let condition =
                manual.name.isEmpty
                ? "__fish_use_subcommand" : "__fish_seen_subcommand_from \(manual.name)"
            if !manual.name.isEmpty {
                text +=
                    "complete -c \(tool) -f -n __fish_use_subcommand -a \(manual.name) -d \(quoted(manual.summary))\n"
            }
            for option in manual.options where !option.isPositional {
                let words = choices([manual]).first { $0.name == option.name }?.words
                let value =
                    words.map { " -x -a \(quoted($0.joined(separator: " ")))" } ?? (option.arity == .none ? "" : " -r")
                text +=
                    "complete -c \(tool) -n \(quoted(condition)) -l \(option.name)\(value) -d \(quoted(option.help))\n"
            }
        }
        return text
    }
}
