import CommandLine
import Services

/// Where the commands that ask a running server find it.
enum ServerHTTPOptions {
    static let server = Option<String>(
        "server", "ADDRESS", default: "127.0.0.1:7410", "the server's HTTP endpoint, HOST:PORT or https://HOST:PORT",
        constraint: ServerAccess.constraint, valid: { HTTPPeer($0) != nil })

    /// What says where the server is and how one talks to it.
    static let access: [any AnyOption] = [server] + ServerAccess.options

    /// The server of a command line.
    static func client(_ arguments: Arguments) throws -> ServerClient {
        ServerClient(try ServerAccess.peer(arguments[server], arguments))
    }
}
