import FoundationEssentials
package import Platform

/// A JSON object whose keys are a command's options in camel case.
package enum ConfigurationFile {
    /// The largest configuration file that is read, in bytes.
    static let maximumBytes = 1 << 20

    /// The values in a file. Unknown keys and values of the wrong kind are errors.
    static func read(_ path: String, for manual: CommandManual) throws(CommandLineError) -> [String: OptionSource] {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw CommandLineError(.configuration, "\(path): cannot be read; expected a JSON configuration file")
        }
        guard bytes.count <= maximumBytes else {
            throw CommandLineError(
                .configuration, "\(path): \(bytes.count) bytes; a configuration file has at most \(maximumBytes)")
        }
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: bytes)
        } catch {
            let place = JSONFlaw(in: bytes).map { ": \($0)" } ?? ""
            throw CommandLineError(.configuration, "\(path): not valid JSON\(place)")
        }
        if let key = ParsedJSON.repeatedKey(in: bytes) {
            throw CommandLineError(
                .configuration,
                "\(path): \(PrintableText.line(key, limit: 60)): found it twice in one object, expected each key once")
        }
        guard case .object(let object) = value else {
            throw CommandLineError(.configuration, "\(path): found \(value.kind), expected a JSON object")
        }
        var values: [String: OptionSource] = [:]
        for (key, json) in object.sorted(by: { $0.key < $1.key }) {
            guard let option = manual.options.first(where: { $0.key == key }) else {
                let known = Spelling.suggestion(for: key, among: manual.options.map(\.key))
                throw CommandLineError(.configuration, "\(path): unknown key '\(key)'\(known)")
            }
            guard json != .null else { continue }
            guard option.check(.json(json)) else {
                throw CommandLineError(
                    .configuration, "\(path): \(key): found \(json.kind), expected \(option.expectation)")
            }
            values[option.name] = .json(json)
        }
        return values
    }

    /// Every option with its fallback, as a configuration file to start from.
    package static func template(for manual: CommandManual) -> JSONValue {
        .object(
            Dictionary(uniqueKeysWithValues: manual.options.map { ($0.key, $0.fallback ?? .null) }))
    }
}
