import Federation
import Platform

/// Keys of tests: each name has one.
enum PrincipalKeys {
    static func key(_ name: String) -> PublicKey {
        guard let key = PublicKey(SHA256.digest(Array(name.utf8))) else { preconditionFailure("32 bytes") }
        return key
    }
}
