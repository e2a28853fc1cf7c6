/// What of a running server may change with its configuration; from any thread, one change at a time.
package struct ServerReload: Sendable {
    let http: HTTPServer
    let forwarding: ForwardingThreads
    let calendars: CalendarThreads
    /// Lets settings hold after `keep`, and waits for so many seconds; `nil` where that is not known by then.
    typealias Hold =
        @Sendable (
            _ settings: ServerSettings, _ keep: @escaping @Sendable () throws -> Void, _ seconds: Int
        ) throws -> Result<Void, any Error>?
    let hold: Hold
    /// Seconds for which a change is waited for: a disk may be slow.
    static let patience = 45

    /// Takes up what of the settings concerns rounds: it holds from the next one on.
    ///
    /// - Throws: where it cannot be kept.
    package func tune(_ settings: ServerSettings) throws {
        guard let outcome = try hold(settings, {}, Self.patience) else {
            throw ServiceError(.unavailable, "nothing is known of the change after \(Self.patience) s")
        }
        try outcome.get()
    }

    /// Takes up a configuration that was checked.
    ///
    /// - Parameters:
    ///   - changed: names of forwarders whose settings are others than before.
    ///   - changedCalendars: whether calendars are others than before.
    /// - Returns: what became of it, for the log.
    /// - Throws: `StorageError` or ``ServiceError`` where something cannot be had.
    package func takeUp(
        _ settings: ServerSettings, changed: Set<String>, changedCalendars: Bool
    ) throws -> [String: String] {
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
        if changedCalendars {
            try calendars.change(to: settings.calendars)
            said["calendars"] = settings.calendars.map(\.name).joined(separator: ", ")
        }
        return said
    }
}
