import CommandLine
import Platform
import Services

/// `fl-server backup`.
struct BackupCommand: Command {
    private static let out = Option<String>.required(
        "out", "DIR", "where the copy goes: a folder that is not there yet, or empty")
    private static let withKeys = Option<Bool>(
        "with-keys", default: false,
        "copy the server's secret key too: whoever has the copy can then pass for this server")

    static let manual = CommandManual(
        name: "backup", summary: "copy a server's folder while the server runs",
        discussion: """
            The copy is a folder that fl-server --data-folder takes: versions, the log of rounds, kept contributions, \
            alarms, what operators said, the fault library, who may take part, the audit log. Every database is copied \
            in one transaction, and the server goes on meanwhile.

            Without with-keys the server's own secret key stays where it is. A server that is started on such a copy makes \
            a new one: workers of its own user on its machine enrol again by themselves, others with a new token. The copy \
            holds no other secret: of tokens there are digests only.

            A server on an older copy is behind its workers; they notice, and go on from there. Two servers on copies of one \
            folder are the same federation to their workers: stop the one before the other is started.
            """,
        examples: [
            .init("fl-server backup --data-folder run1 --out copies/monday", "a copy without the server's key"),
            .init(
                "fl-server backup --data-folder run1 --out copies/whole --with-keys --format json",
                "everything; what was copied as JSON"),
        ],
        options: [KeysOptions.dataFolder, out, withKeys, KeysOptions.format])

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let backup = ServerBackup(of: arguments[KeysOptions.dataFolder], withKeys: arguments[Self.withKeys])
        let report = try await BackgroundThread.run { try backup.write(to: arguments[Self.out]) }
        switch arguments[KeysOptions.format] {
        case .json: try console.printJSON(report)
        case .table:
            console.print(
                "\(report.folder): version \(report.version), \(report.lastAlarm) alarm events, \(report.files) files, "
                    + "\(report.bytes) bytes, \(report.hasKeys ? "with" : "without") the server's key")
        }
    }
}
