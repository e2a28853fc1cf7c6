import CommandLine
import Foundation
import Platform
import Services

/// `fl-server versions`.
struct VersionsCommand: Command {
    enum Action: String, ChoiceOptionValue {
        case list, restore
    }

    private static let action = Option<Action>.positional(
        "action", "ACTION", default: .list, "list, or restore, which takes --version")
    private static let version = Option<Int>.optional(
        "version", "N", "the version to restore", constraint: "at least 1", valid: { $0 >= 1 })
    private static let limit = Option<Int>(
        "limit", "N", default: 100, "versions that are listed, the latest", constraint: "1 to 1000",
        valid: { (1...1_000).contains($0) })

    static let manual = CommandManual(
        name: "versions", summary: "list a running server's model versions, or take an earlier one again",
        discussion: """
            restore makes an earlier version the current one, as a version of its own: numbers never go back. A round in \
            progress is abandoned, the next begins from it, and workers watch with it as soon as they have it. It needs a \
            token with the role admin ('fl-server keys token --role admin --out FILE', then --token-file FILE), and stands \
            in the log of rounds and in the audit.
            """,
        examples: [
            .init("fl-server versions", "what there is"),
            .init("fl-server versions restore --version 12 --token-file admin.token", "goes on from version 12"),
        ],
        options: [action, version, limit] + ServerHTTPOptions.access + [KeysOptions.format])

    private struct Restored: Codable {
        let version: Int64
        let restores: Int64
    }

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try ServerHTTPOptions.client(arguments)
        let number = arguments[optional: Self.version]
        switch (arguments[Self.action], number) {
        case (.list, nil): try await list(client, arguments, console)
        case (.restore, let number?):
            let path = "/v1/versions/\(number)/restore"
            let done = try await BackgroundThread.run {
                try client.read(Restored.self, try client.send([:], to: path), of: path)
            }
            switch arguments[KeysOptions.format] {
            case .json: try console.printJSON(done)
            case .table: console.print("version \(done.restores) is the current one again, as version \(done.version)")
            }
        case (.list, _): throw CommandLineError.usage("--version goes with restore only")
        case (.restore, nil): throw CommandLineError.usage("'versions restore' needs --version N")
        }
    }

    private func list(_ client: ServerClient, _ arguments: Arguments, _ console: Console) async throws {
        let limit = arguments[Self.limit]
        let listing = try await BackgroundThread.run {
            try client.get(VersionEntry.Page.self, "/v1/versions?limit=\(limit)")
        }
        guard arguments[KeysOptions.format] == .table else { return try console.printJSON(listing) }
        guard !listing.versions.isEmpty else { return console.note("no version so far") }
        var table = Table(["version", "", "round", "loss before", "after", "bytes", "sha-256", "restores"])
        for version in listing.versions {
            table.add([
                "\(version.number)", version.number == Int64(clamping: listing.current) ? "current" : "",
                version.restoredBy == nil ? version.round.map { "\($0)" } ?? "" : "",
                version.lossBefore.map { Quantity.number($0) } ?? "",
                version.lossAfter.map { Quantity.number($0) } ?? "", "\(version.bytes)",
                String(version.digest.prefix(16)),
                version.restores.map { restored in
                    "version \(restored)"
                        + (version.restoredBy.map { ", as \(PrintableText.line($0, limit: 60)) asked" } ?? "")
                } ?? "",
            ])
        }
        console.print(table.text)
    }
}
