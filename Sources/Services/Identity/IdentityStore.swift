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
            return IdentityRecord()
        }
    }

    /// What the folder says now.
    package func read() throws -> IdentityRecord { try locked { try readUnlocked() } }

    /// Does something while neither the server nor a command changes the files.
    func whileNobodyChanges(_ body: () throws -> Void) throws { try locked(body) }

    /// Looks whether the audit log is what was written.
    ///
    /// - Throws: ``ServiceError`` (65) that names the first line that is not; `StorageError` when it cannot be read.
    package func verifyAudit() throws {
        try locked { try auditLog.verify(try auditLog.entries(), head: try readUnlocked().audit) }
    }

    /// Changes it; durable when it returns, with what goes into the audit log.
    package func change<Value>(
        at seconds: Int64 = IdentityStore.now,
        _ body: (inout IdentityRecord) throws -> (Value, [AuditEvent])
    ) throws -> (record: IdentityRecord, value: Value) {
        try locked {
            let old = try readUnlocked()
            var record = old
            let (value, events) = try body(&record)
            record.audit = try auditLog.append(events, after: record.audit, at: seconds)
            if record != old {
                try SealedFile.write(try DeterministicJSON.encode(record), to: file(Self.fileName))
            }
            return (record, value)
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

    /// Differs when the file has been written since.
    func stamp() -> [Int64] {
        var status = stat()
        guard unsafe stat(file(Self.fileName), &status) == 0 else { return [] }
        return [
            Int64(status.st_ino), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec), Int64(status.st_size),
        ]
    }
}
