package import CommandLine
package import Platform
import Synchronization

/// A service's configuration while it runs: read again at SIGHUP (``ReloadSignal``), with a line of the log that says what of
/// it holds from then on, and what waits for a restart.
package final class ConfigurationReload: Sendable {
    private let started: Arguments
    private let current: Mutex<Arguments>
    private let changeable: Set<String>
    private let log: Logger
    private let notification: ServiceNotification?

    /// The configuration of a start.
    ///
    /// - Parameters:
    ///   - changeable: options that may change while the service runs, besides the log's level.
    ///   - notification: hears when it is read again.
    package init(
        _ arguments: Arguments, changeable: Set<String> = [], log: Logger, notification: ServiceNotification? = nil
    ) {
        started = arguments
        current = Mutex(arguments)
        self.changeable = changeable.union(["log-level"])
        self.log = log
        self.notification = notification
    }

    /// Reads the configuration again. One that cannot be used changes nothing, and that is said.
    ///
    /// - Parameter takeUp: looks whether all of it can be used, makes what may change hold, and returns what is to be said
    ///   of that; it gets the configuration that holds now as well.
    package func perform(
        _ takeUp: (_ before: Arguments, _ now: Arguments) throws -> [String: String]
    ) {
        guard let notification else { return read(takeUp) }
        notification.reloading { read(takeUp) }
    }

    private func read(_ takeUp: (_ before: Arguments, _ now: Arguments) throws -> [String: String]) {
        let before = current.withLock { $0 }
        do {
            let now = try before.readAgain()
            var said = try takeUp(before, now)
            let changed = now.changes(since: before).filter(changeable.contains)
            let waiting = now.changes(since: started).filter { !changeable.contains($0) }
            said["changed"] = changed.isEmpty ? "nothing" : changed.joined(separator: ", ")
            if !waiting.isEmpty { said["needsRestart"] = waiting.joined(separator: ", ") }
            current.withLock { $0 = now }
            log.notice("configuration read again", said)
            log.setMinimum(now[ServiceOptions.logLevel].level)
        } catch {
            log.warning("the configuration cannot be used, all stays as it is", ["reason": "\(error)"])
        }
    }
}
