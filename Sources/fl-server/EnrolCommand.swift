import CommandLine
import Federation
import Foundation
import Platform
import Services
import Telemetry

/// `fl-server enrol`.
struct EnrolCommand: Command {
    static let name = Option<String>.required("name", "NAME", "the worker's name, as it will give it with --name")
    static let site = Option<String>.required("site", "SITE", "where it stands")
    static let domain = Option<String>.optional(
        "domain", "DOMAIN", "the domain in which its samples may travel; by default the site")
    static let entities = Option<[String]>(
        "entities", "PATTERN…", default: [],
        "the entities that it may have, such as site1/enb* (* stands for any characters); by default those of the site")
    static let roles = Option<[String]>(
        "roles", "ROLE…", default: Role.allCases.map(\.rawValue),
        "what it may do: train, hold (offer its samples to its domain), watch (raise alarms)",
        constraint: "train, hold, watch", valid: { $0.allSatisfy { Role(rawValue: $0) != nil } && !$0.isEmpty })
    static let expires = Option<String>(
        "expires", "TIME", default: "1h", "how long the token is good for", constraint: "a time such as 1h",
        valid: { DurationText.seconds($0).map { $0 >= 1 && $0 < 1e9 } ?? false })

    static let manual = CommandManual(
        name: "enrol", summary: "let a worker in: print the token that it enrols with",
        discussion: """
            Prints one word. A worker that is started once with it (fl-worker --enrol TOKEN) hands over a key of its own \
            and gets what is granted here: its name, site, domain, entities and roles; whatever it says beyond is \
            refused. The token works once and until it expires, and lets nobody read or change anything. A name that \
            somebody has gets the new key, and the old one is shut out.

            A server that runs on the folder takes it over at once. Workers on the server's own machine and of its own \
            user need none of this: they enrol by themselves.
            """,
        examples: [
            .init("fl-server enrol --data-folder run1 --name edge-1 --site plant-7", "prints the word for edge-1"),
            .init(
                "fl-server enrol --name edge-2 --site plant-7 --entities 'plant-7/enb*' --roles train watch --expires 10m",
                "some of the site's entities, no samples for others, ten minutes"),
        ],
        options: [KeysOptions.dataFolder, name, site, domain, entities, roles, expires])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let patterns = try arguments[Self.entities].map { try EntityPattern($0) }
        let grant = Grant(
            name: arguments[Self.name], site: arguments[Self.site], domain: arguments[optional: Self.domain],
            entities: patterns.isEmpty ? nil : patterns, roles: arguments[Self.roles].compactMap(Role.init(rawValue:)))
        if let flaw = grant.flaw { throw CommandLineError(.configuration, flaw) }
        let store = try KeysOptions.store(arguments, console)
        let now = IdentityStore.now
        let seconds = Int64(DurationText.seconds(arguments[Self.expires]) ?? 3_600)
        let (token, invitation) = try EnrolmentToken.inviting(
            grant, to: try store.serverKeys().publicKey, at: now, for: seconds)
        _ = try store.change(at: now) { record in
            ((), record.registry.step(.invited(invitation), at: now).events)
        }
        console.print(token.text)
        let command = EnrolmentToken.command(for: grant, token: "TOKEN")
        console.note("for a worker at \(grant.site), once, within \(arguments[Self.expires]): \(command)")
    }
}

/// What the commands about keys share.
enum KeysOptions {
    static let dataFolder = Option<String>(
        "data-folder", "DIR", default: "server-data", "the server's folder; a server may run on it")
    static let format = Option<OutputFormat>("format", "FORMAT", default: .table, "how to print")

    /// The folder's identities; a folder that is new is said, since no server has it yet.
    static func store(_ arguments: Arguments, _ console: Console) throws -> IdentityStore {
        let folder = arguments[dataFolder]
        let isNew = !FileManager.default.fileExists(atPath: folder)
        let store = try IdentityStore(folder: folder)
        if isNew { console.note("\(folder): a new folder, for a server that has not run yet") }
        return store
    }
}

extension [IdentityDirective] {
    /// What goes into the audit log.
    var events: [AuditEvent] {
        compactMap { directive in
            if case .audit(let event) = directive { event } else { nil }
        }
    }
}
