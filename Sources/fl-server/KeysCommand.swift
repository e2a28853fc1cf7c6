import CommandLine
import Federation
import Foundation
import Platform
import Services
import Telemetry

/// `fl-server keys`.
struct KeysCommand: Command {
    enum Action: String, ChoiceOptionValue {
        case list, show, revoke, token, forget
        case rotateServer = "rotate-server"
    }

    static let action = Option<Action>.positional(
        "action", "ACTION", "list, show, revoke, token, forget or rotate-server")
    static let name = Option<String>.optional("name", "NAME", "the worker to revoke; the token to make or to forget")
    static let role = Option<HTTPRoleOption>(
        "role", "ROLE", default: .operate,
        "what a token for HTTP allows: read, operate (change the library and the target), admin (besides, shut workers out)"
    )
    static let out = Option<String>.optional("out", "FILE", "where the token is written, for its owner's eyes only")
    static let force = Option<Bool>(
        "force", default: false, "with token, replace a file that is there and holds no token")
    static let expires = Option<String>.optional(
        "expires", "TIME", "how long the token is good for; by default for good", constraint: "a time such as 30d",
        valid: { DurationText.seconds($0).map { $0 >= 1 && $0 < 1e10 } ?? false })

    static let after = Option<String>(
        "after", "TIME", default: "7d", "with rotate-server, when the server takes its next key",
        constraint: "a time such as 30d", valid: { DurationText.seconds($0).map { $0 >= 1 && $0 < 1e9 } ?? false })

    static let manual = CommandManual(
        name: "keys", summary: "say who may take part, shut somebody out, make tokens for HTTP",
        discussion: """
            list shows the workers that are enrolled, the tokens that nobody has used yet, and the tokens for HTTP; show \
            prints the server's public key; revoke shuts a worker out: its lease ends at once, what it sends is not \
            looked at, and it does not get in again. token makes a token for HTTP in a file; forget takes one back.

            rotate-server makes the key that the server will have. Until then it keeps the one it has, tells its workers \
            the next one over their connections, and they keep it; then they come back with it within a second. A worker \
            that does not come in the meantime needs a new token, and so does a word of 'fl-server enrol' that is not used.

            A server that runs on the folder takes it over within a second.
            """,
        examples: [
            .init("fl-server keys list --data-folder run1", "who is in"),
            .init("fl-server keys revoke --name edge-1", "shuts edge-1 out"),
            .init(
                "fl-server keys token --role operate --name console --out console.token",
                "a token with which the fault library can be changed over HTTP"),
        ],
        options: [action, KeysOptions.dataFolder, name, role, out, force, expires, after, KeysOptions.format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let store = try KeysOptions.store(arguments, console)
        switch arguments[Self.action] {
        case .list: try list(store, arguments, console)
        case .show: console.print("\(try store.serverKeys().publicKey)")
        case .revoke: try revoke(store, try needed(Self.name, "--name", arguments), console)
        case .token: try makeToken(store, arguments, console)
        case .forget: try forget(store, try needed(Self.name, "--name", arguments), console)
        case .rotateServer:
            let seconds = DurationText.seconds(arguments[Self.after]) ?? 0
            _ = try store.serverKeys()
            let next = try store.announceKeys(at: IdentityStore.now + Int64(seconds.rounded(.up)))
            console.note("the server's key is \(next.keys.publicKey) from \(Self.date(next.at)) on")
        }
    }

    private func needed(_ option: Option<String>, _ what: String, _ arguments: Arguments) throws -> String {
        guard let value = arguments[optional: option] else {
            throw CommandLineError.usage("'keys \(arguments[Self.action].rawValue)' needs \(what)")
        }
        return value
    }

    // MARK: Looking

    private struct Listing: Encodable {
        let server: String
        let workers: [Principal]
        let invitations: [Invitation]
        let tokens: [HTTPToken]
    }

    private func list(_ store: IdentityStore, _ arguments: Arguments, _ console: Console) throws {
        let record = try store.read()
        let now = IdentityStore.now
        let invitations = record.registry.invitations.filter { $0.expires > now }
        if arguments[KeysOptions.format] == .json {
            return try console.printJSON(
                Listing(
                    server: "\(try store.serverKeys().publicKey)", workers: record.registry.principals,
                    invitations: invitations, tokens: record.tokens))
        }
        var table = Table(["name", "kind", "site", "domain", "entities", "roles", "state", "key"])
        for principal in record.registry.principals {
            let state = principal.revoked.map { "revoked \(Self.date($0))" } ?? "since \(Self.date(principal.enrolled))"
            table.add(row(principal.grant, principal.origin.rawValue, state, principal.keys.last))
        }
        for invitation in invitations {
            table.add(row(invitation.grant, "token", "unused until \(Self.date(invitation.expires))", invitation.key))
        }
        for token in record.tokens {
            let state = token.expires.map { "until \(Self.date($0))" } ?? "for good"
            table.add([token.name, "http", "", "", "", token.role.rawValue, state, String(token.digest.prefix(16))])
        }
        if table.isEmpty { console.note("nobody is enrolled") } else { console.print(table.text) }
    }

    private func row(_ grant: Grant, _ kind: String, _ state: String, _ key: PublicKey?) -> [String] {
        [
            grant.name, kind, grant.site, grant.domain, grant.entities.map(\.description).joined(separator: " "),
            grant.roles.map(\.rawValue).joined(separator: " "), state,
            String("\(key.map { "\($0)" } ?? "")".prefix(16)),
        ]
    }

    private static func date(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    // MARK: Changing

    private func revoke(_ store: IdentityStore, _ name: String, _ console: Console) throws {
        let events = try store.change { record in
            let events = record.registry.step(.revoked(name: name), at: IdentityStore.now).events
            return (events, events)
        }.value
        guard !events.isEmpty else {
            throw CommandLineError(
                .data, "name: found no worker '\(name)' that is in, 'fl-server keys list' shows who is")
        }
        console.note("\(name) is shut out")
    }

    private func makeToken(_ store: IdentityStore, _ arguments: Arguments, _ console: Console) throws {
        let path = try needed(Self.out, "--out", arguments)
        let role = arguments[Self.role].role
        let name = arguments[optional: Self.name] ?? role.rawValue
        if let flaw = NameRule.flaw(in: name, limit: 100) {
            throw CommandLineError(.usage, "name: found \(flaw.found), expected \(flaw.expected)")
        }
        guard arguments[Self.force] || HTTPToken.mayReplace(path) else {
            throw CommandLineError(
                .cannotCreate,
                "\(path): found a file that holds no token of fl-server, expected none; --force replaces it")
        }
        let text = HTTPToken.makeText()
        let seconds = arguments[optional: Self.expires].flatMap { DurationText.seconds($0) }
        let expires = seconds.map { IdentityStore.now + Int64($0) }
        // Before the server knows it: a file that cannot be written makes no token that nobody has.
        try FileContents.writeAtomically(Array((text + "\n").utf8), to: path)
        do {
            _ = try store.change { record in
                guard record.tokens.count < 1_024 else {
                    throw CommandLineError(.data, "found 1024 tokens for HTTP, expected fewer: forget some")
                }
                record.tokens.removeAll { $0.name == name }
                record.tokens.append(HTTPToken(name: name, role: role, token: text, expires: expires))
                return ((), [AuditEvent(.http, of: name, "token made, role \(role.rawValue)")])
            }
        } catch {
            // Nobody knows what is in it.
            let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
            if kind == .typeRegular { try? FolderContents.remove(path) }
            throw error
        }
        console.note("the token \(name) is in \(path)")
    }

    private func forget(_ store: IdentityStore, _ name: String, _ console: Console) throws {
        let found = try store.change { record in
            let found = record.tokens.contains { $0.name == name }
            record.tokens.removeAll { $0.name == name }
            return (found, found ? [AuditEvent(.http, of: name, "token taken back")] : [])
        }.value
        guard found else { throw CommandLineError(.data, "name: found no token for HTTP named '\(name)'") }
        console.note("the token \(name) is not taken any more")
    }
}

/// Roles on the command line.
enum HTTPRoleOption: String, ChoiceOptionValue {
    case read, operate, admin

    var role: HTTPRole {
        switch self {
        case .read: .read
        case .operate: .operate
        case .admin: .admin
        }
    }
}
