import Platform

/// The identities of alarms, `site/entity@mark`, and of what is wrong with the watching, `site/entity!kind@mark`: one rule
/// for those that give them and those that check them.
///
/// The mark is the time of onset in the entity's own clock (`1767225600`, `12.5`), for data without a clock
/// `row-R-DIGEST` with the digest of the stream's first rows; `#N` behind it tells alarms apart that began at the same
/// time. The federation in which it counts is an event's ``AlarmEvent/federation``: both together name an alarm in the
/// world.
package enum AlarmIdentity {
    /// Bytes of an identity.
    package static let longest = NameRule.longestEntity + 64
    /// The highest number of an event of one alarm.
    package static let mostRevision = 1 << 20

    /// The mark of an onset.
    ///
    /// - Parameter digest: of the stream's first rows, where it has no clock.
    package static func mark(of onset: AlarmEvent.Point, digest: String?) -> String {
        guard let digest else { return text(of: onset.time) }
        return "row-\(onset.index)-\(digest)"
    }

    /// The identity of an alarm of an entity.
    package static func identity(site: String, entity: String, mark: String) -> String { "\(site)/\(entity)@\(mark)" }

    /// The identity of what is wrong with the watching of an entity.
    static func identity(site: String, entity: String, quality kind: String, mark: String) -> String {
        "\(site)/\(entity)!\(kind)@\(mark)"
    }

    private static func text(of seconds: Double) -> String {
        Int64(exactly: seconds).map { "\($0)" } ?? "\(seconds)"
    }

    /// What is wrong with the identity that an event claims, in one line; `nil` for the one that its entity and onset
    /// make.
    package static func flaw(of event: AlarmEvent) -> String? {
        guard event.id.utf8.count <= longest else { return "an id of \(event.id.utf8.count) bytes, at most \(longest)" }
        let prefix = "\(event.site)/\(event.entity)\(event.quality.map { "!\($0.kind)" } ?? "")@"
        let parts = event.id.hasPrefix(prefix) ? event.id.dropFirst(prefix.count).split(separator: "#") : []
        guard let mark = parts.first, parts.count == 1 || (parts.count == 2 && UInt64(parts[1]) != nil) else {
            return "an id that is not of the form site/entity@onset"
        }
        let pieces = mark.split(separator: "-", omittingEmptySubsequences: false)
        let isRow =
            pieces.count == 3 && pieces[0] == "row" && pieces[1] == "\(event.onset.index)" && pieces[2].utf8.count == 16
        // Builds before clocks counted named an onset by its row alone, and a spool may still hold such.
        guard isRow || mark == text(of: event.onset.time) || mark == "\(event.onset.index)" else {
            return "an id of another onset than the event's"
        }
        return nil
    }
}
