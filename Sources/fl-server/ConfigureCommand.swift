import CommandLine
import Foundation
import Platform
import Services

/// `fl-server configure`.
struct ConfigureCommand: Command {
    private static let setting = Option<[String]>(
        "set", "NAME=VALUE…", default: [], "options with their new values",
        constraint: "each NAME=VALUE", valid: { $0.allSatisfy { $0.dropFirst().contains("=") } })
    private static let resetting = Option<[String]>(
        "reset", "NAME…", default: [], "options that shall be again what the server was configured with")

    static let manual = CommandManual(
        name: "configure", summary: "show or change what may change while a server runs",
        discussion: """
            Changes options of the rounds (epochs, learning-rate, rounds, loop-every, the limits of the gate, …) and \
            false-alarms, all that are named or none. They hold from the next round on (rounds of a loop from the next loop \
            on), workers hear what concerns them, and a restart keeps them: the server's log then says where they differ from \
            its configuration. Without --set and --reset it shows them. A change needs a token with the role admin, and \
            stands in the audit.
            """,
        examples: [
            .init("fl-server configure", "what may change, and what holds"),
            .init(
                "fl-server configure --set epochs=20 learning-rate=0.002 --token-file admin.token",
                "two options, together"),
            .init("fl-server configure --reset epochs --token-file admin.token", "as the server was started again"),
        ],
        options: [setting, resetting] + ServerHTTPOptions.access + [KeysOptions.format])

    private static let path = "/v1/configuration"

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try ServerHTTPOptions.client(arguments)
        var changes: [String: JSONValue] = [:]
        for word in arguments[Self.setting] {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let text = parts.count == 2 ? String(parts[1]) : ""
            // What is no JSON is a text, such as 2m.
            let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            changes[Self.key(String(parts[0]))] = value ?? .string(text)
        }
        for word in arguments[Self.resetting] { changes[Self.key(word)] = .null }
        let wanted = changes
        let listing = try await BackgroundThread.run {
            wanted.isEmpty
                ? try client.get(RuntimeConfiguration.Overview.self, Self.path)
                : try client.read(
                    RuntimeConfiguration.Overview.self, try client.patch(wanted, at: Self.path), of: Self.path)
        }
        guard arguments[KeysOptions.format] == .table else { return try console.printJSON(listing) }
        var table = Table(["option", "value", "configured", "changed by", "expected"])
        for option in listing.options {
            let isChanged = option.changedBy != nil
            table.add([
                ServerCommand.manual.name(of: option.key) ?? option.key, Self.text(option.value),
                isChanged ? Self.text(option.configured) : "",
                option.changedBy.map { PrintableText.line($0, limit: 40) } ?? "", option.expected ?? "",
            ])
        }
        console.print(table.text)
    }

    /// The key of an option that is named as on the command line, or as in a file.
    private static func key(_ word: String) -> String { ServerCommand.manual.key(of: word) ?? word }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "–"
        case .string(let text): PrintableText.line(text, limit: 60)
        default: value.description
        }
    }
}
