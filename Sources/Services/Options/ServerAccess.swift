package import CommandLine
import Foundation
import Platform
import Web

/// Options of tools that talk to a server over HTTP: which certificate it has to show, and what is shown to it.
package enum ServerAccess {
    private static let caFile = Option<String>.optional(
        "ca-file", "FILE",
        "with --server https://…, certificates of the authorities that vouch for the server's (PEM) instead of the system's"
    )
    private static let pin = Option<String>.optional(
        "pin", "SHA256",
        "with --server https://…, the SHA-256 of the server's public key; without --ca-file nobody has to vouch for its "
            + "certificate then",
        constraint: "sha256// and 44 characters of base 64", valid: { isPin($0) })
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
        let (file, pin) = (arguments.file(caFile), arguments[optional: pin])
        if file != nil || pin != nil {
            guard peer.trust != nil else {
                throw CommandLineError.usage(
                    "--\(file == nil ? "pin" : "ca-file"): found --server \(address), expected https://HOST:PORT")
            }
            if let file, !FileManager.default.isReadableFile(atPath: file) {
                throw CommandLineError(.configuration, "--ca-file: found no file that can be read at \(file)")
            }
            peer.trust = HTTPExchange.Trust(authorities: file, pin: pin)
        }
        if let path = arguments.file(tokenFile) {
            let token = String(decoding: try FileContents.read(path, limit: 4_096), as: UTF8.self)
            peer.token = token.filter { !$0.isWhitespace }
            guard let token = peer.token, !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw CommandLineError(
                    .data, "\(path): found no token, expected the file that 'fl-server keys token' made")
            }
        }
        return peer
    }

    /// Whether a text is the SHA-256 of a key as curl(1) takes it.
    private static func isPin(_ text: String) -> Bool {
        let scheme = "sha256//"
        return text.hasPrefix(scheme) && text.utf8.count == scheme.utf8.count + 44
            && Data(base64Encoded: String(text.dropFirst(scheme.count)))?.count == 32
    }
}
