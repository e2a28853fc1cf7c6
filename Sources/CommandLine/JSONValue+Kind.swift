import Platform

extension JSONValue {
    /// The value in words, for messages: `the number 3`.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number, .signed, .unsigned: "the number \(self)"
        case .string(let value): "the text '\(value)'"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
