import Foundation
package import Platform
package import Watching

/// What operators said, and who changed what and when: `operations.db`, beside the log of alarms. A change and its line in
/// the audit become durable together.
package final class OperatorLog {
    /// Lines of the audit that are kept, the latest.
    package static let mostEntries: Int64 = 100_000

    private static let migrations = [
        """
        CREATE TABLE audit (number INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT;
        CREATE TABLE pieces (key TEXT PRIMARY KEY, piece BLOB NOT NULL) STRICT;
        """
    ]

    private let database: Database

    /// Opens or creates it.
    package init(path: String) throws(StorageError) {
        database = try Database(path: path, migrations: Self.migrations)
    }

    /// The desk as it was left.
    ///
    /// - Throws: `StorageError`, and `DecodingError` for pieces of a newer program.
    package func restored() throws -> OperatorDesk {
        let pieces = try database.query("SELECT piece FROM pieces ORDER BY key").map {
            try JSONDecoder().decode(DeskPiece.self, from: Data($0[0].blob ?? []))
        }
        let last = try database.query("SELECT COALESCE(MAX(number), 0) FROM audit").first?.first?.integer
        return OperatorDesk(restoring: pieces, lastEntry: last ?? 0)
    }

    /// Makes a change durable, all of it or nothing.
    package func write(_ directives: [OperatorDesk.Directive]) throws {
        let rows: [(sql: String, values: [SQLValue])] = try directives.map { directive in
            switch directive {
            case .record(let entry):
                (
                    "INSERT INTO audit VALUES (?, ?)",
                    [.integer(entry.number), .blob(Array(try JSONEncoder.oneLine.encode(entry)))]
                )
            case .keep(let piece):
                (
                    "INSERT OR REPLACE INTO pieces VALUES (?, ?)",
                    [.text(piece.key), .blob(Array(try JSONEncoder.oneLine.encode(piece)))]
                )
            case .forget(let key): ("DELETE FROM pieces WHERE key = ?", [.text(key)])
            }
        }
        try database.transaction { () throws(StorageError) in
            for row in rows { try database.query(row.sql, row.values) }
            try database.query(
                "DELETE FROM audit WHERE number <= (SELECT MAX(number) FROM audit) - ?", [.integer(Self.mostEntries)])
        }
    }

    /// Lines of the audit after a number, oldest first.
    package func audit(after number: Int64, limit: Int) throws -> [AuditEntry] {
        try database.query(
            "SELECT entry FROM audit WHERE number > ? ORDER BY number LIMIT ?",
            [.integer(number), .integer(Int64(limit))]
        ).map { try JSONDecoder().decode(AuditEntry.self, from: Data($0[0].blob ?? [])) }
    }
}
