import Platform

/// One option of a command: `--name VALUE` on the command line, `"name": value` in its configuration file.
package struct Option<Value: OptionValue>: Sendable {
    let specification: OptionSpecification
    let fallback: Value?
    let valid: @Sendable (Value) -> Bool

    /// An option that has a value when nobody gives one.
    ///
    /// - Parameters:
    ///   - name: in kebab case, without the dashes.
    ///   - placeholder: what stands for the value in the help, such as `SAMPLES`.
    ///   - fallback: the value when the option is not given.
    ///   - help: a sentence without a full stop.
    ///   - constraint: what `valid` demands, in words for messages (`at least 1`).
    package init(
        _ name: String, _ placeholder: String = "", default fallback: Value, _ help: String, constraint: String? = nil,
        valid: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) {
        self.init(
            name, placeholder, fallback: fallback, help, constraint: constraint, isRequired: false, isPositional: false,
            valid: valid)
    }

    /// An option without a fallback: `nil` when it is not given.
    package static func optional(
        _ name: String, _ placeholder: String, _ help: String, constraint: String? = nil,
        valid: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) -> Option {
        Option(
            name, placeholder, fallback: nil, help, constraint: constraint, isRequired: false, isPositional: false,
            valid: valid)
    }

    /// An option that must be given, on the command line or in the configuration file.
    package static func required(
        _ name: String, _ placeholder: String, _ help: String, constraint: String? = nil,
        valid: @escaping @Sendable (Value) -> Bool = { _ in true }
    ) -> Option {
        Option(
            name, placeholder, fallback: nil, help, constraint: constraint, isRequired: true, isPositional: false,
            valid: valid)
    }

    /// A required value that is written without its name, such as the `DATA` of `inspect DATA`; `--name` works too.
    package static func positional(_ name: String, _ placeholder: String, _ help: String) -> Option {
        Option(
            name, placeholder, fallback: nil, help, constraint: nil, isRequired: true, isPositional: true,
            valid: { _ in true })
    }

    /// A value that is written without its name and may be left out.
    package static func positional(
        _ name: String, _ placeholder: String, default fallback: Value, _ help: String
    ) -> Option {
        Option(
            name, placeholder, fallback: fallback, help, constraint: nil, isRequired: false, isPositional: true,
            valid: { _ in true })
    }

    /// What a right value looks like; of a text its constraint says enough.
    private static func expectation(_ constraint: String?) -> String {
        guard let constraint else { return Value.expectation }
        return Value.self == String.self ? constraint : "\(Value.expectation), \(constraint)"
    }

    private static func value(_ source: OptionSource) -> Value? {
        switch source {
        case .words(let words): Value.parse(words)
        case .json(let json): Value.parse(json)
        }
    }

    private init(
        _ name: String, _ placeholder: String, fallback: Value?, _ help: String, constraint: String?, isRequired: Bool,
        isPositional: Bool, valid: @escaping @Sendable (Value) -> Bool
    ) {
        self.fallback = fallback
        self.valid = valid
        specification = OptionSpecification(
            name: name, placeholder: placeholder, help: help, arity: Value.arity,
            expectation: Self.expectation(constraint),
            isRequired: isRequired, isPositional: isPositional, fallback: fallback?.json, fallbackText: fallback?.text,
            check: { source in Self.value(source).map(valid) ?? false }, json: { Self.value($0)?.json })
    }
}

/// An option without its type: what the parser and the help need to know.
package struct OptionSpecification: Sendable {
    let name: String
    let placeholder: String
    let help: String
    let arity: OptionArity
    let expectation: String
    let isRequired: Bool
    let isPositional: Bool
    let fallback: JSONValue?
    let fallbackText: String?
    let check: @Sendable (OptionSource) -> Bool
    /// A value as a configuration file has it; `nil` for what is none.
    let json: @Sendable (OptionSource) -> JSONValue?

    /// The option's key in a configuration file: its name in camel case.
    var key: String {
        let words = name.split(separator: "-")
        return words.dropFirst().reduce(words.first.map(String.init) ?? "") {
            $0 + $1.prefix(1).uppercased() + $1.dropFirst()
        }
    }
}

/// Where an option's value came from, and what was found there.
enum OptionSource: Sendable, Equatable {
    case words([String])
    case json(JSONValue)
}

/// Options of any type, as a command lists them.
package protocol AnyOption: Sendable {
    /// What the parser and the help need to know.
    var untyped: OptionSpecification { get }
}

extension Option: AnyOption {
    package var untyped: OptionSpecification { specification }
}
