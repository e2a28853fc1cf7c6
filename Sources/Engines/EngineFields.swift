package import Platform

/// The fields of a JSON object that a person wrote; what is wrong is one line that names the field.
package struct EngineFields {
    private let fields: [String: JSONValue]
    private let name: String

    /// - Parameter name: what the object is called in messages.
    package init(_ json: JSONValue, of name: String) throws(EngineError) {
        guard case .object(let fields) = json else {
            throw EngineError(.configuration, "\(name): expected a JSON object")
        }
        self.fields = fields.filter { $0.value != .null }
        self.name = name
    }

    /// A text of one line; `nil` where there is none.
    package func text(_ key: String) throws(EngineError) -> String? {
        guard let value = fields[key] else { return nil }
        guard let text = Self.line(value), !text.isEmpty else { throw wrong(key, "a text") }
        return text
    }

    private static func line(_ value: JSONValue) -> String? {
        guard case .string(let text) = value, text.utf8.count <= 4_096,
            text.unicodeScalars.allSatisfy(PrintableText.shows)
        else { return nil }
        return text
    }

    /// A list of texts.
    package func texts(_ key: String) throws(EngineError) -> [String]? {
        guard let value = fields[key] else { return nil }
        guard case .array(let list) = value else { throw wrong(key, "a list of texts") }
        var texts: [String] = []
        for element in list {
            guard let text = Self.line(element) else { throw wrong(key, "a list of texts") }
            texts.append(text)
        }
        return texts
    }

    /// A number within bounds.
    package func number(_ key: String, _ range: ClosedRange<Double>) throws(EngineError) -> Double? {
        switch fields[key] {
        case nil: return nil
        case .number(let number) where range.contains(number): return number
        default: throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// A whole number within bounds.
    package func whole(_ key: String, _ range: ClosedRange<Int>) throws(EngineError) -> Int? {
        guard let value = fields[key] else { return nil }
        guard case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole) else {
            throw wrong(key, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return whole
    }

    /// A JSON object.
    package func object(_ key: String) throws(EngineError) -> JSONValue? {
        guard let value = fields[key] else { return nil }
        guard case .object = value else { throw wrong(key, "an object") }
        return value
    }

    /// `true` or `false`.
    package func flag(_ key: String) throws(EngineError) -> Bool? {
        switch fields[key] {
        case nil: return nil
        case .bool(let flag): return flag
        default: throw wrong(key, "true or false")
        }
    }

    /// Any value.
    package func value(_ key: String) -> JSONValue? { fields[key] }

    /// Looks whether there is anything else.
    package func end(known: [String]) throws(EngineError) {
        for key in fields.keys.sorted() where !known.contains(key) {
            throw EngineError(
                .configuration,
                "\(name): unknown key '\(PrintableText.line(key, limit: 60))'"
                    + Spelling.suggestion(for: key, among: known))
        }
    }

    /// What is wrong with a field.
    package func wrong(_ key: String, _ expected: String) -> EngineError {
        let found = PrintableText.line(fields[key]?.description ?? "nothing", limit: 60)
        return EngineError(.configuration, "\(name): \(key): found \(found), expected \(expected)")
    }
}
