/// What of a running server may change with its configuration; from any thread, one change at a time.
package struct ServerReload: Sendable {
    let http: HTTPServer
    let forwarding: ForwardingThreads

    /// Takes up a configuration that was checked.
    ///
    /// - Parameter changed: names of forwarders whose settings are others than before.
    /// - Returns: what became of it, for the log.
    /// - Throws: `StorageError` or ``ServiceError`` where something cannot be had.
    package func takeUp(_ settings: ServerSettings, changed: Set<String>) throws -> [String: String] {
        var said: [String: String] = [:]
        if let certificate = settings.certificate, try http.renew(certificate) {
            said["certificate"] = "renewed for new connections"
        }
        let change = try forwarding.change(to: settings.forwarders, changed: changed)
        for (key, names) in [
            ("forwardersBegun", change.begun), ("forwardersEnded", change.ended),
        ] where !names.isEmpty {
            said[key] = names.joined(separator: ", ")
        }
        return said
    }
}
