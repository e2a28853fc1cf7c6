import Foundation
import Platform

/// What keeps a request from being done, as `application/problem+json` (RFC 9457).
struct Problem: Error, Encodable {
    let type = "about:blank"
    /// The status in words.
    let title: String
    /// The HTTP status.
    let status: Int
    /// The field, what was found and what is expected.
    let detail: String

    /// A problem with a status of HTTP.
    init(_ status: Int, _ detail: String) {
        self.status = status
        self.detail = detail
        title =
            switch status {
            case 400: "Bad Request"
            case 401: "Unauthorized"
            case 403: "Forbidden"
            case 404: "Not Found"
            case 405: "Method Not Allowed"
            case 409: "Conflict"
            case 413: "Content Too Large"
            case 415: "Unsupported Media Type"
            case 421: "Misdirected Request"
            case 422: "Unprocessable Content"
            case 429: "Too Many Requests"
            case 500: "Internal Server Error"
            case 503: "Service Unavailable"
            case 507: "Insufficient Storage"
            default: "Error"
            }
    }

    /// The answer that says so.
    var answer: HTTPResponse {
        let body = (try? JSONEncoder.oneLine.encode(self)) ?? Data()
        return .whole(status: status, type: Self.mediaType, body: Array(body) + [0x0a])
    }

    /// What a body says is wrong; `nil` where it is no problem of this kind.
    static func detail(of body: String) -> String? {
        struct Said: Decodable { let detail: String }
        return (try? JSONDecoder().decode(Said.self, from: Data(body.utf8)))?.detail
    }

    /// The media type.
    static let mediaType = "application/problem+json"

    private struct AnyValue: Decodable {
        init(from decoder: any Decoder) {}
    }

    /// That the body of a request is JSON as everybody reads it: in UTF-8, and no object says a name twice.
    ///
    /// - Throws: ``Problem`` (415, 400).
    static func checkJSON(of request: HTTPRequest) throws(Problem) {
        let parameters = (request.header("Content-Type") ?? "").split(separator: ";").dropFirst()
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1).map {
                $0.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: " \t\""))
            }
            guard parts.count == 2, parts[0] == "charset", parts[1] != "utf-8" else { continue }
            throw Problem(415, "Content-Type: found charset \(HTTPResponse.printable(parts[1])), expected utf-8")
        }
        let bytes = request.body.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(request.body.dropFirst(3)) : request.body
        let value: ParsedJSON
        do throws(JSONFlaw) {
            value = try JSONFlaw.value(of: bytes)
        } catch {
            throw Problem(400, "body: not valid JSON: \(error)")
        }
        if let name = nameSaidTwice(in: value) {
            throw Problem(400, HTTPResponse.printable("\(name): found twice, expected once"))
        }
    }

    private static func nameSaidTwice(in value: ParsedJSON) -> String? {
        switch value {
        case .object(let members):
            var names: Set<String> = []
            for member in members {
                guard names.insert(member.key).inserted else { return member.key }
                if let name = nameSaidTwice(in: member.value) { return name }
            }
            return nil
        case .array(let elements):
            for element in elements {
                if let name = nameSaidTwice(in: element) { return name }
            }
            return nil
        default: return nil
        }
    }

    /// The JSON object of a request.
    ///
    /// - Parameter keys: those that it may have.
    /// - Throws: ``Problem`` that names the field.
    static func read<Body: Decodable>(
        _ type: Body.Type, from request: HTTPRequest, keys: Set<String>
    ) throws(Problem) -> Body {
        // A page in a browser cannot send this type to another origin without asking first.
        guard request.header("Content-Type")?.lowercased().hasPrefix("application/json") ?? false else {
            throw Problem(415, "Content-Type: expected application/json")
        }
        try checkJSON(of: request)
        let decoder = JSONDecoder()
        guard let present = try? decoder.decode([String: AnyValue].self, from: Data(request.body)) else {
            throw Problem(400, "body: expected a JSON object")
        }
        if let stranger = present.keys.filter({ !keys.contains($0) }).min() {
            throw Problem(
                400,
                "\(HTTPResponse.printable(stranger)): not a key here; there are \(keys.sorted().joined(separator: ", "))"
            )
        }
        do {
            return try decoder.decode(Body.self, from: Data(request.body))
        } catch {
            var field = "body"
            var found = "not of the expected form"
            switch error as? DecodingError {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
                field = context.codingPath.map(\.stringValue).joined(separator: ".")
            case .keyNotFound(let key, let context):
                field = (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
                found = "missing"
            default: break
            }
            throw Problem(400, HTTPResponse.printable("\(field.isEmpty ? "body" : field): \(found)"))
        }
    }
}

extension HTTPResponse {
    /// The same answer; one that says what went wrong also names the trace, as `traceId`.
    func naming(_ trace: TraceContext) -> HTTPResponse {
        guard case .whole(let status, let type, let body, let headers) = self, type == Problem.mediaType,
            case .object(var members)? = try? JSONDecoder().decode(JSONValue.self, from: Data(body))
        else { return self }
        members["traceId"] = .string(trace.traceID)
        let named = Array(JSONValue.object(members).description.utf8) + [0x0a]
        return .whole(status: status, type: type, body: named, headers: headers)
    }
}
