import Glibc

/// Where a socket listens or connects to, as people write it: `tcp://HOST:PORT`, with or without `tcp://`; the host a name,
/// an IPv4 address or an IPv6 address in brackets; port `*` lets the system choose.
package struct Endpoint: Equatable, Sendable, CustomStringConvertible {
    private enum Form: Equatable {
        /// Anything that libzmq has besides TCP and that stays on this machine.
        case local(String)
        case tcp(host: String, port: Int?)
    }

    private let form: Form

    /// Reads an address.
    ///
    /// - Throws: ``TransportError`` that says which part is wrong and what is expected.
    package init(_ text: String) throws(TransportError) {
        func wrong(_ why: String) -> TransportError {
            TransportError(.badAddress, "the address '\(text)': \(why); expected tcp://HOST:PORT")
        }
        if text.hasPrefix("ipc://") || text.hasPrefix("inproc://") {
            form = .local(text)
            return
        }
        var rest = text[...]
        if let scheme = text.firstRange(of: "://") {
            guard text[..<scheme.lowerBound].lowercased() == "tcp" else {
                throw wrong("'\(text[..<scheme.upperBound])' is not served here")
            }
            rest = text[scheme.upperBound...]
        }
        guard let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") else { throw wrong("no port") }
        var host = String(rest[..<colon])
        let port = rest[rest.index(after: colon)...]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
            guard Self.isAddress(host, AF_INET6) else { throw wrong("'\(host)' is no IPv6 address") }
        } else if host.contains(":") {
            throw wrong("an IPv6 address stands in brackets, such as [::1]")
        }
        guard !host.isEmpty else { throw wrong("no host") }
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x2f && $0 < 0x7f }) else {
            throw wrong("'\(host)' cannot be a host's name")
        }
        if port == "*" {
            form = .tcp(host: host, port: nil)
            return
        }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port), number <= 65_535 else {
            throw wrong("the port is '\(port)', from 1 to 65535 are ports")
        }
        form = .tcp(host: host, port: number == 0 ? nil : number)
    }

    /// As libzmq takes it to listen: names become addresses of this machine.
    ///
    /// - Throws: ``TransportError`` where the name is none of this network's.
    package func bound() throws(TransportError) -> String {
        switch form {
        case .local(let text): return text
        case .tcp(let host, let port):
            let place = port.map { "\($0)" } ?? "*"
            if host == "*" || Self.isAddress(host, AF_INET) || Self.isAddress(host, AF_INET6) || Self.isInterface(host)
            {
                return "tcp://\(Self.bracketed(host)):\(place)"
            }
            guard let address = Self.addresses(of: host).first else { throw unknown(host) }
            return "tcp://\(Self.bracketed(address)):\(place)"
        }
    }

    /// As libzmq takes it to connect.
    ///
    /// - Throws: ``TransportError`` where the port is missing or the host cannot be connected to.
    package func connected() throws(TransportError) -> String {
        switch form {
        case .local(let text): return text
        case .tcp(let host, let port):
            guard let port, host != "*" else {
                throw TransportError(.badAddress, "cannot connect to \(self): a host and a port are needed")
            }
            return "tcp://\(Self.bracketed(host)):\(port)"
        }
    }

    /// Whether only this machine can reach it. A name is looked up, and every address that it has must be this machine's.
    package var isLoopback: Bool {
        guard case .tcp(let host, _) = form else { return true }
        if Self.isAddress(host, AF_INET) || Self.isAddress(host, AF_INET6) { return Self.isLoopback(address: host) }
        guard host != "*", !Self.isInterface(host) else { return host == "lo" }
        let found = Self.addresses(of: host)
        return !found.isEmpty && found.allSatisfy(Self.isLoopback(address:))
    }

    /// The port; `nil` where the system chooses, or there is none.
    package var port: Int? {
        guard case .tcp(_, let port) = form else { return nil }
        return port
    }

    package var description: String {
        switch form {
        case .local(let text): text
        case .tcp(let host, let port): "tcp://\(Self.bracketed(host)):\(port.map { "\($0)" } ?? "*")"
        }
    }

    private func unknown(_ host: String) -> TransportError {
        TransportError(.badAddress, "cannot listen on \(self): no machine is known as '\(host)'")
    }

    // MARK: Names and numbers

    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    private static func isLoopback(address: String) -> Bool {
        // Four numbers: inet_pton takes no others.
        isAddress(address, AF_INET) ? address.hasPrefix("127.") : ["::1", "::ffff:127.0.0.1"].contains(address)
    }

    private static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var buffer = in6_addr()
        return unsafe inet_pton(family, text, &buffer) == 1
    }

    private static func isInterface(_ name: String) -> Bool { unsafe if_nametoindex(name) != 0 }

    /// The addresses of a name, those of IPv4 first.
    private static func addresses(of host: String) -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = SocketKind.stream
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { unsafe freeaddrinfo(list) }
        var found: [(family: Int32, text: String)] = []
        var next = unsafe list
        while let entry = unsafe next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                == 0
            {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                found.append((unsafe entry.pointee.ai_family, String(decoding: bytes, as: UTF8.self)))
            }
            unsafe next = entry.pointee.ai_next
        }
        return found.sorted { ($0.family == AF_INET ? 0 : 1) < ($1.family == AF_INET ? 0 : 1) }.map(\.text)
    }
}

/// Whether an address is reachable from this machine only.
package enum LoopbackAddress {
    /// Whether ``Endpoint/isLoopback`` holds; an address that cannot be read is none.
    package static func contains(_ address: String) -> Bool { (try? Endpoint(address))?.isLoopback ?? false }
}
