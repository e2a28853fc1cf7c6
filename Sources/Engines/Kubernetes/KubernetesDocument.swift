import Platform

/// A document of the API server, read without trust in its form: what is not there, or is something else, is nothing.
struct KubernetesDocument {
    let json: ParsedJSON

    init(_ json: ParsedJSON) { self.json = json }

    /// - Throws: ``EngineError`` (`unreadable`).
    init(_ bytes: [UInt8], of what: String) throws(EngineError) {
        var outcome: Result<ParsedJSON, ParsedJSON.SyntaxError>?
        bytes.withUnsafeBufferPointer { buffer in
            outcome = Result { () throws(ParsedJSON.SyntaxError) in try ParsedJSON(parsing: buffer) }
        }
        switch outcome {
        case .success(let json): self.json = json
        case .failure(let error):
            throw EngineError(
                .unreadable, "the API server's \(what): at byte \(error.offset) expected \(error.expected)")
        case nil: throw EngineError(.unreadable, "the API server's \(what) cannot be read")
        }
    }

    /// The value at a path; `null` where there is none.
    subscript(_ path: String...) -> KubernetesDocument { at(path) }

    private func at(_ path: [String]) -> KubernetesDocument {
        var value = json
        for key in path {
            guard case .object(let members) = value else { return KubernetesDocument(.null) }
            value = members.first { $0.key == key }?.value ?? .null
        }
        return KubernetesDocument(value)
    }

    /// The text, if it is one.
    var text: String? { if case .string(let text) = json { text } else { nil } }
    /// The text; empty where there is none.
    var words: String { text ?? "" }
    /// Whether it is `true`.
    var isTrue: Bool { json == .bool(true) }
    /// Whether there is something.
    var exists: Bool { json != .null }
    /// The whole number, if it is one.
    var whole: Int? { if case .number(let number) = json { Int(exactly: number) } else { nil } }
    /// The elements of a list; none of anything else.
    var elements: [KubernetesDocument] {
        if case .array(let elements) = json { elements.map { KubernetesDocument($0) } } else { [] }
    }
    /// The condition of a kind in a list of conditions.
    func condition(_ kind: String) -> KubernetesDocument {
        self["status", "conditions"].elements.first { $0["type"].text == kind } ?? KubernetesDocument(.null)
    }

    /// What was said, on one line of bounded length: a word and a sentence, of which either may be missing.
    static func line(_ reason: String, _ message: String) -> String {
        let parts = [reason, message].filter { !$0.isEmpty }
        return PrintableText.line(parts.joined(separator: ": "), limit: 300)
    }
}
