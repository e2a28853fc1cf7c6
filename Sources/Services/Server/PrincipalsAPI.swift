import Federation
import Foundation
import Platform

/// `/v1/principals`: who may take part, and shutting somebody out; for tokens with the role `admin`.
struct PrincipalsAPI: Sendable {
    /// Keeps them; `nil` in plain mode, in which nobody has a key.
    let office: IdentityOffice?
    /// Who may ask.
    let authority: HTTPAuthority

    /// The path of the list; principals are below it.
    static let path = "/v1/principals"

    /// Whether a path is below `/v1/principals`.
    static func serves(_ path: String) -> Bool { path == Self.path || path.hasPrefix(Self.path + "/") }

    private struct Listing: Encodable {
        let principals: [Principal]
        let invitations: [Invitation]
    }

    private struct Revoked: Encodable { let revoked: String }

    private struct Wish: Decodable {
        let name: String
        let site: String
        let domain: String?
        let expiresSeconds: Int?
    }

    private struct Invited: Encodable {
        let token: String
        let line: String
        let expires: Int64
    }

    /// For how many seconds a token may be good.
    static let expiries = 1...(30 * 86_400)

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let office else { return .text(404, "no principals here: the server was started with --plain\n") }
        let name = request.path == Self.path ? nil : String(request.path.dropFirst(Self.path.count + 1))
        if (name == nil ? [.get, .post] : [.delete]).contains(request.method),
            let refusal = authority.refusal(of: request, needing: .admin)
        {
            return refusal
        }
        switch (request.method, name) {
        case (.get, nil):
            let registry = office.registry
            return try .encoding(Listing(principals: registry.principals, invitations: registry.invitations))
        case (.delete, let name?):
            guard try office.revoke(name) else {
                return .text(404, "no worker named \(HTTPResponse.printable(name)) is in; \(Self.path) lists who is\n")
            }
            return try .encoding(Revoked(revoked: name))
        case (.post, nil): return try invite(request, office)
        case (_, nil):
            return .text(
                405, "GET the list here, POST to let a worker in; DELETE \(Self.path)/NAME shuts a worker out\n")
        case (_, _): return .text(405, "DELETE shuts a worker out here; GET \(Self.path) lists them\n")
        }
    }

    /// Lets a worker in, as `fl-server enrol` does; but whom an operator shut out only he lets in again.
    private func invite(_ request: HTTPRequest, _ office: IdentityOffice) throws -> HTTPResponse {
        let wish = try Problem.read(
            Wish.self, from: request, keys: ["name", "site", "domain", "expiresSeconds"])
        let grant = Grant(name: wish.name, site: wish.site, domain: wish.domain)
        if let flaw = grant.flaw { throw Problem(400, flaw) }
        let seconds = wish.expiresSeconds ?? 3_600
        guard Self.expiries.contains(seconds) else {
            throw Problem(
                400, "expiresSeconds: found \(seconds), expected seconds, 1 to \(Self.expiries.upperBound)")
        }
        guard let (token, expires) = try office.invite(grant, for: Int64(seconds)) else {
            throw Problem(
                409, "name: the worker '\(grant.name)' was shut out; a token of 'fl-server enrol' lets it in again")
        }
        authority.audit(request, "let \(grant.name) in at \(grant.site), domain \(grant.domain)")
        return try .encoding(
            Invited(
                token: token.text, line: EnrolmentToken.command(for: grant, token: token.text), expires: expires))
    }
}
