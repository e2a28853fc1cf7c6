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

    /// What the objects say, each with a name of its own.
    ///
    /// - Parameter most: objects that there may be.
    /// - Throws: `CommandLineError` (78) that names the field of the option, what was found and what is expected.
    func read<Item>(
        _ option: String, most: Int, name: (Item) -> String,
        _ make: (inout ForwarderFields, _ number: Int) throws(CommandLineError) -> Item
    ) throws(CommandLineError) -> [Item] {
        guard elements.count <= most else {
            throw CommandLineError(.configuration, "\(option): found \(elements.count), expected at most \(most)")
        }
        var all: [Item] = []
        for (index, element) in elements.enumerated() {
            var fields = ForwarderFields(element, path: "\(option)[\(index)]")
            let item = try make(&fields, index + 1)
            try fields.end()
            guard !all.contains(where: { name($0) == name(item) }) else {
                throw fields.flaw(
                    "name", "found '\(PrintableText.line(name(item), limit: 60))' a second time", "a name of its own")
            }
            all.append(item)
        }
        return all
    }
}
