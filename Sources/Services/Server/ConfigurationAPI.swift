import Foundation
import Platform

/// `/v1/configuration`: what may change while the server runs.
struct ConfigurationAPI: Sendable {
    /// The path.
    static let path = "/v1/configuration"
    /// What is changed; `nil` where the server was not started from options.
    let runtime: RuntimeConfiguration?
    /// Lets changed settings hold.
    let hold: ServerReload.Hold
    /// Who may change something.
    let authority: HTTPAuthority

    /// Answers a request for it.
    func answer(_ request: HTTPRequest) throws -> HTTPResponse {
        guard let runtime else { throw Problem(404, "no configuration here") }
        switch request.method {
        case .get: return try .encoding(runtime.overview)
        case .patch:
            if let refusal = authority.refusal(of: request, needing: .admin) { return refusal }
            let wanted = try Self.read(request)
            do {
                let said = try runtime.change(wanted, by: authority.actor(of: request), at: OperatorStore.now) {
                    settings, keep in
                    guard let outcome = try hold(settings, keep, ServerReload.patience) else {
                        throw Problem(503, "nothing is known of the change in time: it may still hold")
                    }
                    try outcome.get()
                }
                authority.audit(request, PrintableText.line(said, limit: 300))
            } catch let refusal as RuntimeConfiguration.Refusal {
                throw Problem(400, refusal.line)
            } catch let error as StorageError {
                throw Problem(507, HTTPResponse.printable("\(error)"))
            }
            return try .encoding(runtime.overview)
        case .post, .put, .delete:
            throw Problem(405, "GET what may change here; PATCH changes it")
        }
    }

    /// A JSON object of options.
    private static func read(_ request: HTTPRequest) throws(Problem) -> [String: JSONValue] {
        let type = (request.header("Content-Type") ?? "").lowercased()
        // A page in a browser cannot send these types to another origin without asking first.
        guard ["application/merge-patch+json", "application/json"].contains(where: { type.hasPrefix($0) }) else {
            throw Problem(415, "Content-Type: expected application/merge-patch+json or application/json")
        }
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body)),
            case .object(let wanted) = value
        else { throw Problem(400, "body: expected a JSON object of options, such as {\"epochs\": 20}") }
        guard !wanted.isEmpty else { throw Problem(400, "body: found no option, expected at least one") }
        return wanted
    }
}
