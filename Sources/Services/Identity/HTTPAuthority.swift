import Federation
import Platform

/// Who may do what over HTTP.
///
/// On loopback everybody on this machine may look; off it, and for every change, a token is needed: one that an operator
/// made, or on loopback the one that only the server's own user can read. In plain mode, on loopback, nobody is asked.
struct HTTPAuthority: Sendable {
    private let isPlain: Bool
    private let isLocal: Bool
    private let localToken: HTTPToken
    private let office: IdentityOffice?

    /// - Parameters:
    ///   - isLocal: whether only this machine reaches the interface.
    ///   - localToken: what processes of the server's user show.
    init(isPlain: Bool, isLocal: Bool, localToken: String, office: IdentityOffice?) {
        self.isPlain = isPlain
        self.isLocal = isLocal
        self.localToken = HTTPToken(name: "local", role: .operate, token: localToken)
        self.office = office
    }

    /// Whether the token of the server's own user counts.
    var takesLocalToken: Bool { isLocal && !isPlain }

    /// Why a request may not do this; `nil` when it may.
    func refusal(of request: HTTPRequest, needing role: HTTPRole) -> HTTPResponse? {
        if isLocal && (isPlain || role == .read) { return nil }
        let words = (request.header("Authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else {
            return .text(
                401,
                "found no token, expected 'Authorization: Bearer TOKEN' of a token with the role \(role.rawValue) "
                    + "('fl-server keys token' makes one)\n")
        }
        let known = (office?.tokens ?? []) + (takesLocalToken ? [localToken] : [])
        guard let found = HTTPToken.role(of: String(words[1]), among: known, at: IdentityStore.now) else {
            return .text(401, "found a token that is not known here (any more)\n")
        }
        guard found >= role else {
            return .text(403, "found a token with the role \(found.rawValue), expected \(role.rawValue)\n")
        }
        return nil
    }

    /// Notes a change that was made.
    func audit(_ request: HTTPRequest, _ what: String) {
        office?.audit(AuditEvent(.http, of: PrintableText.line(request.path, limit: 200), what))
    }
}
