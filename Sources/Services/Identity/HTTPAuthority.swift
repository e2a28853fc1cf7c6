import Federation
import Foundation
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
        guard let text = Self.token(in: request) else {
            return .text(
                401,
                "found no token, expected 'Authorization: Bearer TOKEN' of a token with the role \(role.rawValue) "
                    + "('fl-server keys token' makes one)\n")
        }
        guard let found = known(text) else {
            return .text(401, "found a token that is not known here (any more)\n")
        }
        guard found.role >= role else {
            return .text(403, "found a token with the role \(found.role.rawValue), expected \(role.rawValue)\n")
        }
        return nil
    }

    /// The name of the token that a request shows; `nil` where it shows none that is known.
    func tokenName(of request: HTTPRequest) -> String? { Self.token(in: request).flatMap(known)?.name }

    /// Who asks, for the audit: the name of the token; without one, whoever is on this machine.
    func actor(of request: HTTPRequest) -> String { tokenName(of: request) ?? "local" }

    private func known(_ text: String) -> HTTPToken? {
        let tokens = (office?.tokens ?? []) + (takesLocalToken ? [localToken] : [])
        return HTTPToken.token(text, among: tokens, at: IdentityStore.now)
    }

    /// The token that a request shows: as a bearer, or as the password that a browser has asked for.
    private static func token(in request: HTTPRequest) -> String? {
        let words = (request.header("Authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        switch words[0].lowercased() {
        case "bearer": return String(words[1])
        case "basic":
            guard let pair = Data(base64Encoded: String(words[1])) else { return nil }
            let parts = String(decoding: pair, as: UTF8.self).split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? String(parts[1]) : nil
        default: return nil
        }
    }

    /// Notes a change that was made, and by whom.
    func audit(_ request: HTTPRequest, _ what: String) {
        let trace = request.isTraced ? "; trace \(request.trace.traceID)" : ""
        office?.audit(
            AuditEvent(
                .http, of: PrintableText.line(request.path, limit: 200), "\(actor(of: request)): \(what)\(trace)"))
    }
}
