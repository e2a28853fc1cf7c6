import CommandLine
import Platform
import Services

/// `fl-alerts page`.
struct PageCommand: Command {
    static let manual = CommandManual(
        name: "page", summary: "print a link to the server's page that may change something",
        discussion: """
            Everybody on the server's machine may look at its page. Whoever acknowledges, confirms or silences shows a token; \
            this prints the page's address with the one of the server's own user, which only that user can read and which is \
            another one after each start of the server. The browser forgets it with the tab.
            """,
        examples: [.init("xdg-open \"$(fl-alerts page)\"", "open it")],
        options: AlertsCommand.access)

    func run(_ arguments: Arguments, _ console: Console) async throws {
        let client = try OperationsClient(arguments)
        guard let token = client.peer.token ?? LocalDoor.token(http: client.peer.port) else {
            throw CommandLineError(
                .unavailable,
                "found no token for port \(client.peer.port): expected a server that this user runs on this machine, not in plain "
                    + "mode; elsewhere 'fl-server keys token' makes one for --token-file")
        }
        console.print("\(client.peer.trust == nil ? "http://" : "")\(client.peer)/#token=\(token)")
    }
}
