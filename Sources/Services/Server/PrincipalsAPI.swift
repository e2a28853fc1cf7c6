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

    /// Answers a request for such a path.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let office else { return .text(404, "no principals here: the server was started with --plain\n") }
        let name = request.path == Self.path ? nil : String(request.path.dropFirst(Self.path.count + 1))
        if request.method == (name == nil ? .get : .delete),
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
        case (_, nil): return .text(405, "GET the list here; DELETE \(Self.path)/NAME shuts a worker out\n")
        case (_, _): return .text(405, "DELETE shuts a worker out here; GET \(Self.path) lists them\n")
        }
    }
}
