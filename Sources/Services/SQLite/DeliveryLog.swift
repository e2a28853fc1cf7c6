package import Platform
package import Watching

/// How far each forwarder is, what its peer knows of, and what was refused: `deliveries.db`, beside the log of alarms.
package final class DeliveryLog {
    /// Dead letters of one forwarder, the latest.
    package static let mostDead: Int64 = 10_000

    /// Where a forwarder goes on.
    package struct Place: Equatable, Sendable {
        package var position: Int64
        package var sent: Int64
        package var standing: [String: Int64]
    }

    private static let migrations = [
        """
        CREATE TABLE forwarders (name TEXT PRIMARY KEY, position INTEGER NOT NULL, sent INTEGER NOT NULL) STRICT;
        CREATE TABLE standing (
            forwarder TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (forwarder, id)) STRICT;
        CREATE TABLE dead (
            number INTEGER PRIMARY KEY, forwarder TEXT NOT NULL, sequence INTEGER NOT NULL, reason TEXT NOT NULL,
            at INTEGER NOT NULL) STRICT;
        """
    ]

    private let database: Database

    /// Opens or creates it.
    package init(path: String) throws(StorageError) {
        database = try Database(path: path, migrations: Self.migrations)
    }

    /// Where a forwarder goes on; one that is new begins behind `start`, and that is kept.
    package func place(of forwarder: String, startingAt start: Int64) throws(StorageError) -> Place {
        let name = SQLValue.text(forwarder)
        try database.query("INSERT OR IGNORE INTO forwarders VALUES (?, ?, 0)", [name, .integer(start)])
        let row = try database.query("SELECT position, sent FROM forwarders WHERE name = ?", [name]).first
        let standing = try database.query("SELECT id, sequence FROM standing WHERE forwarder = ?", [name])
        return Place(
            position: row?[0].integer ?? start, sent: row?[1].integer ?? 0,
            standing: Dictionary(
                standing.map { ($0[0].text ?? "", $0[1].integer ?? 0) }, uniquingKeysWith: { max($0, $1) }))
    }

    /// Makes what a forwarder has done durable, all of it or nothing.
    package func write(_ record: DeliveryRecord, of forwarder: String, at now: Int64) throws(StorageError) {
        let name = SQLValue.text(forwarder)
        try database.transaction { () throws(StorageError) in
            try database.query(
                "UPDATE forwarders SET position = ?, sent = ? WHERE name = ?",
                [.integer(record.position), .integer(record.sent), name])
            for (id, sequence) in record.raised {
                try database.query(
                    "INSERT OR REPLACE INTO standing VALUES (?, ?, ?)", [name, .text(id), .integer(sequence)])
            }
            for id in record.ended {
                try database.query("DELETE FROM standing WHERE forwarder = ? AND id = ?", [name, .text(id)])
            }
            guard !record.dead.isEmpty else { return }
            for letter in record.dead {
                try database.query(
                    "INSERT INTO dead (forwarder, sequence, reason, at) VALUES (?, ?, ?, ?)",
                    [name, .integer(letter.sequence), .text(letter.reason), .integer(now)])
            }
            try database.query(
                """
                DELETE FROM dead WHERE forwarder = ?1 AND number <=
                    (SELECT number FROM dead WHERE forwarder = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)
                """, [name, .integer(Self.mostDead)])
        }
    }

    /// Forgets a forwarder, with what was refused.
    package func forget(_ forwarder: String) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            for (table, column) in [("forwarders", "name"), ("standing", "forwarder"), ("dead", "forwarder")] {
                try database.query("DELETE FROM \(table) WHERE \(column) = ?", [.text(forwarder)])
            }
        }
    }

    /// How many dead letters a forwarder has.
    package func deadLetters(of forwarder: String) throws(StorageError) -> Int64 {
        try database.query("SELECT COUNT(*) FROM dead WHERE forwarder = ?", [.text(forwarder)]).first?.first?.integer
            ?? 0
    }
}
