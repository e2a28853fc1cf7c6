package import Federation
package import Platform

/// The model versions of a federation and the log of its rounds, in one database file: a version, the round that made
/// it and the contributions behind it become durable together or not at all.
package final class VersionRegistry {
    /// One version.
    package struct Version: Equatable, Sendable {
        /// 1, 2, …
        package var number: Int64
        /// Its bytes.
        package var bytes: [UInt8]
        /// SHA-256 of the bytes.
        package var digest: [UInt8]

        /// A version with every field given.
        package init(number: Int64, bytes: [UInt8], digest: [UInt8]) {
            self.number = number
            self.bytes = bytes
            self.digest = digest
        }
    }

    /// One line of the log of rounds.
    package struct Round: Equatable, Sendable {
        /// The round.
        package var round: Int64
        /// The version there was after it.
        package var version: Int64
        /// Whether it was committed.
        package var isCommitted: Bool
        /// Whether it is no round, but a version that somebody asked for again; `round` is then the next one.
        package var isRestoration: Bool
        /// What is known of it, as JSON.
        package var record: [UInt8]

        /// A line with every field given.
        package init(
            round: Int64, version: Int64, isCommitted: Bool, isRestoration: Bool = false, record: [UInt8]
        ) {
            self.isRestoration = isRestoration
            self.round = round
            self.version = version
            self.isCommitted = isCommitted
            self.record = record
        }
    }

    /// The schema, one script for each change of it.
    package static let migrations = [
        """
        CREATE TABLE versions (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL, digest BLOB NOT NULL) STRICT;
        CREATE TABLE rounds (
            entry INTEGER PRIMARY KEY, round INTEGER NOT NULL, version INTEGER NOT NULL,
            committed INTEGER NOT NULL, record BLOB NOT NULL) STRICT;
        CREATE UNIQUE INDEX committed_rounds ON rounds (round) WHERE committed = 1;
        CREATE TABLE contributions (
            round INTEGER NOT NULL, worker TEXT NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (round, worker)) STRICT;
        CREATE TABLE workers (name TEXT PRIMARY KEY, record BLOB NOT NULL) STRICT;
        CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
        """,
        "CREATE TABLE texts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;",
        "ALTER TABLE workers ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;",
    ]

    private let database: Database

    /// Opens or creates the registry.
    package init(path: String) throws(StorageError) { database = try Database(path: path, migrations: Self.migrations) }

    /// Opens an existing registry for reading.
    package init(reading path: String) throws(StorageError) { database = try Database(reading: path) }

    /// Counts a start of the server; the first is 1.
    package func beginTerm() throws(StorageError) -> Int64 {
        try database.transaction { () throws(StorageError) in
            try database.query(
                "INSERT INTO facts VALUES ('term', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1")
            return try database.query("SELECT value FROM facts WHERE name = 'term'").first?.first?.integer ?? 1
        }
    }

    private func text(_ name: String) throws(StorageError) -> [UInt8]? {
        try database.query("SELECT value FROM texts WHERE name = ?", [.text(name)]).first?[0].blob
    }

    /// The federation whose registry this is; a new registry begins the one that `make` names.
    package func federation(_ make: () -> FederationIdentity) throws(StorageError) -> FederationIdentity {
        try database.query(
            "INSERT OR IGNORE INTO texts VALUES ('federation', ?)", [.blob(Array("\(make())".utf8))])
        let stored = try text("federation") ?? []
        guard let identity = FederationIdentity(String(decoding: stored, as: UTF8.self)) else {
            throw StorageError(
                .corrupt, operation: "read", path: database.path, found: "a federation's name of \(stored.count) bytes",
                expected: "32 hexadecimal digits")
        }
        return identity
    }

    /// The federation; `nil` in a registry of an earlier release.
    package func federation() throws(StorageError) -> FederationIdentity? {
        try text("federation").flatMap { FederationIdentity(String(decoding: $0, as: UTF8.self)) }
    }

    /// Keeps a configuration under its SHA-256, which it returns.
    package func remember(_ configuration: [UInt8]) throws(StorageError) -> [UInt8] {
        let digest = SHA256.digest(configuration)
        let name = "configuration " + SHA256.hexadecimalDigits(digest)
        try database.query("INSERT OR IGNORE INTO texts VALUES (?, ?)", [.text(name), .blob(configuration)])
        return digest
    }

    /// The configuration of that SHA-256, in hexadecimal digits.
    package func configuration(_ digest: String) throws(StorageError) -> [UInt8]? {
        try text("configuration " + digest)
    }

    /// Makes a round durable, with the version it made if it made one. Of the contributions that were kept for the round,
    /// those of other workers than the contributors are forgotten, in the same transaction.
    package func commit(
        _ round: Round, version: Version?, contributors: [String]? = nil
    ) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            if let contributors {
                let kept = try database.query(
                    "SELECT worker FROM contributions WHERE round = ?", [.integer(round.round)]
                ).compactMap { $0[0].text }
                for worker in kept where !contributors.contains(worker) {
                    try database.query(
                        "DELETE FROM contributions WHERE round = ? AND worker = ?",
                        [.integer(round.round), .text(worker)])
                }
            }
            if let version {
                try database.query(
                    "INSERT INTO versions VALUES (?, ?, ?)",
                    [.integer(version.number), .blob(version.bytes), .blob(version.digest)])
            }
            try append(round)
        }
    }

    /// Appends a round that made nothing.
    package func append(_ round: Round) throws(StorageError) {
        try database.query(
            "INSERT INTO rounds (round, version, committed, record) VALUES (?, ?, ?, ?)",
            [
                .integer(round.round), .integer(round.version),
                // Of each round one line at most is 1.
                .integer(round.isRestoration ? 2 : round.isCommitted ? 1 : 0),
                .blob(round.record),
            ])
    }

    /// Keeps the bytes of a contribution; one a worker and round, the latest.
    package func keep(round: Int64, worker: String, digest: [UInt8], bytes: Bytes) throws(StorageError) {
        try keep([(round: round, worker: worker, digest: digest, bytes: bytes)])
    }

    /// Keeps several contributions, all or none.
    package func keep(
        _ contributions: [(round: Int64, worker: String, digest: [UInt8], bytes: Bytes)]
    ) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            for item in contributions {
                let key: [SQLValue] = [.integer(item.round), .text(item.worker), .blob(item.digest)]
                guard item.bytes.partCount > 1 else {
                    try database.query(
                        "INSERT OR REPLACE INTO contributions VALUES (?, ?, ?, ?)", key + [.bytes(item.bytes)])
                    continue
                }
                try database.query(
                    "INSERT OR REPLACE INTO contributions VALUES (?, ?, ?, zeroblob(?))",
                    key + [.integer(Int64(item.bytes.count))])
                try database.fill("contributions", "bytes", with: item.bytes)
            }
        }
    }

    /// The bytes of a kept contribution; `nil` where the one that is kept is another, or none.
    package func contribution(round: Int64, worker: String, digest: [UInt8]) throws(StorageError) -> [UInt8]? {
        try database.query(
            "SELECT bytes FROM contributions WHERE round = ? AND worker = ? AND digest = ?",
            [.integer(round), .text(worker), .blob(digest)]
        ).first?[0].blob
    }

    /// Forgets the contributions of earlier rounds.
    package func forgetContributions(before round: Int64) throws(StorageError) {
        try database.query("DELETE FROM contributions WHERE round < ?", [.integer(round)])
    }

    /// The kept contributions of a round, by worker.
    package func contributions(round: Int64) throws(StorageError) -> [String: [UInt8]] {
        try database.query("SELECT worker, bytes FROM contributions WHERE round = ?", [.integer(round)])
            .reduce(into: [:]) { $0[$1[0].text ?? ""] = $1[1].blob ?? [] }
    }

    /// The last version; `nil` when there is none.
    ///
    /// - Throws: ``StorageError`` with the code `corrupt` when its bytes are not what its checksum says.
    package func latestVersion() throws(StorageError) -> Version? {
        try version(query: "SELECT number, bytes, digest FROM versions ORDER BY number DESC LIMIT 1", [])
    }

    /// A version.
    package func version(_ number: Int64) throws(StorageError) -> Version? {
        try version(query: "SELECT number, bytes, digest FROM versions WHERE number = ?", [.integer(number)])
    }

    /// The numbers of the versions that there are, ascending.
    package func versions() throws(StorageError) -> [Int64] {
        try database.query("SELECT number FROM versions ORDER BY number").compactMap { $0[0].integer }
    }

    /// A version that is kept, without its bytes.
    package struct Kept: Equatable, Sendable {
        /// Its number.
        package var number: Int64
        /// How many bytes it has.
        package var bytes: Int
        /// SHA-256 of the bytes.
        package var digest: [UInt8]
        /// What is known of the round that made it, as JSON; `nil` where that is not kept.
        package var record: [UInt8]?
    }

    /// The versions before a number, the latest first.
    package func kept(before number: Int64, limit: Int) throws(StorageError) -> [Kept] {
        try database.query(
            """
            SELECT number, length(bytes), digest,
            (SELECT record FROM rounds WHERE version = number AND committed > 0 ORDER BY entry LIMIT 1)
            FROM versions WHERE number < ? ORDER BY number DESC LIMIT ?
            """, [.integer(number), .integer(Int64(limit))]
        ).map {
            Kept(
                number: $0[0].integer ?? 0, bytes: Int($0[1].integer ?? 0), digest: $0[2].blob ?? [],
                record: $0[3].blob)
        }
    }

    private func version(query: String, _ values: [SQLValue]) throws(StorageError) -> Version? {
        guard let row = try database.query(query, values).first else { return nil }
        let version = Version(
            number: row[0].integer ?? 0, bytes: row[1].blob ?? [], digest: row[2].blob ?? [])
        guard SHA256.digest(version.bytes) == version.digest else {
            throw StorageError(
                .corrupt, operation: "read", path: database.path,
                found: "model version \(version.number) that does not match its SHA-256")
        }
        return version
    }

    /// The first round that is not committed.
    package func nextRound() throws(StorageError) -> Int64 {
        let last = try database.query("SELECT MAX(round) FROM rounds WHERE committed = 1").first?.first?.integer
        return last.map { $0 + 1 } ?? 0
    }

    /// The round with which the present loop began, and how many loops the log has before it; `nil` where it has none.
    package func loop() throws(StorageError) -> (start: UInt32, number: UInt32)? {
        // As its encoder writes it; within a text of a peer's the quotes would be escaped.
        let begins = "committed = 1 AND instr(record, CAST('\"kind\":\"statistics\"' AS BLOB)) > 0"
        guard
            let last = try database.query(
                "SELECT round FROM rounds WHERE \(begins) ORDER BY entry DESC LIMIT 1"
            ).first?.first?.integer
        else { return nil }
        let count = try database.query("SELECT COUNT(*) FROM rounds WHERE \(begins)").first?.first?.integer ?? 1
        return (UInt32(clamping: last), UInt32(clamping: count - 1))
    }

    /// The log of rounds, oldest first.
    package func rounds() throws(StorageError) -> [Round] {
        try database.query("SELECT round, version, committed, record FROM rounds ORDER BY entry").map { row in
            Round(
                round: row[0].integer ?? 0, version: row[1].integer ?? 0, isCommitted: row[2].integer == 1,
                isRestoration: row[2].integer == 2, record: row[3].blob ?? [])
        }
    }

    /// The latest lines of the log of rounds, oldest first.
    package func rounds(latest count: Int) throws(StorageError) -> [Round] {
        try database.query(
            "SELECT round, version, committed, record FROM rounds ORDER BY entry DESC LIMIT ?",
            [.integer(Int64(count))]
        ).reversed().map { row in
            Round(
                round: row[0].integer ?? 0, version: row[1].integer ?? 0, isCommitted: row[2].integer == 1,
                isRestoration: row[2].integer == 2, record: row[3].blob ?? [])
        }
    }

    /// Remembers what is known of a worker, as JSON.
    ///
    /// - Parameter now: seconds since 1970.
    package func record(worker: String, _ record: [UInt8], now: Int64 = 0) throws(StorageError) {
        try database.query(
            "INSERT OR REPLACE INTO workers VALUES (?, ?, ?)", [.text(worker), .blob(record), .integer(now)])
    }

    /// Remembers what is known of several workers, all or none, as JSON: many that come at once cost one write.
    ///
    /// - Parameter now: seconds since 1970.
    package func record(workers: [(name: String, record: [UInt8])], now: Int64) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            for worker in workers { try record(worker: worker.name, worker.record, now: now) }
        }
    }

    /// Forgets names of workers that are too many, or were away for too long by a clock that has gone on for a while
    /// (``SteadyClock``).
    ///
    /// - Parameters:
    ///   - living: names that stay.
    ///   - now: seconds since 1970.
    /// - Returns: the names that went.
    package func forgetWorkers(
        _ retention: Retention, living: Set<String>, now: Int64
    ) throws(StorageError) -> [String] {
        try database.transaction { () throws(StorageError) in
            let seen = try database.query("SELECT name, seen FROM workers").reduce(into: [String: Int64]()) {
                if let name = $1[0].text { $0[name] = $1[1].integer ?? 0 }
            }
            let isSteady = try SteadyClock.look(now, in: database)
            let forgotten = retention.forgotten(seen, living: living, now: isSteady ? now : .min / 2)
            for name in forgotten { try database.query("DELETE FROM workers WHERE name = ?", [.text(name)]) }
            return forgotten
        }
    }

    /// Forgets what is more than should be kept. The latest version and the round that made it always stay.
    package func apply(_ retention: Retention) throws(StorageError) {
        try database.transaction { () throws(StorageError) in
            try database.query(
                "DELETE FROM versions WHERE number <= (SELECT MAX(number) FROM versions) - ?",
                [.integer(Int64(max(1, retention.versions)))])
            try database.query(
                """
                DELETE FROM rounds WHERE committed = 0 AND entry NOT IN
                (SELECT entry FROM rounds WHERE committed = 0 ORDER BY entry DESC LIMIT ?)
                """, [.integer(Int64(max(0, retention.abandonedRounds)))])
            try database.query(
                "DELETE FROM rounds WHERE entry <= (SELECT MAX(entry) FROM rounds WHERE committed = 1) - ?",
                [.integer(Int64(max(1, retention.rounds)))])
        }
    }

    /// Makes the database's file whole, with its checksums.
    package func seal() throws(StorageError) { try database.seal() }

    /// What is known of each worker that ever joined, by name.
    package func workers() throws(StorageError) -> [(name: String, record: [UInt8])] {
        try database.query("SELECT name, record FROM workers ORDER BY name").map {
            (name: $0[0].text ?? "", record: $0[1].blob ?? [])
        }
    }
}
