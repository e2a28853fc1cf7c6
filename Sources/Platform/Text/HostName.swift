/// Hosts as they are named in addresses and headers, judged by their text alone: no name is looked up.
package struct HostName: Equatable, Sendable {
    /// The host, in small letters, without the brackets of an address of version 6 and without a dot at its end.
    package var host: String
    /// The port, if one is named.
    package var port: Int?
    /// Whether the host stood in brackets.
    private var isBracketed = false

    /// `host`, `host:port`, `[address]` or `[address]:port`; `nil` for anything else.
    package init?(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            host = rest[rest.index(after: rest.startIndex)..<end].lowercased()
            rest = rest[rest.index(after: end)...]
            isBracketed = true
            guard !host.isEmpty, host.utf8.allSatisfy({ Self.isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E }) else {
                return nil
            }
        } else {
            let end = rest.firstIndex(of: ":") ?? rest.endIndex
            host = rest[..<end].lowercased()
            rest = rest[end...]
            if host.hasSuffix(".") { host.removeLast() }
            let isPlain = host.utf8.allSatisfy { byte in
                Self.isHexadecimal(byte) || (byte >= 0x61 && byte <= 0x7A) || byte == 0x2D || byte == 0x2E
                    || byte == 0x5F
            }
            guard (1...253).contains(host.utf8.count), isPlain else { return nil }
        }
        guard !rest.isEmpty else { return }
        let digits = rest.dropFirst()
        guard rest.first == ":", (1...5).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        self.port = port
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66)
    }

    /// The four numbers of an address of version 4; `nil` when it is none.
    package var octets: [UInt8]? {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap {
            $0.utf8.count <= 3 && $0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? UInt8($0) : nil
        }
        return parts.count == 4 && numbers.count == 4 ? numbers : nil
    }

    /// Whether it is an address and no name.
    package var isAddress: Bool { isBracketed || octets != nil }

    /// Whether it is this machine, whatever a name service says.
    package var isLoopback: Bool {
        isBracketed ? host == "::1" : octets.map { $0[0] == 127 } ?? (host == "localhost")
    }
}
