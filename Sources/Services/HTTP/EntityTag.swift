import Platform
import Synchronization

/// Names the bytes of an answer, so that whoever has them need not get them again (RFC 9110, 8.8.3).
struct EntityTag: Sendable {
    /// In quotes, as headers have it.
    let text: String

    /// The tag of bytes: half of their SHA-256.
    init(of body: [UInt8]) { text = "\"\(SHA256.hexadecimalDigest(of: body).prefix(32))\"" }

    /// The tag of bytes that follow from these words, and from nothing else.
    init(following words: [String]) { self.init(of: Array(words.joined(separator: "\n").utf8)) }

    /// Whether the client has it.
    func isKnown(to request: HTTPRequest) -> Bool {
        let known = (request.header("If-None-Match") ?? "").split(separator: ",").map {
            let tag = $0.trimmingPrefix { $0 == " " }
            // Weak tags compare like strong ones here (RFC 9110, 13.1.2).
            return tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
        }
        return known.contains { $0 == text || $0 == "*" }
    }

    /// The answer to a client that has it: 304 without a body.
    var unchanged: HTTPResponse { .whole(status: 304, type: "", body: [], headers: ["ETag": text]) }

    /// The answer with this tag; 304 without a body where the client has it.
    func answer(to request: HTTPRequest, with whole: HTTPResponse) -> HTTPResponse {
        isKnown(to: request) ? unchanged : whole.adding("ETag", text)
    }
}

extension HTTPResponse {
    /// The same answer; a stream with an end that is no longer than what gets a tag is made at once, and gets one.
    func taggedIfShort(for request: HTTPRequest) -> HTTPResponse {
        guard case .stream(let type, false, let headers, let next) = self else { return self }
        var begun: [UInt8] = []
        while begun.count <= ServerAPI.longestTagged {
            guard let more = next() else {
                return EntityTag(of: begun).answer(
                    to: request, with: .whole(status: 200, type: type, body: begun, headers: headers))
            }
            begun += more
        }
        let first = Mutex<[UInt8]?>(begun)
        return .stream(type: type, isEndless: false, headers: headers) {
            first.withLock { $0.take() } ?? next()
        }
    }
}
