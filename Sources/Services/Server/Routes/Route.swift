import Platform

/// One thing that the server answers over HTTP, as `/openapi.json` describes it and as requests are held against it.
struct Route: Sendable {
    /// What comes back where all is well.
    struct Answer: Sendable {
        /// Its status.
        var status = 200
        /// Its media type; `nil` for one without a body.
        var type: String?
        /// The name of its schema in the document; `nil` for what is no JSON of one form.
        var schema: String?
        /// What it is, in a few words.
        var text = "As asked."

        /// JSON of a form that has a name in the document.
        static func json(_ schema: String, status: Int = 200) -> Answer {
            Answer(status: status, type: "application/json", schema: schema)
        }

        /// Bytes of a media type.
        static func bytes(_ type: String, _ text: String) -> Answer { Answer(type: type, text: text) }

        /// Nothing.
        static let nothing = Answer(status: 204, text: "It is done.")
    }

    /// What a request may have besides its path.
    struct Parameter: Sendable {
        /// Where it stands: `query`, `path` or `header`.
        var place = "query"
        /// Its name.
        let name: String
        /// What it says.
        let text: String
        /// The schema of its value.
        let schema: [String: JSONValue]
    }

    /// What is asked for.
    let method: HTTPRequest.Method
    /// Its path, in which `{NAME}` stands for a text of a client's.
    let path: String
    /// What it does, in one line.
    let summary: String
    /// The role that a token needs; on loopback nobody is asked for one to read.
    var role = HTTPRole.read
    /// What may stand in it.
    var parameters: [Parameter] = []
    /// Media types of its body, each with the name of its schema or `nil`.
    var bodies: [(type: String, schema: String?)] = []
    /// What comes back.
    let answers: [Answer]
    /// The schema of what says that it was not done, where that is one of the route's own.
    var failure: String?
    /// Statuses of refusals that mean something here, beside those that any request may get.
    var refusals: [Int] = []

    /// Whether a path is one of this route's.
    func takes(_ other: String) -> Bool {
        guard let open = path.firstIndex(of: "{"), let close = path.firstIndex(of: "}") else { return other == path }
        let (before, after) = (path[..<open], path[path.index(after: close)...])
        return other.utf8.count > before.utf8.count + after.utf8.count && other.hasPrefix(before)
            && other.hasSuffix(after)
    }
}

/// A whole number in a query: declared once, for the document and for those who read it.
struct NumberParameter: Sendable {
    /// Its name.
    let name: String
    /// What it may be.
    let range: ClosedRange<Int64>
    /// What it is where a request lacks it.
    let fallback: Int64
    /// What it says.
    let text: String

    /// The largest number that every reader of JSON has exactly.
    static let most: Int64 = 1 << 53 - 1

    /// A number from `range`.
    init(_ name: String, _ range: ClosedRange<Int64>, default fallback: Int64, _ text: String) {
        (self.name, self.range, self.fallback, self.text) = (name, range, fallback, text)
    }

    /// As the document has it.
    var parameter: Route.Parameter {
        Route.Parameter(
            name: name, text: text,
            schema: [
                "type": .string("integer"), "minimum": JSONValue(range.lowerBound),
                "maximum": JSONValue(range.upperBound), "default": JSONValue(fallback),
            ])
    }
}

/// One of several words in a query, or none.
struct WordParameter: Sendable {
    /// Its name.
    let name: String
    /// What it may be.
    let words: [String]
    /// What they say.
    let text: String

    /// As the document has it.
    var parameter: Route.Parameter {
        Route.Parameter(
            name: name, text: text,
            schema: ["type": .string("string"), "enum": .array(words.map(JSONValue.string))])
    }
}

/// A text in a query, or none.
struct TextParameter: Sendable {
    /// Its name.
    let name: String
    /// How many characters it has.
    let length: ClosedRange<Int>
    /// What it looks like, as JSON Schema says that; nothing here checks it.
    var pattern: String?
    /// What it says.
    let text: String

    /// As the document has it.
    var parameter: Route.Parameter {
        var schema: [String: JSONValue] = [
            "type": .string("string"), "minLength": JSONValue(length.lowerBound),
            "maxLength": JSONValue(length.upperBound),
        ]
        if let pattern { schema["pattern"] = .string(pattern) }
        return Route.Parameter(name: name, text: text, schema: schema)
    }
}

extension HTTPRequest {
    /// What a query says of a name; of two nobody can tell which one is meant.
    private func single(_ name: String) throws(Problem) -> String? {
        guard let text = query(name) else { return nil }
        guard queryCount(name) <= 1 else {
            throw Problem(400, "\(name): found \(queryCount(name)) times, expected once")
        }
        return text
    }

    /// A text of the query; `nil` where it lacks it.
    ///
    /// - Throws: ``Problem`` (400) where it is too long or too short.
    func value(_ parameter: TextParameter) throws(Problem) -> String? {
        guard let text = try single(parameter.name) else { return nil }
        let count = text.unicodeScalars.count
        guard parameter.length.contains(count) else {
            throw Problem(
                400,
                "\(parameter.name): found \(count) characters, expected \(parameter.length.lowerBound) to "
                    + "\(parameter.length.upperBound)")
        }
        return text
    }

    /// A number of the query.
    ///
    /// - Throws: ``Problem`` (400) that names it, what was found and what is expected.
    func value(_ number: NumberParameter) throws(Problem) -> Int64 {
        guard let text = try single(number.name) else { return number.fallback }
        guard let value = Int64(text), number.range.contains(value) else {
            throw Problem(
                400,
                "\(number.name): found '\(HTTPResponse.printable(text))', expected \(number.range.lowerBound) to "
                    + "\(number.range.upperBound)")
        }
        return value
    }

    /// A word of the query; `nil` where it lacks it.
    ///
    /// - Throws: ``Problem`` (400) that names it, what was found and what is expected.
    func value(_ word: WordParameter) throws(Problem) -> String? {
        guard let text = try single(word.name) else { return nil }
        guard word.words.contains(text) else {
            throw Problem(
                400,
                "\(word.name): found '\(HTTPResponse.printable(text))', expected \(word.words.joined(separator: ", ")), "
                    + "or no \(word.name)")
        }
        return text
    }
}
