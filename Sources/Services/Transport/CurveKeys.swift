package import Federation

/// A CURVE key pair: whoever has the secret is whom the public key names.
package struct CurveKeys: Equatable, Sendable {
    /// The half that others know.
    package let publicKey: PublicKey
    /// The half that nobody else knows, 32 bytes.
    package let secret: [UInt8]

    /// A new pair from the system's randomness.
    ///
    /// - Throws: ``TransportError`` where the library was built without CURVE.
    package init() throws(TransportError) {
        let pair = try ZeroMQSocket.curveKeyPair()
        guard let key = PublicKey(pair.publicKey) else {
            throw TransportError(.systemFailure, "a key of \(pair.publicKey.count) bytes")
        }
        publicKey = key
        secret = pair.secretKey
    }

    /// The pair of a secret; `nil` for bytes that are none.
    package init?(secret: [UInt8]) {
        guard secret.count == PublicKey.length, let bytes = try? ZeroMQSocket.curvePublicKey(of: secret),
            let key = PublicKey(bytes)
        else { return nil }
        publicKey = key
        self.secret = secret
    }
}

/// How the connections of a port are made.
package enum PortSecurity: Sendable {
    /// Nothing is encrypted and nobody is asked who he is; on loopback only.
    case plain
    /// Others connect, encrypted to these keys; the gate says whom each of their keys names, and nobody else gets in.
    case listening(CurveKeys, PeerGate)
    /// This side connects, with these keys, to whoever has the secret of that one and to nobody else.
    case connecting(CurveKeys, server: PublicKey)
}
