package import Platform

/// Values that are changed while a program runs, by the keys of its configuration file.
extension Arguments {
    /// The same with other values for some options.
    ///
    /// - Throws: ``CommandLineError`` (78) that names the key, what was found and what is expected.
    package func changed(
        by changes: [String: JSONValue], of manual: CommandManual
    ) throws(CommandLineError) -> Arguments {
        var values = values
        for (key, json) in changes.sorted(by: { $0.key < $1.key }) {
            guard let option = manual.options.first(where: { $0.key == key }) else {
                let known = Spelling.suggestion(for: key, among: manual.options.map(\.key))
                throw CommandLineError(
                    .configuration, "unknown key '\(PrintableText.line(key, limit: 60))'\(known)")
            }
            guard option.check(.json(json)) else {
                let found = PrintableText.line(json.kind, limit: 120)
                throw CommandLineError(
                    .configuration, "\(key): found \(found), expected \(option.expectation)")
            }
            values[option.name] = .json(json)
        }
        return Arguments(values: values, reader: reader)
    }

    /// An option's value as a configuration file has it: as given, or its fallback; null where it has neither.
    package func json(_ key: String, of manual: CommandManual) -> JSONValue {
        guard let option = manual.options.first(where: { $0.key == key }) else { return .null }
        return values[option.name].flatMap(option.json) ?? option.fallback ?? .null
    }
}

extension AnyOption {
    /// Its name on the command line, without the dashes.
    package var name: String { untyped.name }
    /// Its key in a configuration file.
    package var key: String { untyped.key }
}

extension CommandManual {
    /// An option's key by its name or its key; `nil` where there is no such option.
    package func key(of word: String) -> String? {
        options.first { $0.key == word || $0.name == word }?.key
    }

    /// An option's name by its key.
    package func name(of key: String) -> String? { options.first { $0.key == key }?.name }

    /// What a right value of a key looks like.
    package func expectation(of key: String) -> String? { options.first { $0.key == key }?.expectation }
}
