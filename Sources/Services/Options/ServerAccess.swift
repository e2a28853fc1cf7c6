package import CommandLine
import Platform

/// Options of tools that talk to a server over HTTP: which certificate it has to show, and what is shown to it.
package enum ServerAccess {
    private static let caFile = Option<String>.optional(
        "ca-file", "FILE",
        "with --server https://…, certificates of the authorities that vouch for the server's (PEM) instead of the system's"
    )
    private static let pin = Option<String>.optional(
        "pin", "SHA256",
        "with --server https://…, the SHA-256 of the server's certificate (openssl x509 -fingerprint -sha256); without "
            + "--ca-file nobody has to vouch for it then",
        constraint: "64 hexadecimal digits", valid: { digest($0) != nil })
    private static let tokenFile = Option<String>.optional(
        "token-file", "FILE",
        "with --server, the token to show ('fl-server keys token' makes one); a server of the same user on this machine "
            + "needs none")

    /// What every address of a server may be.
    package static let constraint = "HOST:PORT or https://HOST:PORT"

    /// The options, beside the address itself.
    package static let options: [any AnyOption] = [caFile, pin, tokenFile]

    /// The server of a command line.
    ///
    /// - Parameter address: what the command's own option says.
    /// - Throws: `CommandLineError` when that is no address, or the rest does not fit it.
    package static func peer(_ address: String, _ arguments: Arguments) throws -> HTTPPeer {
        guard var peer = HTTPPeer(address) else { throw CommandLineError.usage("--server cannot be understood") }
        let (file, digits) = (arguments[optional: caFile], arguments[optional: pin])
        if file != nil || digits != nil {
            guard peer.trust != nil else {
                throw CommandLineError.usage(
                    "--\(file == nil ? "pin" : "ca-file"): found --server \(address), expected https://HOST:PORT")
            }
            peer.trust = HTTPPeer.Trust(authorities: file, pin: digits.flatMap(digest))
        }
        if let path = arguments[optional: tokenFile] {
            let token = String(decoding: try FileContents.read(path, limit: 4_096), as: UTF8.self)
            peer.token = token.filter { !$0.isWhitespace }
            guard let token = peer.token, !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw CommandLineError(
                    .data, "\(path): found no token, expected the file that 'fl-server keys token' made")
            }
        }
        return peer
    }

    /// 32 bytes of as many pairs of hexadecimal digits, with colons between them or without.
    private static func digest(_ text: String) -> [UInt8]? {
        let digits = text.filter { $0 != ":" }
        guard digits.utf8.count == 64, digits.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return nil }
        return stride(from: 0, to: 64, by: 2).map { offset in
            let start = digits.index(digits.startIndex, offsetBy: offset)
            return UInt8(digits[start...digits.index(after: start)], radix: 16) ?? 0
        }
    }
}
