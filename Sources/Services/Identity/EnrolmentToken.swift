import CommandLine
package import Federation
import Platform

/// What an operator hands to a worker so that it may enrol, in one word: the server's public key and the secret of a key
/// pair that the server lets in once.
package struct EnrolmentToken: Sendable {
    private static let prefix = "fl-enrol-1-"

    /// The server's public key.
    package let server: PublicKey
    /// The pair to enrol with.
    package let keys: CurveKeys

    /// A token with its parts.
    package init(server: PublicKey, keys: CurveKeys) {
        self.server = server
        self.keys = keys
    }

    /// Reads the word.
    ///
    /// - Throws: ``ServiceError`` (78) that says what is wrong with it, and not what it is.
    package init(_ text: String) throws {
        guard text.hasPrefix(Self.prefix), let bytes = Hexadecimal.bytes(String(text.dropFirst(Self.prefix.count))),
            bytes.count == 2 * PublicKey.length + 4, let server = PublicKey(Array(bytes[..<32])),
            let keys = CurveKeys(secret: Array(bytes[32..<64]))
        else {
            throw ServiceError(
                .configuration,
                "enrol: found \(text.utf8.count) characters that are no token, expected the whole word that fl-server "
                    + "enrol printed")
        }
        guard SHA256.digest(Array(bytes[..<64])).prefix(4).elementsEqual(bytes[64...]) else {
            throw ServiceError(
                .configuration, "enrol: found a token with a typing error, expected it as it was printed")
        }
        self.init(server: server, keys: keys)
    }

    /// A new token of a server, and the invitation whose secret it is.
    ///
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - seconds: for how long it is good.
    package static func inviting(
        _ grant: Grant, to server: PublicKey, at now: Int64, for seconds: Int64
    ) throws -> (token: EnrolmentToken, invitation: Invitation) {
        let keys = try CurveKeys()
        return (
            EnrolmentToken(server: server, keys: keys),
            Invitation(key: keys.publicKey, grant: grant, expires: now + seconds)
        )
    }

    /// The word.
    package var text: String {
        let bytes = server.bytes + keys.secret
        return Self.prefix + Hexadecimal.text(bytes + SHA256.digest(bytes).prefix(4))
    }

    /// The command with which a worker enrols; what only its own machine knows is in capitals.
    package static func command(for grant: Grant, token: String) -> String {
        let site = ShellWord.quoted(grant.site)
        return "fl-worker --name \(ShellWord.quoted(grant.name)) --site \(site) --control tcp://SERVER:PORT "
            + "--bulk tcp://SERVER:PORT --data \(site) --enrol \(token)"
    }
}
