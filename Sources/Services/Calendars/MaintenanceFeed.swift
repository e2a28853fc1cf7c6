package import Watching

/// A calendar of maintenance elsewhere: while its events last, alarms that fit are not sent on. It is asked by one thread.
package protocol MaintenanceFeed: Sendable {
    /// Names it among all calendars of a server; letters, digits and `-._`.
    var name: String { get }
    /// Where it is.
    var place: String { get }
    /// Which alarms.
    var matcher: AlarmMatcher { get }
    /// Seconds from one look to the next.
    var everySeconds: Double { get }
    /// Events that begin so soon become silences, in seconds.
    var withinSeconds: Double { get }

    /// Gets the calendar and waits for it, half a minute at most.
    func fetch(knowing known: MaintenanceFetch.Tags) -> MaintenanceFetch
}

/// What came of asking for a calendar.
package enum MaintenanceFetch: Sendable {
    /// What names a version of it (RFC 9110, 8.8).
    package struct Tags: Codable, Equatable, Sendable {
        package var entityTag: String?
        package var lastModified: String?

        /// Tags, as far as there are any.
        package init(entityTag: String? = nil, lastModified: String? = nil) {
            self.entityTag = entityTag
            self.lastModified = lastModified
        }
    }

    /// Bytes of a calendar at most.
    package static let mostBytes = 4 << 20

    /// It is as it was.
    case unchanged
    /// Its bytes, and what names them.
    case fresh([UInt8], Tags)
    /// Why there is none, in one line.
    case failed(String)
}
