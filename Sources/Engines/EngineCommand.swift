/// What is to run as a copy of a worker.
package struct EngineCommand: Equatable, Sendable {
    /// Arguments of `fl-worker`: name, site, endpoints, data; without the program and without ``token``.
    package var arguments: [String]
    /// A word to enrol with, once; `nil` where the worker needs none. No other user may see it.
    package var token: String?

    /// A command with every field given.
    package init(arguments: [String], token: String? = nil) {
        self.arguments = arguments
        self.token = token
    }
}
