package import Platform

/// A type that an option can have: it reads itself from the command line and from a configuration file.
package protocol OptionValue: Sendable, Equatable {
    /// How many words of the command line the option takes.
    static var arity: OptionArity { get }
    /// What the value must look like, for messages: `a whole number`.
    static var expectation: String { get }
    /// The value that these words stand for; `nil` when they do not.
    static func parse(_ words: [String]) -> Self?
    /// The value that this JSON value stands for; `nil` when it does not.
    static func parse(_ json: JSONValue) -> Self?
    /// The value as a configuration file has it.
    var json: JSONValue { get }
}

/// How many words of the command line an option takes.
package enum OptionArity: Sendable {
    /// A flag: none; `--no-NAME` switches it off.
    case none
    /// Exactly one.
    case one
    /// One or more, up to the next option; the option may also be repeated.
    case many
}

extension OptionValue {
    /// One word.
    package static var arity: OptionArity { .one }

    /// As it would be written on the command line.
    var text: String {
        switch json {
        case .string(let string): string
        case .array(let elements): Self.text(of: elements)
        default: json.description
        }
    }

    /// Texts are words of their own; anything else is one word with commas.
    private static func text(of elements: [JSONValue]) -> String {
        let words = elements.compactMap { if case .string(let word) = $0 { word } else { nil } }
        return words.count == elements.count
            ? words.joined(separator: " ") : elements.map(\.description).joined(separator: ",")
    }
}

extension Bool: OptionValue {
    package static var arity: OptionArity { .none }
    package static var expectation: String { "true or false" }
    package static func parse(_ words: [String]) -> Bool? { words.isEmpty ? true : Bool(words[0]) }
    package static func parse(_ json: JSONValue) -> Bool? {
        if case .bool(let value) = json { value } else { nil }
    }
    package var json: JSONValue { .bool(self) }
}

extension Int: OptionValue {
    package static var expectation: String { "a whole number" }
    package static func parse(_ words: [String]) -> Int? { words.first.flatMap { Int($0) } }
    package static func parse(_ json: JSONValue) -> Int? {
        switch json {
        case .number(let value): Int(exactly: value)
        case .signed(let value): Int(exactly: value)
        case .unsigned(let value): Int(exactly: value)
        default: nil
        }
    }
    package var json: JSONValue { JSONValue(self) }
}

extension UInt64: OptionValue {
    package static var expectation: String { "a whole number from 0 to 18446744073709551615" }
    package static func parse(_ words: [String]) -> UInt64? { words.first.flatMap { UInt64($0) } }
    package static func parse(_ json: JSONValue) -> UInt64? {
        switch json {
        case .number(let value): UInt64(exactly: value)
        case .unsigned(let value): value
        default: nil
        }
    }
    package var json: JSONValue { JSONValue(self) }
}

extension Double: OptionValue {
    package static var expectation: String { "a number" }
    package static func parse(_ words: [String]) -> Double? {
        words.first.flatMap { Double($0) }.flatMap { $0.isFinite ? $0 : nil }
    }
    package static func parse(_ json: JSONValue) -> Double? {
        if case .number(let value) = json { value } else { nil }
    }
    package var json: JSONValue { .number(self) }
}

extension String: OptionValue {
    package static var expectation: String { "a text" }
    package static func parse(_ words: [String]) -> String? { words.first }
    package static func parse(_ json: JSONValue) -> String? {
        if case .string(let value) = json { value } else { nil }
    }
    package var json: JSONValue { .string(self) }
}

extension Array: OptionValue where Element: OptionValue {
    /// A list of texts takes many words; lists of anything else are one word with commas.
    package static var arity: OptionArity { Element.self == String.self ? .many : .one }
    package static var expectation: String {
        Element.self == String.self ? "one or more texts" : "\(Element.expectation), or several with commas"
    }
    package static func parse(_ words: [String]) -> [Element]? {
        let parts =
            Element.self == String.self
            ? words : words.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        let values = parts.compactMap { Element.parse([$0]) }
        return values.count == parts.count && !parts.isEmpty ? values : nil
    }
    package static func parse(_ json: JSONValue) -> [Element]? {
        guard case .array(let elements) = json else { return Element.parse(json).map { [$0] } }
        let values = elements.compactMap { Element.parse($0) }
        return values.count == elements.count ? values : nil
    }
    package var json: JSONValue { .array(map(\.json)) }
}

/// An option with a fixed set of words, such as `table` and `json`.
package protocol ChoiceOptionValue: OptionValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ChoiceOptionValue {
    package static var expectation: String { ChoiceWords.start + allCases.map(\.rawValue).joined(separator: ", ") }
    package static func parse(_ words: [String]) -> Self? { words.first.flatMap { Self(rawValue: $0) } }
    package static func parse(_ json: JSONValue) -> Self? {
        if case .string(let value) = json { Self(rawValue: value) } else { nil }
    }
    package var json: JSONValue { .string(rawValue) }
}

/// How the expectation of a choice begins, by which the help knows one.
enum ChoiceWords {
    static let start = "one of "
}

/// How a command prints its result.
package enum OutputFormat: String, ChoiceOptionValue {
    /// For people.
    case table
    /// For programs: one JSON value.
    case json
}
