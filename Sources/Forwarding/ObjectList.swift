package import CommandLine
package import Platform

/// The value of an option that is a list of JSON objects. What is in them is looked at later, by what knows their fields.
package protocol ObjectList: OptionValue {
    /// The objects as they were written.
    var json: JSONValue { get }
    /// A list of objects.
    init(objects: JSONValue)
}

extension ObjectList {
    package static var expectation: String { "a list of JSON objects, as docs/operating.md has them" }

    /// One word of the command line: the list as JSON.
    package static func parse(_ words: [String]) -> Self? {
        guard let word = words.first, let json = try? DeterministicJSON.decode(JSONValue.self, from: Array(word.utf8))
        else { return nil }
        return parse(json)
    }

    package static func parse(_ json: JSONValue) -> Self? {
        guard case .array(let elements) = json else { return nil }
        let areObjects = elements.allSatisfy { if case .object = $0 { true } else { false } }
        return areObjects ? Self(objects: json) : nil
    }

    /// The objects.
    var elements: [JSONValue] {
        if case .array(let elements) = json { elements } else { [] }
    }
}
