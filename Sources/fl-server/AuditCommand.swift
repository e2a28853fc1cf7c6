import CommandLine
import Foundation
import Platform
import Services

/// `fl-server audit`.
struct AuditCommand: Command {
    static let verify = Option<Bool>(
        "verify", default: false, "only say whether the log is whole; leave with 65 when it is not")

    static let manual = CommandManual(
        name: "audit", summary: "show what became of keys and principals, and whether the log of it is whole",
        discussion: """
            Every line of audit.log holds its own SHA-256 and that of the line before, and identity.json says where the \
            log ended: a line that was changed, taken out or cut off is found. Somebody who can write both files can make \
            a new log of them; keep a copy of the last hash elsewhere to notice that too.
            """,
        examples: [
            .init("fl-server audit --data-folder run1", "everything, oldest first"),
            .init("fl-server audit --verify", "whether it is whole"),
        ],
        options: [KeysOptions.dataFolder, verify, KeysOptions.format])

    private struct Verified: Encodable {
        let entries: Int
        let last: String
    }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let folder = arguments[KeysOptions.dataFolder]
        guard FileManager.default.fileExists(atPath: folder) else {
            throw CommandLineError(.noInput, "\(folder): found no such folder, expected that of a server")
        }
        let store = try IdentityStore(folder: folder)
        let head = try store.read().audit
        let entries = try store.auditLog.entries()
        let isJSON = arguments[KeysOptions.format] == .json
        try store.auditLog.verify(entries, head: head)
        if arguments[Self.verify] {
            let last = entries.last?.hash ?? ""
            if isJSON {
                try console.printJSON(Verified(entries: entries.count, last: last))
            } else {
                console.print("\(entries.count) entries, none changed or missing; the last hash is \(last)")
            }
            return
        }
        if isJSON {
            for entry in entries { console.print(JSONText.visible(try Console.json(entry, pretty: false))) }
            return
        }
        var table = Table(["number", "time", "event", "subject", "what"])
        for entry in entries {
            table.add([
                "\(entry.number)", Date(timeIntervalSince1970: Double(entry.time)).formatted(.iso8601),
                entry.event.rawValue, entry.subject, entry.text,
            ])
        }
        if table.isEmpty { console.note("nothing has happened yet") } else { console.print(table.text) }
    }
}
