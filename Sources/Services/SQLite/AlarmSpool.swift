package import Platform

/// A worker's alarms until they are safe with the server: numbered from 1, kept over restarts.
package final class AlarmSpool {
    private static let migrations = [
        """
        CREATE TABLE spool (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
        """
    ]

    private let database: Database
    /// Names this spool among all.
    package let identity: UInt64

    /// Opens or creates the spool. It takes another name at each start, and numbers what waits from 1: an older copy of the
    /// folder cannot speak for numbers that other alarms had, and what comes again the server knows by its name.
    ///
    /// - Parameter newIdentity: names the spool.
    package init(path: String, newIdentity: UInt64) throws(StorageError) {
        let database = try Database(path: path, migrations: Self.migrations)
        self.database = database
        identity = newIdentity
        try database.transaction { () throws(StorageError) in
            let safe = try delivered()
            // By way of numbers that no alarm has.
            try database.query("UPDATE spool SET number = ? - number", [.integer(Int64(clamping: safe))])
            try database.query("UPDATE spool SET number = -number")
            try set("latest", try latest() - min(safe, try latest()))
            try set("delivered", 0)
        }
    }

    private func fact(_ name: String) throws(StorageError) -> UInt64 {
        let row = try database.query("SELECT value FROM facts WHERE name = ?", [.text(name)]).first
        return row?[0].integer.map { UInt64(clamping: $0) } ?? 0
    }

    /// The number of the last alarm ever spooled.
    package func latest() throws(StorageError) -> UInt64 { try fact("latest") }
    /// Every alarm up to this number is safe.
    package func delivered() throws(StorageError) -> UInt64 { try fact("delivered") }

    /// Adds alarms, durably; returns the number of the last.
    package func append(_ alarms: [[UInt8]]) throws(StorageError) -> UInt64 {
        try database.transaction { () throws(StorageError) in
            var number = try latest()
            for alarm in alarms {
                number += 1
                try database.query(
                    "INSERT INTO spool VALUES (?, ?)", [.integer(Int64(clamping: number)), .blob(alarm)])
            }
            try set("latest", number)
            return number
        }
    }

    /// At most `limit` alarms after a number, in order.
    package func alarms(after number: UInt64, limit: Int) throws(StorageError) -> [[UInt8]] {
        try database.query(
            "SELECT bytes FROM spool WHERE number > ? ORDER BY number LIMIT ?",
            [.integer(Int64(clamping: number)), .integer(Int64(limit))]
        ).map { $0[0].blob ?? [] }
    }

    /// Forgets alarms that are safe.
    package func forget(upTo number: UInt64) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            try database.query("DELETE FROM spool WHERE number <= ?", [.integer(Int64(clamping: number))])
            try set("delivered", number)
        }
    }

    private func set(_ name: String, _ value: UInt64) throws(StorageError) {
        try database.query(
            "INSERT OR REPLACE INTO facts VALUES (?, ?)", [.text(name), .integer(Int64(clamping: value))])
    }
}
