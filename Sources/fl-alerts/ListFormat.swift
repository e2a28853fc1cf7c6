import CommandLine
import Platform

/// How a list is printed.
enum ListFormat: String, ChoiceOptionValue {
    /// For people.
    case table
    /// For programs: one JSON value.
    case json
    /// For programs that read line by line: one JSON object a line.
    case ndjson
}

extension Console {
    /// Prints a list for programs, the whole as one value or each element on a line of its own.
    func print(_ list: [some Encodable], as format: ListFormat) throws {
        guard format == .ndjson else { return print(JSONText.visible(try Console.json(list, pretty: true))) }
        for element in list { print(JSONText.visible(try Console.json(element, pretty: false))) }
    }
}
