package import Web

/// A server's HTTP endpoint, and how one talks to it.
package struct HTTPPeer: Equatable, Sendable {
    /// Its name or address.
    package var host: String
    /// Its port.
    package var port: Int
    /// What its certificate has to be; `nil`: nothing is encrypted.
    package var trust: HTTPExchange.Trust?
    /// What is shown to it; `nil`: nothing, or for changes what a server of the same user on this machine has put down.
    package var token: String?

    /// An endpoint with every field given.
    package init(host: String, port: Int, trust: HTTPExchange.Trust? = nil, token: String? = nil) {
        self.host = host
        self.port = port
        self.trust = trust
        self.token = token
    }

    private static let scheme = "https://"

    /// The endpoint of `HOST:PORT` or `https://HOST:PORT`; `nil` where the text is neither.
    package init?(_ text: String) {
        let isSecured = text.lowercased().hasPrefix(Self.scheme)
        var rest = isSecured ? String(text.dropFirst(Self.scheme.count)) : text
        if isSecured, rest.hasSuffix("/") { rest.removeLast() }
        guard let (host, port) = ServiceOptions.address(rest), !host.contains("/") else { return nil }
        self.init(host: host, port: port, trust: isSecured ? HTTPExchange.Trust() : nil)
    }
}

extension HTTPPeer: CustomStringConvertible {
    /// The address as people write it.
    package var description: String {
        "\(trust == nil ? "" : Self.scheme)\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
