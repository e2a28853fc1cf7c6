import Foundation
package import Platform

/// What a client asked for.
package struct HTTPRequest {
    /// What it wants done.
    package enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"

        /// The method of a request's first line. HEAD is a GET whose answer's body does not go (RFC 9110, 9.3.2); the library sees
        /// to that.
        init?(word: String) { self.init(rawValue: word == "HEAD" ? "GET" : word) }
    }

    /// What it wants done.
    package var method = Method.get
    /// The path, without the query.
    package var path: String
    /// Looks up a value of the query.
    package var query: (String) -> String?
    /// How often a name stands in the query.
    package var queryCount: (String) -> Int = { _ in 1 }
    /// Looks up a header.
    package var header: (String) -> String?
    /// What it brings; empty for GET, and as a rule for DELETE.
    package var body: [UInt8] = []
    /// The trace that it belongs to, with the step that answering it is: the client's, or one that begins here.
    package var trace = HTTPRequest.step(of: nil)
    /// Whether the client said which trace it belongs to.
    package var isTraced = false

    /// The step that answering a request is.
    ///
    /// - Parameter header: the client's `traceparent`; one that is none is ignored, as the standard has it.
    package static func step(of header: TraceContext?) -> TraceContext {
        var generator = SystemRandomNumberGenerator()
        return header?.next(using: &generator) ?? .begin(using: &generator)
    }
}

/// What it gets.
package enum HTTPResponse: Sendable {
    /// A whole body; without a type for an answer that has none. Headers of its own by their names.
    case whole(status: Int, type: String, body: [UInt8], headers: [String: String] = [:])
    /// A stream: `next` gives more bytes, an empty array when there is nothing yet, `nil` at the end. It is called from a
    /// thread of the connection's own and may wait, but not for long. Streams without an end are counted.
    case stream(
        type: String, isEndless: Bool = true, headers: [String: String] = [:], next: @Sendable () -> [UInt8]?)
}

extension HTTPResponse {
    /// A line of text; one that says what went wrong goes as a ``Problem`` (RFC 9457).
    package static func text(_ status: Int, _ text: String) -> HTTPResponse {
        guard status < 400 else { return Problem(status, text.hasSuffix("\n") ? String(text.dropLast()) : text).answer }
        return .whole(status: status, type: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    /// That it was done, and nothing to say about it.
    package static var done: HTTPResponse { .whole(status: 204, type: "", body: []) }

    /// The same answer with a header more.
    package func adding(_ name: String, _ value: String) -> HTTPResponse {
        switch self {
        case .whole(let status, let type, let body, var headers):
            headers[name] = value
            return .whole(status: status, type: type, body: body, headers: headers)
        case .stream(let type, let isEndless, var headers, let next):
            headers[name] = value
            return .stream(type: type, isEndless: isEndless, headers: headers, next: next)
        }
    }

    /// JSON.
    package static func json(_ body: [UInt8]) -> HTTPResponse {
        .whole(status: 200, type: "application/json", body: body)
    }

    /// A value as JSON with sorted keys, on one line.
    package static func encoding(_ value: some Encodable) throws -> HTTPResponse {
        .json(Array(try JSONEncoder.oneLine.encode(value)) + [0x0a])
    }

    /// A peer's text as it may stand in a line for people: everything can be seen, and it is not long.
    package static func printable(_ text: String) -> String { PrintableText.line(text, limit: 120) }
}

extension JSONEncoder {
    /// Writes JSON on one line, keys sorted; numbers that JSON lacks as `"inf"`, `"-inf"` and `"nan"`.
    static var oneLine: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }
}
