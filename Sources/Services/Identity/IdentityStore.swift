package import Federation
import Foundation
import Glibc
import Platform

/// What a server's folder says of identities, secrets apart.
package struct IdentityRecord: Codable, Hashable, Sendable {
    /// Who may take part.
    package var registry = IdentityRegistry()
    /// Who may use HTTP.
    package var tokens: [HTTPToken] = []
    /// Where the audit log ends.
    package var audit = AuditLog.Head()

    /// A new server's.
    package init() {}
}

/// The identities in a server's folder: `identity.json` with its checksum, `server.key`, `audit.log`. A running server and
/// the commands that change them hold a lock for as long as they read or write.
package struct IdentityStore: Sendable {
    /// The file's name in a server's folder.
    package static let fileName = "identity.json"
    private static let keyFile = "server.key"
    private static let nextKeyFile = "server.next-key"
    private static let limit = 64 << 20

    private let folder: String

    /// The identities in a folder, which is made if there is none.
    ///
    /// - Throws: `StorageError` when it cannot be.
    package init(folder: String) throws {
        umask(0o077)
        try FolderContents.makeFolder(folder)
        self.folder = folder
    }

    private func file(_ name: String) -> String { folder + "/" + name }

    /// The audit log.
    package var auditLog: AuditLog { AuditLog(path: file(AuditLog.fileName)) }

    /// Seconds since 1970.
    package static var now: Int64 { Int64(Date().timeIntervalSince1970) }

    private func locked<Value>(_ body: () throws -> Value) throws -> Value {
        let path = file("identity.lock")
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw StorageError(
                .unwritable, operation: "write", path: path, found: unsafe String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                throw StorageError(
                    .busy, operation: "lock", path: path, found: unsafe String(cString: strerror(errno)))
            }
        }
        return try body()
    }

    private func readUnlocked() throws -> IdentityRecord {
        let path = file(Self.fileName)
        do {
            let bytes = try SealedFile.read(path, limit: Self.limit)
            do {
                return try DeterministicJSON.decode(IdentityRecord.self, from: bytes)
            } catch {
                throw StorageError(
                    .corrupt, operation: "read", path: path, found: "no identities of this version",
                    expected: "a file that fl-server wrote")
            }
        } catch let error as StorageError where error.code == .missing {
            // It is written before anything else is: what was known of everybody, and who was shut out, is lost.
            let audit = file(AuditLog.fileName)
            guard unsafe access(audit, F_OK) != 0 else {
                throw StorageError(
                    .corrupt, operation: "read", path: path, found: "no such file, beside \(AuditLog.fileName)",
                    expected: "the file as it was, from a backup; without \(AuditLog.fileName) everybody enrols anew")
            }
            return IdentityRecord()
        }
    }

    /// What the folder says now.
    package func read() throws -> IdentityRecord { try readWithStamp().record }

    /// What the folder says now, and what ``stamp()`` is for as long as nobody writes.
    package func readWithStamp() throws -> (record: IdentityRecord, stamp: [Int64]) {
        try locked { (try readUnlocked(), stamp()) }
    }

    /// Does something while neither the server nor a command changes the files.
    func whileNobodyChanges(_ body: () throws -> Void) throws { try locked(body) }

    /// Looks whether the audit log is what was written.
    ///
    /// - Throws: ``ServiceError`` (65) that names the first line that is not; `StorageError` when it cannot be read.
    package func verifyAudit() throws {
        try locked { try auditLog.verify(try auditLog.entries(), head: try readUnlocked().audit) }
    }

    /// Takes up what a process wrote into the audit log that ended before it could say so.
    package func settleAudit() throws { _ = try change { _ in ((), []) } }

    /// Changes it; durable when it returns, with what goes into the audit log.
    ///
    /// - Returns: what the folder says then, what the body returned, and what ``stamp()`` is for as long as nobody writes.
    package func change<Value>(
        at seconds: Int64 = IdentityStore.now,
        _ body: (inout IdentityRecord) throws -> (Value, [AuditEvent])
    ) throws -> (record: IdentityRecord, value: Value, stamp: [Int64]) {
        try locked {
            let old = try readUnlocked()
            if unsafe access(file(Self.fileName), F_OK) != 0 {
                try SealedFile.write(try DeterministicJSON.encode(old), to: file(Self.fileName))
            }
            var record = old
            let (value, events) = try body(&record)
            record.audit = try auditLog.append(
                events, after: try auditLog.recovered(after: record.audit, at: seconds), at: seconds)
            if record != old {
                try SealedFile.write(try DeterministicJSON.encode(record), to: file(Self.fileName))
            }
            return (record, value, stamp())
        }
    }

    /// The server's own keys, made when there are none.
    ///
    /// - Throws: ``ServiceError`` (65) when the file holds none.
    package func serverKeys() throws -> CurveKeys {
        try locked {
            let path = file(Self.keyFile)
            if unsafe access(path, F_OK) == 0 {
                let bytes = try SealedKey.read(
                    path, otherwise: "the server then makes a new one, and remote workers have to enrol anew")
                let text = String(decoding: bytes, as: UTF8.self)
                guard let secret = Hexadecimal.bytes(text.filter { !$0.isWhitespace }),
                    let keys = CurveKeys(secret: secret)
                else {
                    throw ServiceError(.data, "\(path): found no key, expected 64 hexadecimal digits")
                }
                return keys
            }
            let keys = try CurveKeys()
            try SealedFile.write(Array((Hexadecimal.text(keys.secret) + "\n").utf8), to: path)
            return keys
        }
    }

    /// The key that the server will have, and from when on.
    package struct NextKeys: Sendable {
        /// The keys.
        package let keys: CurveKeys
        /// Seconds since 1970.
        package let at: Int64

        /// Keys with every field given.
        package init(keys: CurveKeys, at seconds: Int64) {
            self.keys = keys
            at = seconds
        }
    }

    private struct NextKeyRecord: Codable {
        var secret: String
        var at: Int64
    }

    private func nextKeysUnlocked() throws -> NextKeys? {
        let path = file(Self.nextKeyFile)
        guard unsafe access(path, F_OK) == 0 else { return nil }
        let bytes = try SealedKey.read(path, otherwise: "the server then keeps the key that it has")
        guard let record = try? DeterministicJSON.decode(NextKeyRecord.self, from: bytes),
            let secret = Hexadecimal.bytes(record.secret), let keys = CurveKeys(secret: secret)
        else {
            throw ServiceError(.data, "\(path): found no key, expected one that 'fl-server keys rotate-server' wrote")
        }
        return NextKeys(keys: keys, at: record.at)
    }

    /// The key that the server will have; `nil` where it keeps the one it has.
    package func nextKeys() throws -> NextKeys? { try locked { try nextKeysUnlocked() } }

    /// Makes the key that the server will have.
    ///
    /// - Parameter at: from when on, in seconds since 1970.
    /// - Throws: ``ServiceError`` (78) when there is one already.
    package func announceKeys(at seconds: Int64) throws -> NextKeys {
        let next = NextKeys(keys: try CurveKeys(), at: seconds)
        if let known = try nextKeys() { throw Self.waits(known) }
        // Said before it is done: a key of which the log knows nothing would be worse than a line about one that is not there.
        _ = try change { _ in
            ((), [AuditEvent(.server, of: "server", "next key made, \(next.keys.publicKey)")])
        }
        try locked {
            // Somebody else may have been faster.
            if let known = try nextKeysUnlocked() { throw Self.waits(known) }
            let record = NextKeyRecord(secret: Hexadecimal.text(next.keys.secret), at: seconds)
            try SealedFile.write(try DeterministicJSON.encode(record), to: file(Self.nextKeyFile))
        }
        return next
    }

    private static func waits(_ known: NextKeys) -> ServiceError {
        ServiceError(
            .configuration,
            "rotate-server: found a key that is taken at \(Date(timeIntervalSince1970: Double(known.at)).formatted(.iso8601)), "
                + "expected none that waits")
    }

    /// Where the time of the next key has come it is the server's from now on.
    ///
    /// - Returns: that key; `nil` where there is none, or it is not time.
    package func takeNextKeys(at now: Int64 = IdentityStore.now) throws -> CurveKeys? {
        guard let due = try nextKeys(), due.at <= now else { return nil }
        _ = try change { _ in ((), [AuditEvent(.server, of: "server", "next key taken, \(due.keys.publicKey)")]) }
        return try locked {
            guard let next = try nextKeysUnlocked(), next.at <= now else { return nil }
            // Once more, should it end between the two.
            try SealedFile.write(
                Array((Hexadecimal.text(next.keys.secret) + "\n").utf8), to: file(Self.keyFile))
            try FolderContents.remove(file(Self.nextKeyFile))
            try FolderContents.remove(file(Self.nextKeyFile) + ".sha256")
            return next.keys
        }
    }

    /// Differs when a file has been written since.
    func stamp() -> [Int64] { stamp(of: Self.fileName) + stamp(of: Self.nextKeyFile) }

    private func stamp(of name: String) -> [Int64] {
        var status = stat()
        guard unsafe stat(file(name), &status) == 0 else { return [] }
        return [
            Int64(status.st_ino), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_size),
        ]
    }
}
