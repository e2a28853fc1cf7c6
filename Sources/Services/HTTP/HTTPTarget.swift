/// What a request's first line asks for: a path, or a whole address, as those send it who take a server for a proxy, and
/// which every server has to understand (RFC 9112, 3.2.2).
package struct HTTPTarget: Equatable, Sendable {
    /// The path, `/` where an address has none.
    package let path: String
    /// The host, with its port, that a whole address names; `nil` for a path alone.
    package let authority: String?

    /// The target as it came, without its query.
    package init(_ text: String) {
        for scheme in ["http://", "https://"] where text.prefix(scheme.count).lowercased() == scheme {
            let rest = text.dropFirst(scheme.count)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            path = end == rest.endIndex ? "/" : String(rest[end...])
            return
        }
        (path, authority) = (text, nil)
    }
}
