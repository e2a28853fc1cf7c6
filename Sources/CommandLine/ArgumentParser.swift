import Platform

/// Turns words and a configuration file into the values of one command's options.
package struct ArgumentParser {
    let tool: String
    let manual: CommandManual

    /// A parser for one command of a tool.
    package init(tool: String, manual: CommandManual) {
        self.tool = tool
        self.manual = manual
    }

    private var commandName: String { manual.name.isEmpty ? tool : "\(tool) \(manual.name)" }
    private var hint: String { "see '\(commandName) --help'" }

    /// The values given by `words`, and below them those of the file that `--config` names.
    package func parse(_ words: [String]) throws(CommandLineError) -> Arguments {
        var values = try commandLineValues(words)
        if case .words(let paths)? = values.removeValue(forKey: "config"), let path = paths.first {
            let file = try ConfigurationFile.read(path, for: manual)
            values.merge(file) { commandLine, _ in commandLine }
        }
        for option in manual.options where option.isRequired && values[option.name] == nil {
            let what = option.isPositional ? option.placeholder : "--\(option.name) \(option.placeholder)"
            throw .usage("missing \(what): \(option.help)", hint: hint)
        }
        return Arguments(values: values) { () throws(CommandLineError) in try parse(words) }
    }

    private func commandLineValues(_ words: [String]) throws(CommandLineError) -> [String: OptionSource] {
        var values: [String: OptionSource] = [:]
        var positionals = manual.options.filter(\.isPositional)[...]
        var rest = words[...]
        var optionsEnded = false
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-", !optionsEnded else {
                guard let option = positionals.first else {
                    throw .usage("unexpected argument '\(word)'", hint: hint)
                }
                guard option.arity == .many || values[option.name] == nil else { throw twice(option.placeholder) }
                if case .words(let earlier)? = values[option.name] {
                    values[option.name] = .words(earlier + [word])
                } else {
                    try checkWords([word], of: option)
                    values[option.name] = .words([word])
                }
                if option.arity != .many { positionals.removeFirst() }
                continue
            }
            if word == "--" {
                optionsEnded = true
                continue
            }
            var name = word
            while name.hasPrefix("-") { name.removeFirst() }
            var taken: [String] = []
            if let equals = name.firstIndex(of: "=") {
                taken = [String(name[name.index(after: equals)...])]
                name = String(name[..<equals])
            }
            if name == "config" {
                guard let path = taken.first ?? rest.popFirst() else {
                    throw .usage("--config needs the path of a JSON file", hint: hint)
                }
                guard values["config"] == nil else { throw twice("--config") }
                values["config"] = .words([path])
                continue
            }
            if name.hasPrefix("no-"), let flag = option(String(name.dropFirst(3))), flag.arity == .none, taken.isEmpty {
                guard values[flag.name] == nil else { throw twice("--\(flag.name)") }
                values[flag.name] = .words(["false"])
                continue
            }
            guard let option = option(name) else {
                let known = (manual.options.map(\.name) + ["config", "help", "version"])
                throw .usage("unknown option '\(word)'\(suggestion(name, known))", hint: hint)
            }
            guard option.arity == .many || values[option.name] == nil else { throw twice("--\(option.name)") }
            switch option.arity {
            case .none: break
            case .one where taken.isEmpty:
                // A value may start with a dash when it is a number: --from -3.
                if let next = rest.first, !next.hasPrefix("-") || Double(next) != nil || next == "-" {
                    taken = [next]
                    rest.removeFirst()
                }
            case .one: break
            case .many:
                while taken.isEmpty || !word.contains("="), let next = rest.first, !next.hasPrefix("-") || next == "-" {
                    taken.append(next)
                    rest.removeFirst()
                }
                if case .words(let earlier)? = values[option.name] { taken = earlier + taken }
            }
            try checkWords(taken, of: option)
            values[option.name] = .words(taken)
        }
        return values
    }

    /// Of two values one would be passed over in silence.
    private func twice(_ option: String) -> CommandLineError {
        .usage("\(option): found it twice, expected it once", hint: hint)
    }

    private func option(_ name: String) -> OptionSpecification? { manual.options.first { $0.name == name } }

    private func suggestion(_ name: String, _ known: [String]) -> String {
        Spelling.nearest(to: name, among: known).map { " (did you mean '--\($0)'?)" } ?? ""
    }

    private func checkWords(_ words: [String], of option: OptionSpecification) throws(CommandLineError) {
        let name = option.isPositional ? option.placeholder : "--\(option.name)"
        guard !words.isEmpty || option.arity == .none else {
            throw .usage("\(name) needs a value: \(option.expectation)", hint: hint)
        }
        guard option.check(.words(words)) else {
            throw .usage(
                "\(name): found '\(words.joined(separator: " "))', expected \(option.expectation)", hint: hint)
        }
    }
}
