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

    /// A letter that a peer refused.
    package struct DeadLetter: Equatable, Sendable {
        /// Its number among the dead; those of all forwarders are counted together.
        package var number: Int64
        /// Of which forwarder, or of which of its feeds.
        package var forwarder: String
        /// The letter's number in its feed.
        package var sequence: Int64
        /// What the peer said.
        package var reason: String
        /// When that was, in seconds since 1970.
        package var at: Int64
        /// Whether it is to be sent again.
        package var isWanted: Bool
    }

    private static let migrations = [
        """
        CREATE TABLE forwarders (name TEXT PRIMARY KEY, position INTEGER NOT NULL, sent INTEGER NOT NULL) STRICT;
        CREATE TABLE standing (
            forwarder TEXT NOT NULL, id TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (forwarder, id)) STRICT;
        CREATE TABLE dead (
            number INTEGER PRIMARY KEY, forwarder TEXT NOT NULL, sequence INTEGER NOT NULL, reason TEXT NOT NULL,
            at INTEGER NOT NULL) STRICT;
        """,
        // Numbers that name one letter for ever, and whether an operator wants it sent again.
        """
        ALTER TABLE dead RENAME TO earlier;
        CREATE TABLE dead (
            number INTEGER PRIMARY KEY AUTOINCREMENT, forwarder TEXT NOT NULL, sequence INTEGER NOT NULL,
            reason TEXT NOT NULL, at INTEGER NOT NULL, wanted INTEGER NOT NULL DEFAULT 0) STRICT;
        INSERT INTO dead SELECT number, forwarder, sequence, reason, at, 0 FROM earlier;
        DROP TABLE earlier;
        """,
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
            for again in record.again {
                if let reason = again.reason {
                    try database.query(
                        "UPDATE dead SET wanted = 0, reason = ?, at = ? WHERE number = ?",
                        [.text(reason), .integer(now), .integer(again.number)])
                } else {
                    try database.query("DELETE FROM dead WHERE number = ?", [.integer(again.number)])
                }
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

    /// Dead letters of some feeds, or of all, behind a number, oldest first.
    package func deadLetters(
        of feeds: [String]?, after number: Int64, limit: Int
    ) throws(StorageError) -> [DeadLetter] {
        try letters(
            of: feeds, "number > ? ORDER BY number LIMIT ?", [.integer(number), .integer(Int64(max(0, limit)))])
    }

    /// One dead letter of a feed; `nil` where there is none (any more).
    package func deadLetter(_ number: Int64, of feed: String) throws(StorageError) -> DeadLetter? {
        try letters(of: [feed], "number = ?", [.integer(number)]).first
    }

    /// The dead letters of a feed that are to be sent again, oldest first.
    package func wanted(of feed: String) throws(StorageError) -> [Int64] {
        try letters(of: [feed], "wanted = 1 ORDER BY number", []).map(\.number)
    }

    /// Marks dead letters of some feeds as to be sent again.
    ///
    /// - Parameter numbers: which; `nil`: all of them.
    /// - Returns: those that are marked now, by feed.
    package func want(_ numbers: [Int64]?, of feeds: [String]) throws(StorageError) -> [String: [Int64]] {
        var marked: [String: [Int64]] = [:]
        try each(numbers, of: feeds) { letter throws(StorageError) in
            try database.query("UPDATE dead SET wanted = 1 WHERE number = ?", [.integer(letter.number)])
            marked[letter.forwarder, default: []].append(letter.number)
        }
        return marked
    }

    /// Forgets dead letters of some feeds, or of all.
    ///
    /// - Parameter numbers: which; `nil`: all of them.
    /// - Returns: how many went.
    package func drop(_ numbers: [Int64]?, of feeds: [String]?) throws(StorageError) -> Int {
        var count = 0
        try each(numbers, of: feeds) { letter throws(StorageError) in
            try database.query("DELETE FROM dead WHERE number = ?", [.integer(letter.number)])
            count += 1
        }
        return count
    }

    private func each(
        _ numbers: [Int64]?, of feeds: [String]?, _ body: (DeadLetter) throws(StorageError) -> Void
    ) throws(StorageError) {
        let chosen = numbers.map(Set.init)
        try database.transaction { () throws(StorageError) in
            for letter in try letters(of: feeds, "1 ORDER BY number", []) where chosen?.contains(letter.number) ?? true
            {
                try body(letter)
            }
        }
    }

    private func letters(
        of feeds: [String]?, _ rest: String, _ values: [SQLValue]
    ) throws(StorageError) -> [DeadLetter] {
        let places = feeds.map { "forwarder IN (\($0.map { _ in "?" }.joined(separator: ", "))) AND " } ?? ""
        return try database.query(
            "SELECT number, forwarder, sequence, reason, at, wanted FROM dead WHERE \(places)\(rest)",
            (feeds ?? []).map(SQLValue.text) + values
        ).map { row in
            DeadLetter(
                number: row[0].integer ?? 0, forwarder: row[1].text ?? "", sequence: row[2].integer ?? 0,
                reason: row[3].text ?? "", at: row[4].integer ?? 0, isWanted: row[5].integer == 1)
        }
    }
}
