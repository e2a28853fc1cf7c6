import Platform

/// Names the bytes of an answer, so that whoever has them need not get them again (RFC 9110, 8.8.3).
struct EntityTag: Sendable {
    /// In quotes, as headers have it.
    let text: String

    /// The tag of bytes: half of their SHA-256.
    init(of body: [UInt8]) { text = "\"\(SHA256.hexadecimalDigest(of: body).prefix(32))\"" }

    /// The answer with this tag; 304 without a body where the client has it.
    func answer(to request: HTTPRequest, with whole: HTTPResponse) -> HTTPResponse {
        let known = (request.header("If-None-Match") ?? "").split(separator: ",").map {
            let tag = $0.trimmingPrefix { $0 == " " }
            // Weak tags compare like strong ones here (RFC 9110, 13.1.2).
            return tag.hasPrefix("W/") ? tag.dropFirst(2) : tag
        }
        guard known.contains(where: { $0 == text || $0 == "*" }) else { return whole.adding("ETag", text) }
        return .whole(status: 304, type: "", body: [], headers: ["ETag": text])
    }
}
