package import Platform

/// An append-only log with gap-free sequence numbers from 1, how far each worker's spool has been taken over, and which
/// entities each worker has served.
///
/// Each entry has a checksum over its number and its bytes; one that is not what was written is left out when the log is
/// read, and counted.
package final class AlarmLog {
    /// One entry.
    package struct Entry: Equatable, Sendable {
        /// 1, 2, … without gaps; the first of all that are kept may be a later one.
        package var sequence: Int64
        /// Its bytes.
        package var bytes: [UInt8]

        /// An entry with every field given.
        package init(sequence: Int64, bytes: [UInt8]) {
            self.sequence = sequence
            self.bytes = bytes
        }
    }

    /// Of what an entry is.
    package enum Kind: String, Sendable, CaseIterable {
        /// Of an alarm.
        case alarms
        /// Of what is wrong with the watching: its identity has a `!` where an alarm's has an `@`.
        case findings

        /// As the indices of the log have it.
        fileprivate var condition: String {
            "substr(id, length(entity) + 1, 1) \(self == .findings ? "=" : "<>") '!'"
        }
    }

    /// A part of the log.
    package struct Page: Equatable, Sendable {
        /// The entries, oldest first.
        package var entries: [Entry] = []
        /// The number up to which the log was looked through; that of the last entry, or of a damaged one behind it.
        package var last: Int64
        /// Entries that are not what was written.
        package var damaged = 0
        /// Whether there may be more behind it.
        package var hasMore = false
    }

    /// What is written of one alarm.
    package struct Item: Sendable {
        package var sequence: Int64
        package var id: String
        package var entity: String
        package var revision: Int
        package var bytes: [UInt8]

        /// An item with every field given.
        package init(sequence: Int64, id: String, entity: String, revision: Int, bytes: [UInt8]) {
            self.sequence = sequence
            self.id = id
            self.entity = entity
            self.revision = revision
            self.bytes = bytes
        }
    }

    private static let migrations = [
        """
        CREATE TABLE alarms (sequence INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE spools (spool INTEGER PRIMARY KEY, delivered INTEGER NOT NULL) STRICT;
        """,
        """
        ALTER TABLE alarms ADD COLUMN digest BLOB;
        ALTER TABLE alarms ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE alarms ADD COLUMN id TEXT NOT NULL DEFAULT '';
        ALTER TABLE alarms ADD COLUMN entity TEXT NOT NULL DEFAULT '';
        ALTER TABLE alarms ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE deliveries (
            worker TEXT NOT NULL, spool INTEGER NOT NULL, delivered INTEGER NOT NULL, seen INTEGER NOT NULL,
            PRIMARY KEY (worker, spool)) STRICT;
        CREATE TABLE services (
            entity TEXT NOT NULL, worker TEXT NOT NULL, domain TEXT NOT NULL, seen INTEGER NOT NULL,
            PRIMARY KEY (entity, worker)) STRICT;
        """,
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;",
        Kind.allCases.map {
            "CREATE INDEX alarms_\($0.rawValue) ON alarms (sequence) WHERE \($0.condition);"
        }.joined(separator: "\n"),
    ]

    /// Bytes of entries that one page holds at most, but for one entry.
    package static let pageBytes = 1 << 20

    /// Spools of one worker that are remembered, the latest.
    private static let spoolsOfAWorker: Int64 = 16

    private let database: Database

    /// What is wrong with the file, where it was opened all the same; `nil` for a sound one.
    package var damage: String? { database.damage }

    /// Opens or creates the log.
    package init(path: String) throws(StorageError) {
        database = try Database(path: path, migrations: Self.migrations, opensDamaged: true)
    }

    /// Opens an existing log for reading.
    package init(reading path: String) throws(StorageError) { database = try Database(reading: path) }

    private static func digest(_ sequence: Int64, _ bytes: [UInt8]) -> [UInt8] {
        var sha = SHA256()
        sha.update((0..<8).map { UInt8(truncatingIfNeeded: sequence >> Int64(8 * $0)) })
        sha.update(bytes)
        return Array(sha.digest().prefix(16))
    }

    /// Appends alarms, says how far a worker's spool is taken over by that and who serves what, all in one transaction.
    ///
    /// - Parameters:
    ///   - delivery: of the spool; `nil` where there is none.
    ///   - now: seconds since 1970.
    package func append(
        _ items: [Item], delivery: (worker: String, spool: UInt64, delivered: UInt64)?,
        services: [(entity: String, domain: String, worker: String)] = [], now: Int64
    ) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            for item in items {
                try database.query(
                    """
                    INSERT INTO alarms (sequence, bytes, digest, received, id, entity, revision)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                    [
                        .integer(item.sequence), .blob(item.bytes), .blob(Self.digest(item.sequence, item.bytes)),
                        .integer(now), .text(item.id), .text(item.entity), .integer(Int64(item.revision)),
                    ])
            }
            if let delivery {
                try database.query(
                    "INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?)",
                    [
                        .text(delivery.worker), .integer(Int64(bitPattern: delivery.spool)),
                        .integer(Int64(clamping: delivery.delivered)), .integer(now),
                    ])
                // It begins a spool with each start.
                try database.query(
                    """
                    DELETE FROM deliveries WHERE worker = ? AND rowid <= (
                        SELECT rowid FROM deliveries WHERE worker = ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)
                    """,
                    [.text(delivery.worker), .text(delivery.worker), .integer(Self.spoolsOfAWorker)])
            }
            for service in services {
                try database.query(
                    "INSERT OR REPLACE INTO services VALUES (?, ?, ?, ?)",
                    [.text(service.entity), .text(service.worker), .text(service.domain), .integer(now)])
            }
        }
    }

    /// The last number given; 0 when the log is empty.
    package func lastSequence() throws(StorageError) -> Int64 {
        try database.query("SELECT COALESCE(MAX(sequence), 0) FROM alarms").first?.first?.integer ?? 0
    }

    /// The number behind which the latest entries of a kind begin, so many of them; 0 where there are not more.
    package func start(ofLatest count: Int64, _ kind: Kind) throws(StorageError) -> Int64 {
        try database.query(
            "SELECT sequence FROM alarms WHERE \(kind.condition) ORDER BY sequence DESC LIMIT 1 OFFSET ?",
            [.integer(max(0, count))]
        ).first?.first?.integer ?? 0
    }

    /// Entries after a sequence number, oldest first: at most `limit`, and about ``pageBytes``.
    ///
    /// - Parameter kind: only those of this kind; `nil`: all.
    package func page(
        after sequence: Int64, limit: Int = 1_000, of kind: Kind? = nil
    ) throws(StorageError) -> Page {
        var page = Page(last: sequence)
        var bytes = 0
        while page.entries.count < limit, bytes < Self.pageBytes {
            guard let next = try row(after: page.last, kind) else { return page }
            page.last = next.sequence
            guard let entry = next.entry else {
                page.damaged += 1
                continue
            }
            page.entries.append(entry)
            bytes += entry.bytes.count
        }
        page.hasMore = true
        return page
    }

    /// The next row, and what it holds where that is what was written; `nil` at the end.
    private func row(
        after sequence: Int64, _ kind: Kind?
    ) throws(StorageError) -> (sequence: Int64, entry: Entry?)? {
        let condition = kind.map { " AND \($0.condition)" } ?? ""
        do throws(StorageError) {
            guard
                let row = try database.query(
                    "SELECT sequence, bytes, digest FROM alarms WHERE sequence > ?\(condition) ORDER BY sequence LIMIT 1",
                    [.integer(sequence)]
                ).first, let number = row[0].integer
            else { return nil }
            let bytes = row[1].blob ?? []
            // Rows of an earlier build have no checksum.
            let isSound = row[2].blob.map { $0 == Self.digest(number, bytes) } ?? !bytes.isEmpty
            return (number, isSound ? Entry(sequence: number, bytes: bytes) : nil)
        } catch {
            // A block that holds a part of the log cannot be followed: what lies behind it may be.
            guard error.code == .corrupt, sequence < (try? lastSequence()) ?? sequence else { throw error }
            return (sequence + 1, nil)
        }
    }

    /// The latest entries of an alarm, newest first.
    package func entries(of id: String, limit: Int) throws(StorageError) -> [Entry] {
        try entries("id = ?", .text(id), limit: limit)
    }

    /// Entries that contain some bytes, newest first. Looks through the whole log.
    package func entries(containing bytes: [UInt8], limit: Int) throws(StorageError) -> [Entry] {
        try entries("instr(bytes, ?) > 0", .blob(bytes), limit: limit)
    }

    private func entries(_ condition: String, _ value: SQLValue, limit: Int) throws(StorageError) -> [Entry] {
        let rows = try database.query(
            "SELECT sequence, bytes, digest FROM alarms WHERE \(condition) ORDER BY sequence DESC LIMIT ?",
            [value, .integer(Int64(limit))])
        return rows.compactMap { row in
            guard let number = row[0].integer, let bytes = row[1].blob,
                row[2].blob.map({ $0 == Self.digest(number, bytes) }) ?? true
            else { return nil }
            return Entry(sequence: number, bytes: bytes)
        }
    }

    // MARK: What a start needs

    /// The latest alarms, oldest first: identity, entity and the highest number of their events.
    package func alarms(limit: Int) throws(StorageError) -> [(id: String, entity: String, revision: Int)] {
        try database.query(
            """
            SELECT id, entity, MAX(revision), MAX(sequence) AS latest FROM alarms WHERE id <> ''
            GROUP BY id, entity ORDER BY latest DESC LIMIT ?
            """, [.integer(Int64(limit))]
        ).reversed().map { ($0[0].text ?? "", $0[1].text ?? "", Int($0[2].integer ?? 0)) }
    }

    /// How far each worker's spool is taken over, the one heard of last at the end.
    package func deliveries(limit: Int) throws(StorageError) -> [(worker: String, spool: UInt64, delivered: UInt64)] {
        try database.query(
            "SELECT worker, spool, delivered FROM deliveries ORDER BY seen DESC, worker, spool LIMIT ?",
            [.integer(Int64(limit))]
        ).reversed().map {
            ($0[0].text ?? "", UInt64(bitPattern: $0[1].integer ?? 0), UInt64(clamping: $0[2].integer ?? 0))
        }
    }

    /// Who has served what, oldest first.
    package func services(limit: Int) throws(StorageError) -> [(entity: String, domain: String, worker: String)] {
        try database.query(
            "SELECT entity, domain, worker FROM services ORDER BY seen DESC, entity, worker LIMIT ?",
            [.integer(Int64(limit))]
        ).reversed().map { ($0[0].text ?? "", $0[1].text ?? "", $0[2].text ?? "") }
    }

    /// Forgets what is more than should be kept, of each kind, and what is older where the clock has gone on for a while
    /// (``SteadyClock``); the last entry stays, so that numbers go on.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: how many entries went.
    @discardableResult
    package func apply(_ retention: Retention, now: Int64) throws(StorageError) -> Int {
        try database.transaction { () throws(StorageError) in
            let isSteady = try SteadyClock.look(now, in: database)
            let horizon = SQLValue.integer(isSteady ? retention.horizon(now: now) : .min)
            let last = try lastSequence()
            let before = try count()
            try database.query("DELETE FROM alarms WHERE sequence < ? AND received < ?", [.integer(last), horizon])
            for (kind, most) in [(Kind.alarms, retention.alarms), (.findings, retention.findings)] {
                try database.query(
                    "DELETE FROM alarms WHERE sequence < ? AND sequence <= ? AND \(kind.condition)",
                    [.integer(last), .integer(try start(ofLatest: Int64(clamping: most), kind))])
            }
            try database.query("DELETE FROM deliveries WHERE seen < ?", [horizon])
            try database.query("DELETE FROM services WHERE seen < ?", [horizon])
            return try before - count()
        }
    }

    private func count() throws(StorageError) -> Int {
        Int(try database.query("SELECT COUNT(*) FROM alarms").first?.first?.integer ?? 0)
    }

    /// Makes the database's file whole, with its checksums.
    package func seal() throws(StorageError) { try database.seal() }
}
