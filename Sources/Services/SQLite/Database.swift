import CSQLite
package import Federation
package import Platform

/// A connection to an SQLite database file, used by one thread at a time.
///
/// Written with a write-ahead log and full synchronisation: a transaction that has returned survives a crash of process
/// or machine, one that has not leaves no trace. Readers have connections of their own and never wait for the writer.
///
/// Beside a database that is written lies a file with the checksums of its blocks (``PageSums``). The log is taken over
/// into the database only by ``seal()``, so that between two of these calls the file stands still and can be compared
/// with them, whatever the process dies of.
@safe package final class Database {
    /// The file.
    package let path: String
    private let connection: OpaquePointer
    private var statements: [String: Statement] = [:]
    private let isSealed: Bool
    /// Whether it was opened without a fault, so that it may get checksums.
    private var isReady = false
    /// What the database's checksums said when it was opened, where that did not keep it from being opened.
    package private(set) var damage: String?

    /// Bytes of the log after which it is taken over into the database.
    private static let longestLog = 8 << 20

    /// Opens or creates a database and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - migrations: SQL scripts, each applied once in this order; the file remembers how many it has seen.
    ///   - opensDamaged: whether a database whose blocks are not what was written is opened all the same, for what can
    ///     still be read; ``damage`` says so then.
    /// - Throws: ``StorageError`` with the code `unwritable`, `full`, `busy`, `corrupt`, `unsupported` (made by a newer
    ///   program) or `database`.
    package init(path: String, migrations: [String], opensDamaged: Bool = false) throws(StorageError) {
        self.path = path
        isSealed = true
        unsafe connection = try Self.open(path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        let known = try checkSums(opensDamaged: opensDamaged)
        if damage == nil, let found = try WriteAheadLog.damage(of: path) {
            try damaged(found, opensDamaged: opensDamaged)
        }
        try script("PRAGMA journal_mode = WAL")
        try script("PRAGMA synchronous = FULL")
        try script("PRAGMA wal_autocheckpoint = 0")
        if !known, damage == nil, try query("PRAGMA quick_check(1)").first?.first?.text != "ok" {
            try damaged("a structure that SQLite cannot follow", opensDamaged: opensDamaged)
        }
        try migrate(migrations)
        isReady = true
        if !known { try seal() }
    }

    /// Opens an existing database for reading.
    package init(reading path: String) throws(StorageError) {
        self.path = path
        isSealed = false
        unsafe connection = try Self.open(path, flags: SQLITE_OPEN_READONLY)
    }

    deinit {
        // Whoever closes it well finds the next start quick and every bit accounted for.
        if isReady { try? seal() }
        statements = [:]
        unsafe sqlite3_close_v2(connection)
    }

    private static func open(_ path: String, flags: Int32) throws(StorageError) -> OpaquePointer {
        var handle: OpaquePointer?
        let status = unsafe sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_FULLMUTEX, nil)
        guard status == SQLITE_OK, let connection = unsafe handle else {
            defer { unsafe sqlite3_close_v2(handle) }
            throw unsafe failure(status, "open", path, handle)
        }
        // Another process on the same file: wait a little, then say so.
        unsafe sqlite3_busy_timeout(connection, 2_000)
        return unsafe connection
    }

    private static func failure(
        _ status: Int32, _ operation: String, _ path: String, _ handle: OpaquePointer?
    ) -> StorageError {
        let text = unsafe handle.flatMap { unsafe sqlite3_errmsg($0) }.map { unsafe String(cString: $0) }
        let found = text ?? "SQLite status \(status)"
        let code: StorageError.Code =
            switch status & 0xff {
            case SQLITE_FULL: .full
            case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: .busy
            case SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_READONLY, SQLITE_IOERR: .unwritable
            case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
            default: .database
            }
        return StorageError(code, operation: operation, path: path, found: found)
    }

    fileprivate func failure(_ status: Int32, _ operation: String) -> StorageError {
        unsafe Self.failure(status, operation, path, connection)
    }

    /// Copies the database as it stands now into a new file. Whoever writes goes on meanwhile, and what is written later is
    /// not in the copy.
    package func copy(to path: String) throws(StorageError) {
        let target = unsafe try Self.open(path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
        defer { unsafe sqlite3_close_v2(target) }
        guard let job = unsafe sqlite3_backup_init(target, "main", connection, "main") else {
            throw unsafe Self.failure(sqlite3_errcode(target), "write", path, target)
        }
        // In one go: a writer in between would make it begin anew.
        let step = unsafe sqlite3_backup_step(job, -1)
        let end = unsafe sqlite3_backup_finish(job)
        guard step == SQLITE_DONE, end == SQLITE_OK else {
            throw unsafe Self.failure(step == SQLITE_DONE ? end : step, "copy", path, target)
        }
    }

    // MARK: Checksums

    /// Whether the file is the one of which there are checksums; false without any.
    private func checkSums(opensDamaged: Bool) throws(StorageError) -> Bool {
        let known: PageSums?
        do throws(StorageError) {
            known = try PageSums.read(for: path)
        } catch {
            guard opensDamaged, error.code == .corrupt else { throw error }
            damage = error.found
            return false
        }
        guard let known else { return false }
        guard let difference = known.difference(from: try sums()) else { return true }
        try damaged(difference, opensDamaged: opensDamaged)
        return false
    }

    private func damaged(_ found: String, opensDamaged: Bool) throws(StorageError) {
        guard opensDamaged else {
            throw StorageError(
                .corrupt, operation: "open", path: path, found: found,
                expected: "the database as it was; restore the folder from a backup, or see docs/federation.md, Damage")
        }
        damage = found
    }

    /// The checksums of the file as it is on the disk.
    private func sums() throws(StorageError) -> PageSums {
        let size = unsafe faultline_sqlite_size(connection)
        guard size >= 0 else { throw failure(SQLITE_IOERR, "read") }
        var result = PageSums(size: size, sums: [])
        let piece = 256 * PageSums.blockBytes
        var buffer = [UInt8](repeating: 0, count: piece)
        var offset: Int64 = 0
        while offset < size {
            let blocks = min(256, (Int(size - offset) + PageSums.blockBytes - 1) / PageSums.blockBytes)
            let count = blocks * PageSums.blockBytes
            let status = unsafe buffer.withUnsafeMutableBytes {
                unsafe faultline_sqlite_read(connection, $0.baseAddress, Int32(count), offset)
            }
            guard status == SQLITE_OK else { throw failure(status, "read") }
            unsafe buffer.withUnsafeBytes { bytes in
                for block in 0..<blocks {
                    let range = block * PageSums.blockBytes..<(block + 1) * PageSums.blockBytes
                    result.sums.append(unsafe PageSums.sum(of: UnsafeRawBufferPointer(rebasing: bytes[range])))
                }
            }
            offset += Int64(count)
        }
        return result
    }

    /// Takes the log over into the database and writes its checksums. What changed in the file since the last time is
    /// noticed before it gets checksums of its own.
    ///
    /// - Throws: ``StorageError`` with the code `corrupt` when the file is not what was written.
    package func seal() throws(StorageError) {
        guard isSealed else { return }
        if damage == nil, let known = try PageSums.read(for: path), let difference = known.difference(from: try sums())
        {
            damage = difference
            throw StorageError(.corrupt, operation: "write", path: path, found: difference)
        }
        try FolderContents.remove(PageSums.path(for: path))
        // A reader that is in the middle of something keeps a part of the log; that part stays until the next time.
        unsafe sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
        guard damage == nil else { return }
        try sums().write(for: path)
    }

    /// Seals when the log has grown long.
    private func sealIfLong() throws(StorageError) {
        guard isSealed, FileBytes.size(of: path + "-wal") ?? 0 > Self.longestLog else { return }
        try seal()
    }

    private func migrate(_ migrations: [String]) throws(StorageError) {
        let found = try query("PRAGMA user_version").first?.first?.integer ?? 0
        guard (0...Int64(migrations.count)).contains(found) else {
            throw StorageError(
                .unsupported, operation: "open", path: path, found: "schema version \(found)",
                expected: "0 to \(migrations.count)")
        }
        for index in Int(found)..<migrations.count {
            try transaction { () throws(StorageError) in
                try script(migrations[index])
                try script("PRAGMA user_version = \(index + 1)")
            }
        }
    }

    /// Runs SQL statements without parameters or results.
    package func script(_ sql: String) throws(StorageError) {
        let status = unsafe sqlite3_exec(connection, sql, nil, nil, nil)
        guard status == SQLITE_OK else { throw failure(status, "write") }
    }

    /// Runs one statement with parameters; returns its rows.
    ///
    /// - Precondition: the number of values is the statement's number of `?`.
    @discardableResult
    package func query(_ sql: String, _ values: [SQLValue] = []) throws(StorageError) -> [[SQLValue]] {
        let statement: Statement
        if let cached = statements[sql] {
            statement = cached
        } else {
            statement = try Statement(sql, self)
            statements[sql] = statement
        }
        return try statement.run(values)
    }

    /// Writes over a blob of as many zeros, in the row that was inserted last. What is in several parts is nowhere put
    /// together: SQLite copies each into its pages. To be called in the transaction that inserts the row.
    package func fill(_ table: String, _ column: String, with bytes: Bytes) throws(StorageError) {
        var blob: OpaquePointer?
        let row = unsafe sqlite3_last_insert_rowid(connection)
        var status = unsafe sqlite3_blob_open(connection, "main", table, column, row, 1, &blob)
        var offset = 0
        unsafe bytes.forEachPart { part in
            guard status == SQLITE_OK else { return }
            status = unsafe sqlite3_blob_write(blob, part.baseAddress, Int32(part.count), Int32(offset))
            offset += part.count
        }
        let closed = unsafe sqlite3_blob_close(blob)
        guard status == SQLITE_OK, closed == SQLITE_OK else {
            throw failure(status == SQLITE_OK ? closed : status, "write")
        }
    }

    /// All of what `body` does, or nothing of it.
    package func transaction<Result>(
        _ body: () throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try sealIfLong()
        try script("BEGIN IMMEDIATE")
        do throws(StorageError) {
            let result = try body()
            try script("COMMIT")
            return result
        } catch {
            // Fails when the failure has rolled back by itself; there is nothing left to undo then.
            unsafe sqlite3_exec(connection, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    /// A prepared statement; lives as long as its connection.
    @safe private final class Statement {
        private unowned let database: Database
        private let handle: OpaquePointer

        init(_ sql: String, _ database: Database) throws(StorageError) {
            self.database = database
            var prepared: OpaquePointer?
            let status = unsafe sqlite3_prepare_v3(
                database.connection, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
            guard status == SQLITE_OK, let handle = unsafe prepared else {
                throw database.failure(status, "prepare a statement for")
            }
            unsafe self.handle = handle
        }

        deinit { unsafe sqlite3_finalize(handle) }

        func run(_ values: [SQLValue]) throws(StorageError) -> [[SQLValue]] {
            precondition(
                values.count == Int(unsafe sqlite3_bind_parameter_count(handle)), "values do not fit the statement")
            defer {
                unsafe sqlite3_reset(handle)
                unsafe sqlite3_clear_bindings(handle)
            }
            return try bind(values, from: 0) { () throws(StorageError) in try rows() }
        }

        /// Binds the values from an index on, then does the rest. Blobs are lent to SQLite, which copies them into its pages
        /// and nowhere else.
        private func bind<Outcome>(
            _ values: [SQLValue], from index: Int, then body: () throws(StorageError) -> Outcome
        ) throws(StorageError) -> Outcome {
            guard index < values.count else { return try body() }
            let lent: Bytes? =
                switch values[index] {
                case .blob(let bytes): Bytes(bytes)
                case .bytes(let bytes): bytes
                default: nil
                }
            guard let lent, lent.count > 0 else {
                try bind(values[index], at: Int32(index + 1))
                return try bind(values, from: index + 1, then: body)
            }
            let outcome: Result<Outcome, StorageError> = unsafe lent.withUnsafeBytes { buffer in
                do throws(StorageError) {
                    // No destructor: the bytes stay where they are until the statement has run.
                    let status = unsafe sqlite3_bind_blob64(
                        handle, Int32(index + 1), buffer.baseAddress, UInt64(buffer.count), nil)
                    guard status == SQLITE_OK else { throw database.failure(status, "bind a value for") }
                    return .success(try bind(values, from: index + 1, then: body))
                } catch {
                    return .failure(error)
                }
            }
            return try outcome.get()
        }

        private func rows() throws(StorageError) -> [[SQLValue]] {
            var rows: [[SQLValue]] = []
            while true {
                let status = unsafe sqlite3_step(handle)
                switch status {
                case SQLITE_ROW:
                    let count = unsafe sqlite3_column_count(handle)
                    rows.append((0..<count).map(column))
                case SQLITE_DONE: return rows
                default: throw database.failure(status, "write")
                }
            }
        }

        private func bind(_ value: SQLValue, at index: Int32) throws(StorageError) {
            // SQLITE_TRANSIENT: SQLite copies what it is given before the call returns.
            let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            let status: Int32 =
                switch value {
                case .null: unsafe sqlite3_bind_null(handle, index)
                case .integer(let number): unsafe sqlite3_bind_int64(handle, index, number)
                case .real(let number): unsafe sqlite3_bind_double(handle, index, number)
                case .text(let text):
                    unsafe sqlite3_bind_text(handle, index, text, Int32(clamping: text.utf8.count), copies)
                case .blob, .bytes: unsafe sqlite3_bind_zeroblob(handle, index, 0)
                }
            guard status == SQLITE_OK else { throw database.failure(status, "bind a value for") }
        }

        private func column(_ index: Int32) -> SQLValue {
            switch unsafe sqlite3_column_type(handle, index) {
            case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(handle, index))
            case SQLITE_FLOAT: return .real(unsafe sqlite3_column_double(handle, index))
            case SQLITE_TEXT:
                let count = Int(unsafe sqlite3_column_bytes(handle, index))
                let bytes = unsafe UnsafeRawBufferPointer(start: sqlite3_column_text(handle, index), count: count)
                return .text(unsafe String(decoding: bytes, as: UTF8.self))
            case SQLITE_BLOB:
                let count = Int(unsafe sqlite3_column_bytes(handle, index))
                let bytes = unsafe UnsafeRawBufferPointer(start: sqlite3_column_blob(handle, index), count: count)
                return .blob(unsafe Array(bytes))
            default: return .null
            }
        }
    }
}
