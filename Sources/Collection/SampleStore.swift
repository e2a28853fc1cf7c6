import Foundation
package import Platform
import Services
package import Telemetry

/// A worker's bounded memory of its entities on disk: rows as the sampler made them, before scaling.
///
/// What ``append(_:position:settles:)`` has returned from survives the end of the process at any moment, once and in
/// order; what it has not leaves no trace. Rows lie in blocks of one entity, compressed and with a checksum; the latest,
/// until they fill a block, as they came. A block that is not what was written is passed over and counted, and nothing
/// else is lost. The oldest blocks go first when the store is full or they are too old, and an entity that has had no rows
/// for as long goes with all that is known of it. A row that jumps ahead of this machine's clock is refused and told: it
/// would make all others old, and alarms begin at times that are none.
///
/// Unchecked: every use of the database and of what is remembered holds the lock, here and in the extensions.
package final class SampleStore: @unchecked Sendable {
    /// How the schema came about, step by step.
    package static let migrations = [
        """
        CREATE TABLE entities (
            id INTEGER PRIMARY KEY, site TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, columns BLOB NOT NULL,
            UNIQUE (site, name)) STRICT;
        CREATE TABLE blocks (
            id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL,
            start REAL NOT NULL, finish REAL NOT NULL, isTail INTEGER NOT NULL, columns INTEGER NOT NULL,
            bytes BLOB NOT NULL, UNIQUE (entity, first)) STRICT;
        CREATE INDEX blocksByAge ON blocks (finish);
        CREATE TABLE positions (source TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE unsettled (id INTEGER PRIMARY KEY, source TEXT NOT NULL, bytes BLOB NOT NULL) STRICT;
        """,
        // When an entity last had rows, in the store's own time.
        "ALTER TABLE entities ADD COLUMN seen REAL NOT NULL DEFAULT 0;",
    ]

    /// Seconds after which the file is told when an entity was last seen.
    private static let seenWrittenEvery = 600.0

    /// An entity with the rows that no block holds yet.
    struct State {
        var entity: Entity
        var tail: SampleBlock
        /// The time of the latest row that was not ahead of the clock: what age is counted from. `nil`: there is none.
        var latestPast: Double?
        /// When it last had rows, in the store's own time, and what the file says of it.
        var seen = 0.0
        var seenWritten = 0.0
        var tailStart: Int { entity.nextRow - tail.rowCount }
    }

    private let lock = SteadyCondition()
    let database: Database
    let limits: Limits
    let wallSeconds: @Sendable () -> Double
    /// What the open file is, so that another one in its place is noticed.
    private let identity: FileIdentity?
    var states: [State] = []
    var index: [String: Int] = [:]
    /// For how long it was in use, over all its starts.
    var ownTime = TimeInUse()
    private var unsettledNumber: Int64
    var counted = Counters()
    /// The block that was read last.
    var recent: (entity: Int, first: Int, block: SampleBlock)?
    private var isClosing = false
    private(set) var ahead: AheadOfClock
    private var hear: @Sendable (_ site: String, DataQualityFinding) -> Void = { _, _ in }

    /// Where the file is.
    package let path: String
    /// What had to be said of the file when it was opened; `nil`: nothing.
    package let remark: String?

    /// Opens or creates a store. A file that is no store any more is put aside under another name.
    ///
    /// - Parameter wallSeconds: this machine's clock, seconds since 1970.
    /// - Throws: `StorageError` when the place cannot be written.
    package init(
        path: String, limits: Limits = Limits(),
        wallSeconds: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws(StorageError) {
        self.path = path
        self.limits = limits
        self.wallSeconds = wallSeconds
        ahead = AheadOfClock(mostSeconds: limits.aheadSeconds)
        var remark: String?
        do throws(StorageError) {
            database = try Self.open(path)
        } catch {
            guard error.code == .corrupt else { throw error }
            let aside = "\(path).damaged"
            for ending in ["", "-wal", "-shm", "-sums"] {
                try? FileManager.default.removeItem(atPath: aside + ending)
                try? FileManager.default.moveItem(atPath: path + ending, toPath: aside + ending)
            }
            remark = "the file was damaged (\(error.found)); it is kept as \(aside), and a new one begins"
            database = try Self.open(path)
        }
        identity = FileIdentity(at: path)
        unsettledNumber = try database.query("SELECT max(id) FROM unsettled").first?.first?.integer ?? 0
        let dropped = try Self.load(
            database, upTo: ahead.horizon(at: wallSeconds()), into: &states, counted: &counted)
        if dropped > 0 {
            let tail = "\(dropped) damaged pieces were left out"
            remark = remark.map { "\($0); \(tail)" } ?? tail
            counted.damaged = dropped
        }
        self.remark = remark
        ownTime = TimeInUse(from: states.map(\.seen).max() ?? 0)
        for (number, state) in states.enumerated() {
            index[state.entity.key] = number
        }
    }

    // MARK: Writing

    /// Adds rows, durably and all or nothing. Of an entity whose last row was not ahead of this machine's clock, a row that
    /// is, and by as much later than that one, is left out and told.
    ///
    /// - Parameters:
    ///   - position: what a source remembers of how far it has read, by the source's name.
    ///   - settles: numbers of pushed requests whose samples are all in rows now; see ``keep(unsettled:from:)``.
    /// - Throws: `StorageError`; nothing was added then.
    package func append(
        _ additions: [Addition], position: (source: String, bytes: [UInt8])? = nil, settles: [Int64] = []
    ) throws(StorageError) {
        guard !additions.isEmpty || position != nil || !settles.isEmpty else { return }
        let (told, hear) = try store(additions, position: position, settles: settles)
        // Not under the lock: whoever hears of it may ask the store.
        for (site, finding) in told { hear(site, finding) }
    }

    /// Hears what is wrong with rows, and of which site; at most one does.
    package func tellFindings(to hear: @escaping @Sendable (_ site: String, DataQualityFinding) -> Void) {
        lock.lock()
        defer { lock.unlock() }
        self.hear = hear
    }

    private func store(
        _ additions: [Addition], position: (source: String, bytes: [UInt8])?, settles: [Int64]
    ) throws(StorageError) -> (
        told: [(site: String, finding: DataQualityFinding)], hear: @Sendable (String, DataQualityFinding) -> Void
    ) {
        lock.lock()
        defer { lock.unlock() }
        try check()
        do throws(StorageError) {
            try database.transaction { () throws(StorageError) in
                ownTime.pass(to: wallSeconds())
                for addition in additions where !addition.rows.isEmpty {
                    try add(addition, from: position?.source ?? "samples")
                }
                try forgetTheGone()
                if let position {
                    try database.query(
                        "INSERT OR REPLACE INTO positions VALUES (?, ?)",
                        [.text(position.source), .blob(position.bytes)])
                }
                for number in settles {
                    try database.query("DELETE FROM unsettled WHERE id = ?", [.integer(number)])
                }
                try makeRoom(additions.compactMap { index["\($0.site)/\($0.entity)"] })
            }
        } catch {
            // What is remembered follows the file, which has none of it.
            try reload()
            throw error
        }
        lock.broadcast()
        return (ahead.take(), hear)
    }

    /// Makes sure that the file is still the one that is open: what is written to one that was deleted is lost.
    package func check() throws(StorageError) {
        guard let identity, FileIdentity(at: path) != identity else { return }
        throw StorageError(
            .missing, operation: "write", path: path, found: "it was deleted or replaced while it was in use",
            expected: "the file that was there at the start")
    }

    private func reload() throws(StorageError) {
        var counters = Counters()
        var loaded: [State] = []
        _ = try Self.load(
            database, upTo: ahead.horizon(at: wallSeconds()), into: &loaded, counted: &counters)
        (counted.bytes, counted.samples) = (counters.bytes, counters.samples)
        states = loaded
        remakeIndex()
    }

    /// Finds the entities anew after some have gone.
    func remakeIndex() {
        index = Dictionary(
            states.enumerated().map { ($0.element.entity.key, $0.offset) }, uniquingKeysWith: { _, last in last })
        recent = nil
    }

    private func add(_ given: Addition, from source: String) throws(StorageError) {
        let addition = index["\(given.site)/\(given.entity)"].map { given.fitting(states[$0].entity.columns) } ?? given
        let number = try state(for: addition)
        let columns = states[number].entity.columns.count
        let blockRows = limits.blockRows(columns: columns)
        let id = Int64(states[number].entity.number)
        let now = wallSeconds()
        let rows = ahead.sound(addition.rows, of: states[number].entity, from: source, at: now)
        let horizon = ahead.horizon(at: now)
        var rest = rows[...]
        let hadTail = states[number].tail.rowCount > 0
        var pieceStart = states[number].entity.nextRow
        var piece = SampleBlock(columnCount: columns)
        var isFirst = true
        while !rest.isEmpty {
            let room = max(1, blockRows - states[number].tail.rowCount)
            let taken = rest.prefix(room)
            for row in taken {
                states[number].tail.append(row)
                piece.append(row)
            }
            rest = rest.dropFirst(taken.count)
            states[number].entity.nextRow += taken.count
            if let time = taken.last(where: { $0.time.isFinite })?.time {
                states[number].entity.lastTime = time
            }
            if let time = taken.last(where: { $0.time.isFinite && $0.time <= horizon })?.time {
                states[number].latestPast = time
            }
            if states[number].tail.rowCount >= blockRows {
                // The block takes the place of its pieces.
                if isFirst, hadTail {
                    let gone = try database.query(
                        "DELETE FROM blocks WHERE entity = ? AND isTail = 1 RETURNING length(bytes), count * columns",
                        [.integer(id)])
                    for row in gone {
                        counted.bytes -= Int(row[0].integer ?? 0)
                        counted.samples -= Int(row[1].integer ?? 0)
                    }
                }
                isFirst = false
                try write(states[number].tail, of: id, at: states[number].tailStart, isTail: false)
                states[number].tail = SampleBlock(columnCount: columns)
                piece = SampleBlock(columnCount: columns)
                pieceStart = states[number].entity.nextRow
            }
        }
        if piece.rowCount > 0 { try write(piece, of: id, at: pieceStart, isTail: true) }
        counted.appended += rows.count
        states[number].seen = ownTime.seconds
        if ownTime.seconds - states[number].seenWritten >= Self.seenWrittenEvery {
            states[number].seenWritten = ownTime.seconds
            try database.query(
                "UPDATE entities SET seen = ? WHERE id = ?", [.real(ownTime.seconds), .integer(id)])
        }
    }

    /// The entity's place among the states; new entities and columns are written down.
    private func state(for addition: Addition) throws(StorageError) -> Int {
        let key = "\(addition.site)/\(addition.entity)"
        if let known = index[key] {
            let columns = states[known].entity.columns
            if addition.columns.count > columns.count {
                states[known].entity.columns = addition.columns
                try database.query(
                    "UPDATE entities SET columns = ? WHERE id = ?",
                    [.blob(Self.encode(addition.columns)), .integer(Int64(states[known].entity.number))])
            }
            return known
        }
        try database.query(
            "INSERT INTO entities (site, name, type, columns, seen) VALUES (?, ?, ?, ?, ?)",
            [
                .text(addition.site), .text(addition.entity), .text(addition.type),
                .blob(Self.encode(addition.columns)), .real(ownTime.seconds),
            ])
        let id = try database.query("SELECT last_insert_rowid()").first?.first?.integer ?? 0
        states.append(
            State(
                entity: Entity(
                    number: Int(id), site: addition.site, name: addition.entity, type: addition.type,
                    columns: addition.columns, firstRow: 0, nextRow: 0, lastTime: nil),
                tail: SampleBlock(columnCount: addition.columns.count), seen: ownTime.seconds,
                seenWritten: ownTime.seconds))
        index[key] = states.count - 1
        return states.count - 1
    }

    private static func encode(_ columns: [String]) -> [UInt8] {
        (try? JSONEncoder().encode(columns)).map { Array($0) } ?? []
    }

    private func write(_ block: SampleBlock, of id: Int64, at first: Int, isTail: Bool) throws(StorageError) {
        let bytes = Zstandard.compressed(block.encoded(), level: isTail ? 1 : 3)
        let times = block.times.filter(\.isFinite)
        try database.query(
            "INSERT INTO blocks (entity, first, count, start, finish, isTail, columns, bytes) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(id), .integer(Int64(first)), .integer(Int64(block.rowCount)), .real(times.min() ?? 0),
                .real(times.last ?? 0), .integer(isTail ? 1 : 0), .integer(Int64(block.columnCount)),
                .blob(bytes),
            ])
        counted.bytes += bytes.count
        counted.samples += block.rowCount * block.columnCount
    }

    // MARK: Requests that are not rows yet

    /// Keeps the bytes of a pushed request, durably, until its samples are in rows; returns the request's number.
    package func keep(unsettled bytes: [UInt8], from source: String) throws(StorageError) -> Int64 {
        lock.lock()
        defer { lock.unlock() }
        try check()
        let packed = Zstandard.compressed(bytes, level: 1)
        try database.query(
            "INSERT INTO unsettled VALUES (?, ?, ?)", [.integer(unsettledNumber + 1), .text(source), .blob(packed)])
        unsettledNumber += 1
        return unsettledNumber
    }

    /// The requests of a source whose samples may not all be in rows, in order.
    package func unsettled(from source: String) throws(StorageError) -> [(number: Int64, bytes: [UInt8])] {
        lock.lock()
        defer { lock.unlock() }
        return try database.query("SELECT id, bytes FROM unsettled WHERE source = ? ORDER BY id", [.text(source)])
            .compactMap { row in
                guard let number = row[0].integer, let packed = row[1].blob,
                    let bytes = Zstandard.decompressed(packed, limit: 1 << 30)
                else { return nil }
                return (number, bytes)
            }
    }

    /// Keeps what others remember beside the rows, by name, all or none.
    package func remember(_ states: [String: [UInt8]]) throws(StorageError) {
        lock.lock()
        defer { lock.unlock() }
        try database.transaction { () throws(StorageError) in
            for (name, bytes) in states.sorted(by: { $0.key < $1.key }) {
                try database.query("INSERT OR REPLACE INTO positions VALUES (?, ?)", [.text(name), .blob(bytes)])
            }
        }
    }

    /// What a source remembers of how far it has read; `nil`: nothing.
    package func position(of source: String) throws(StorageError) -> [UInt8]? {
        lock.lock()
        defer { lock.unlock() }
        return try database.query("SELECT bytes FROM positions WHERE source = ?", [.text(source)]).first?.first?.blob
    }

    // MARK: Reading

    /// The entities, in the order in which they came.
    package var entities: [Entity] {
        lock.lock()
        defer { lock.unlock() }
        return states.map(\.entity)
    }

    /// An entity by its key.
    package func entity(_ key: String) -> Entity? {
        lock.lock()
        defer { lock.unlock() }
        return index[key].map { states[$0].entity }
    }

    /// What the store has done and holds.
    package var counters: Counters {
        lock.lock()
        defer { lock.unlock() }
        return counted
    }

    /// Rows of an entity from `row` on, at most `limit`; `nil` when there is none. Rows that were let go, or that are
    /// damaged, are passed over: `first` says where what was found begins.
    package func read(_ key: String, from row: Int, limit: Int) throws(StorageError) -> (first: Int, rows: SampleBlock)?
    {
        lock.lock()
        defer { lock.unlock() }
        guard let number = index[key], limit > 0 else { return nil }
        var row = max(row, states[number].entity.firstRow)
        let id = states[number].entity.number
        while row < states[number].entity.nextRow {
            let tailStart = states[number].tailStart
            if row >= tailStart {
                let start = row - tailStart
                let end = min(states[number].tail.rowCount, start + limit)
                return (row, states[number].tail[start..<end])
            }
            if let recent, recent.entity == id, row >= recent.first, row < recent.first + recent.block.rowCount {
                let start = row - recent.first
                return (row, recent.block[start..<min(recent.block.rowCount, start + limit)])
            }
            guard
                let found = try database.query(
                    "SELECT first, count, bytes FROM blocks WHERE entity = ? AND first + count > ? AND isTail = 0 "
                        + "ORDER BY first LIMIT 1", [.integer(Int64(id)), .integer(Int64(row))]
                ).first
            else {
                row = tailStart
                continue
            }
            let (first, count) = (Int(found[0].integer ?? 0), Int(found[1].integer ?? 0))
            if let block = Self.decode(found[2].blob ?? []), block.rowCount == count {
                recent = (id, first, block)
                row = max(row, first)
            } else {
                counted.damaged += 1
                row = first + count
            }
        }
        return nil
    }

    /// Waits until rows are added, the store is woken, or the time is over.
    package func wait(upTo seconds: Double) {
        lock.lock()
        defer { lock.unlock() }
        guard !isClosing else { return }
        lock.wait(seconds: seconds)
    }

    /// Wakes whoever waits.
    package func wake() {
        lock.lock()
        defer { lock.unlock() }
        lock.broadcast()
    }
}
