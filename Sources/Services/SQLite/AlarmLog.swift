package import Platform

/// An append-only log with gap-free sequence numbers from 1, and how far each sender's spool has been taken over.
package final class AlarmLog {
    /// One entry.
    package struct Entry: Equatable, Sendable {
        /// 1, 2, … without gaps.
        package var sequence: Int64
        /// Its bytes.
        package var bytes: [UInt8]

        /// An entry with every field given.
        package init(sequence: Int64, bytes: [UInt8]) {
            self.sequence = sequence
            self.bytes = bytes
        }
    }

    private static let migrations = [
        """
        CREATE TABLE alarms (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE spools (spool INTEGER PRIMARY KEY, delivered INTEGER NOT NULL) STRICT;
        """
    ]

    private let database: Database

    /// Opens or creates the log.
    package init(path: String) throws(StorageError) { database = try Database(path: path, migrations: Self.migrations) }

    /// Opens an existing log for reading.
    package init(reading path: String) throws(StorageError) { database = try Database(reading: path) }

    /// Takes over a batch of a spool: what was taken before is skipped, the rest is appended with the next numbers and
    /// counted as delivered, all in one transaction.
    ///
    /// - Parameters:
    ///   - spool: names the sender's spool.
    ///   - first: number of the first item in its spool.
    ///   - items: the items; `nil` for one that counts as delivered and is not worth an entry.
    /// - Returns: how far the spool is delivered, and the new entries. A batch that would leave a gap in the spool, or
    ///   whose numbers are beyond 63 bits, is not taken.
    package func append(
        spool: UInt64, first: UInt64, items: [(UInt64) -> [UInt8]?]
    ) throws(StorageError) -> (delivered: UInt64, entries: [Entry]) {
        try database.transaction { () throws(StorageError) in
            // A sender's claim: numbers that the database cannot hold are no numbers of a spool.
            guard first > 0, first <= UInt64(Int64.max) - UInt64(items.count) else { return (0, []) }
            let key = SQLValue.integer(Int64(bitPattern: spool))
            let row = try database.query("SELECT delivered FROM spools WHERE spool = ?", [key]).first
            // A spool that is new here may have been delivered in part to a log that is lost.
            let delivered = row?[0].integer.map { UInt64(bitPattern: $0) } ?? first - 1
            guard first - 1 <= delivered else { return (delivered, []) }
            var next = try lastSequence() + 1
            var entries: [Entry] = []
            var last = delivered
            for (number, item) in zip(first..., items) where number > delivered {
                last = number
                guard let bytes = item(UInt64(next)) else { continue }
                try database.query("INSERT INTO alarms VALUES (?, ?)", [.integer(next), .blob(bytes)])
                entries.append(Entry(sequence: next, bytes: bytes))
                next += 1
            }
            try database.query(
                "INSERT OR REPLACE INTO spools VALUES (?, ?)", [key, .integer(Int64(bitPattern: last))])
            return (last, entries)
        }
    }

    /// The last number given; 0 when the log is empty.
    package func lastSequence() throws(StorageError) -> Int64 {
        try database.query("SELECT COALESCE(MAX(sequence), 0) FROM alarms").first?.first?.integer ?? 0
    }

    /// Entries after a sequence number, oldest first.
    package func entries(after sequence: Int64, limit: Int = 1_000) throws(StorageError) -> [Entry] {
        try database.query(
            "SELECT sequence, bytes FROM alarms WHERE sequence > ? ORDER BY sequence LIMIT ?",
            [.integer(sequence), .integer(Int64(limit))]
        ).map { Entry(sequence: $0[0].integer ?? 0, bytes: $0[1].blob ?? []) }
    }

    /// Entries that contain some bytes, newest first. Looks through the whole log.
    package func entries(containing bytes: [UInt8], limit: Int) throws(StorageError) -> [Entry] {
        try database.query(
            "SELECT sequence, bytes FROM alarms WHERE instr(bytes, ?) > 0 ORDER BY sequence DESC LIMIT ?",
            [.blob(bytes), .integer(Int64(limit))]
        ).map { Entry(sequence: $0[0].integer ?? 0, bytes: $0[1].blob ?? []) }
    }
}
