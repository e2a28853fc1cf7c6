package import Federation
package import Platform

/// A worker's alarms until they are safe with the server, and for a while after that, in case the server loses them:
/// numbered from 1, kept over restarts. What the server refused lies apart, as dead letters.
package final class AlarmSpool {
    /// Bounds of what is kept.
    package struct Limits: Sendable {
        /// Alarms that wait for the server; of more the oldest go.
        package var waiting = 200_000
        /// Alarms that the server has.
        package var delivered = 10_000
        /// Alarms that the server refused.
        package var refused = 1_000
        /// Names of earlier starts: fewer than a server remembers of a worker.
        package var names = 8

        /// The defaults.
        package init() {}
    }

    /// An alarm that the server refused.
    package struct DeadLetter: Equatable, Sendable {
        /// Its number in the spool.
        package var number: UInt64
        /// Why.
        package var reason: String
        /// Its bytes.
        package var bytes: [UInt8]
    }

    private static let migrations = [
        """
        CREATE TABLE spool (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
        """,
        """
        ALTER TABLE spool ADD COLUMN digest BLOB;
        CREATE TABLE delivered (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL, digest BLOB) STRICT;
        CREATE TABLE refused (
            number INTEGER PRIMARY KEY, reason TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
        """,
        // `latest` is empty for the name of the present start.
        """
        CREATE TABLE names (
            start INTEGER PRIMARY KEY, spool INTEGER NOT NULL, latest INTEGER, known INTEGER NOT NULL) STRICT;
        """,
    ]

    /// Bytes of alarms that are read at once, but for one alarm.
    private static let batchBytes = 1 << 20

    private let database: Database
    private let limits: Limits
    /// Names this spool among all.
    package let identity: UInt64
    private var isNameKept = false

    /// Opens or creates the spool. It takes another name at each start: an older copy of the folder cannot speak for numbers
    /// that other alarms had. The names under which the server knows it are kept, each with the number up to which it is
    /// this spool's.
    ///
    /// - Parameter newIdentity: names the spool, another at each start.
    package init(path: String, newIdentity: UInt64, limits: Limits = Limits()) throws(StorageError) {
        database = try Database(path: path, migrations: Self.migrations)
        self.limits = limits
        identity = newIdentity
        try begin()
    }

    /// The name of the start before, if the server knows it, is one of those before from now on.
    private func begin() throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            try database.query("DELETE FROM names WHERE known = 0")
            let latest = SQLValue.integer(Int64(clamping: try latest()))
            try database.query("UPDATE names SET latest = ? WHERE latest IS NULL", [latest])
            // By a name of which nothing is here any more nothing is found.
            try database.query(
                """
                DELETE FROM names WHERE latest < ?
                OR start NOT IN (SELECT start FROM names ORDER BY start DESC LIMIT ?)
                """, [.integer(Int64(clamping: try oldest())), .integer(Int64(limits.names))])
            try database.query(
                "INSERT INTO names (spool, known) VALUES (?, 0)", [.integer(Int64(bitPattern: identity))])
        }
    }

    /// The server knows the spool by its present name: the starts to come say that they had it.
    package func keepName() throws(StorageError) {
        guard !isNameKept else { return }
        try database.query("UPDATE names SET known = 1 WHERE latest IS NULL")
        isNameKept = true
    }

    /// Names of earlier starts by which the server may know the spool, the oldest first.
    package func earlier() throws(StorageError) -> [EarlierSpool] {
        try database.query("SELECT spool, latest FROM names WHERE latest IS NOT NULL ORDER BY start").map {
            EarlierSpool(
                spool: UInt64(bitPattern: $0[0].integer ?? 0), latest: UInt64(clamping: $0[1].integer ?? 0))
        }
    }

    private func fact(_ name: String) throws(StorageError) -> UInt64 {
        let row = try database.query("SELECT value FROM facts WHERE name = ?", [.text(name)]).first
        return row?[0].integer.map { UInt64(clamping: $0) } ?? 0
    }

    private func set(_ name: String, _ value: UInt64) throws(StorageError) {
        try database.query(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", [.text(name), .integer(Int64(clamping: value))])
    }

    /// The number of the last alarm ever spooled.
    package func latest() throws(StorageError) -> UInt64 { try fact("latest") }
    /// Every alarm up to this number is safe, or was refused.
    package func delivered() throws(StorageError) -> UInt64 { try fact("delivered") }
    /// Alarms that went unsent because too many waited.
    package func dropped() throws(StorageError) -> UInt64 { try fact("dropped") }

    /// The number of the first alarm that there still is without a gap behind it; one more than the latest when there is
    /// none.
    package func oldest() throws(StorageError) -> UInt64 {
        let rows = try database.query(
            "SELECT MIN(number) FROM (SELECT number FROM delivered UNION ALL SELECT number FROM spool)")
        let first = rows.first?.first?.integer.map { UInt64(clamping: $0) }
        let next = try latest() + 1
        return max(first ?? next, try fact("gap") + 1)
    }

    private static func digest(_ number: Int64, _ bytes: [UInt8]) -> [UInt8] {
        var sha = SHA256()
        sha.update((0..<8).map { UInt8(truncatingIfNeeded: number >> Int64(8 * $0)) })
        sha.update(bytes)
        return Array(sha.digest().prefix(16))
    }

    /// Adds alarms, durably; returns the number of the last.
    package func append(_ alarms: [[UInt8]]) throws(StorageError) -> UInt64 {
        try database.transaction { () throws(StorageError) in
            var number = Int64(clamping: try latest())
            for alarm in alarms {
                number += 1
                try database.query(
                    "INSERT INTO spool (number, bytes, digest) VALUES (?, ?, ?)",
                    [.integer(number), .blob(alarm), .blob(Self.digest(number, alarm))])
            }
            try set("latest", UInt64(clamping: number))
            let waiting = try database.query("SELECT COUNT(*), MIN(number) FROM spool").first
            let excess = Int(waiting?[0].integer ?? 0) - limits.waiting
            if excess > 0, let first = waiting?[1].integer {
                let last = first + Int64(excess) - 1
                try database.query("DELETE FROM spool WHERE number <= ?", [.integer(last)])
                try database.query("DELETE FROM delivered")
                try set("dropped", try dropped() + UInt64(excess))
                try set("gap", UInt64(clamping: last))
            }
            return UInt64(clamping: number)
        }
    }

    /// At most `limit` alarms after a number, in order, and about a megabyte. One that is not what was written is empty:
    /// the server refuses it, and the others go on.
    package func alarms(after number: UInt64, limit: Int) throws(StorageError) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var bytes = 0
        var next = Int64(clamping: number)
        while result.count < limit, bytes < Self.batchBytes {
            guard
                let row = try database.query(
                    """
                    SELECT number, bytes, digest FROM
                    (SELECT number, bytes, digest FROM delivered WHERE number > ?1
                    UNION ALL SELECT number, bytes, digest FROM spool WHERE number > ?1)
                    ORDER BY number LIMIT 1
                    """, [.integer(next)]
                ).first, let found = row[0].integer, found == next + 1
            else { break }
            let alarm = row[1].blob ?? []
            let isSound = row[2].blob.map { $0 == Self.digest(found, alarm) } ?? true
            result.append(isSound ? alarm : [])
            bytes += alarm.count
            next = found
        }
        return result
    }

    /// Alarms up to a number are safe; they are kept for a while all the same.
    package func decide(upTo number: UInt64) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            let last = SQLValue.integer(Int64(clamping: number))
            try database.query(
                "INSERT OR REPLACE INTO delivered SELECT number, bytes, digest FROM spool WHERE number <= ?", [last])
            try database.query("DELETE FROM spool WHERE number <= ?", [last])
            try database.query(
                "DELETE FROM delivered WHERE number <= ?",
                [.integer(Int64(clamping: number) - Int64(clamping: limits.delivered))])
            try set("delivered", number)
        }
    }

    /// The server has them only up to this number: those behind it, as far as they are kept, wait again.
    package func rewind(to number: UInt64) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            let last = SQLValue.integer(Int64(clamping: number))
            try database.query(
                "INSERT OR REPLACE INTO spool SELECT number, bytes, digest FROM delivered WHERE number > ?", [last])
            try database.query("DELETE FROM delivered WHERE number > ?", [last])
            try set("delivered", number)
        }
    }

    /// Keeps alarms that the server refused; to be called before they are decided.
    package func refuse(_ letters: [(number: UInt64, reason: String)]) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            for (number, reason) in letters {
                try database.query(
                    "INSERT OR REPLACE INTO refused SELECT number, ?, bytes FROM spool WHERE number = ?",
                    [.text(reason), .integer(Int64(clamping: number))])
            }
            try database.query(
                "DELETE FROM refused WHERE number NOT IN (SELECT number FROM refused ORDER BY number DESC LIMIT ?)",
                [.integer(Int64(limits.refused))])
        }
    }

    /// The alarms that the server refused, oldest first.
    package func deadLetters() throws(StorageError) -> [DeadLetter] {
        try database.query("SELECT number, reason, bytes FROM refused ORDER BY number").map {
            DeadLetter(
                number: UInt64(clamping: $0[0].integer ?? 0), reason: $0[1].text ?? "", bytes: $0[2].blob ?? [])
        }
    }
}
