package import Federation
import Foundation
import Glibc
import Platform

/// What happened to principals and keys: lines of JSON, each with the SHA-256 of itself and of the line before, so that
/// none can be changed or taken out without a trace. `identity.json` holds where the chain ended, so that neither can its
/// end be cut off.
package struct AuditLog: Sendable {
    /// One line.
    package struct Entry: Codable, Equatable, Sendable {
        /// 1, 2, … without gaps.
        package var number: UInt64
        /// Seconds since 1970.
        package var time: Int64
        /// What happened.
        package var event: AuditEvent.Kind
        /// Whom it is about.
        package var subject: String
        /// One line for people.
        package var text: String
        /// The hash of the entry before; empty for the first.
        package var previous: String
        /// SHA-256 of the line with an empty hash.
        package var hash: String

        /// The line without its hash, of which the hash is made.
        private var unsealed: Entry {
            var entry = self
            entry.hash = ""
            return entry
        }

        func sealed() throws -> Entry {
            var entry = self
            entry.hash = SHA256.hexadecimalDigest(of: try DeterministicJSON.encode(unsealed, pretty: false))
            return entry
        }
    }

    /// Where the chain ends.
    package struct Head: Codable, Hashable, Sendable {
        /// Number of the last entry; 0 for none.
        package var number: UInt64 = 0
        /// Its hash.
        package var hash = ""
        /// Bytes of the log up to there; `nil` where an earlier release wrote it.
        package var bytes: UInt64?

        /// The head of an empty log.
        package init() {}
    }

    /// The file's name in a server's folder.
    package static let fileName = "audit.log"
    /// Longest line that is read, in bytes.
    static let longestLine = 65_536

    let path: String

    /// The log at a path; it need not be there yet.
    package init(path: String) { self.path = path }

    /// Appends entries behind the head; durable when it returns.
    ///
    /// - Returns: the new head.
    func append(_ events: [AuditEvent], after head: Head, at seconds: Int64) throws -> Head {
        guard !events.isEmpty else { return head }
        var head = head
        var lines: [UInt8] = []
        for event in events {
            let entry = try Entry(
                number: head.number + 1, time: seconds, event: event.kind, subject: event.subject,
                text: PrintableText.line(event.text, limit: 1_000), previous: head.hash, hash: ""
            ).sealed()
            lines += try DeterministicJSON.encode(entry, pretty: false)
            if lines.last != 0x0a { lines.append(0x0a) }
            head.number = entry.number
            head.hash = entry.hash
        }
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        let before = lseek(descriptor, 0, SEEK_END)
        guard before >= 0 else { throw Self.failure(path) }
        let written = unsafe lines.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        // A write that stops in the middle has no error of its own: there was no more room.
        guard written < 0 || written == lines.count else {
            _ = ftruncate(descriptor, before)
            throw Self.failure(path, ENOSPC)
        }
        guard written >= 0, fsync(descriptor) == 0 else {
            let failure = Self.failure(path)
            // Half a line stays nowhere where it can be helped.
            _ = ftruncate(descriptor, before)
            throw failure
        }
        head.bytes = UInt64(before) + UInt64(lines.count)
        return head
    }

    static func failure(_ path: String, _ code: Int32 = errno) -> StorageError {
        StorageError(
            code == ENOSPC ? .full : .unwritable, operation: "write", path: path,
            found: unsafe String(cString: strerror(code)))
    }

    /// Every entry, oldest first; half a line at the end was never one.
    ///
    /// - Throws: ``ServiceError`` (65) that names the first line that is none.
    package func entries() throws -> [Entry] {
        let bytes: [UInt8]
        do {
            bytes = try FileContents.read(path)
        } catch {
            guard error.code == .missing else { throw error }
            return []
        }
        let whole = bytes.lastIndex(of: 0x0a).map { bytes[...$0] } ?? []
        return try whole.split(separator: 0x0a).enumerated().map { index, line in
            guard line.count <= Self.longestLine,
                let entry = try? DeterministicJSON.decode(Entry.self, from: Array(line))
            else {
                throw ServiceError(.data, "\(path): line \(index + 1): found no audit entry, expected one")
            }
            return entry
        }
    }

    /// Whether every entry is what was written, none is missing, and the log ends where the head says or later.
    ///
    /// - Throws: ``ServiceError`` (65) that names the first line that is not.
    package func verify(_ entries: [Entry], head: Head) throws {
        var previous = ""
        for (index, entry) in entries.enumerated() {
            func flaw(_ found: String, _ expected: String) -> ServiceError {
                ServiceError(.data, "\(path): line \(index + 1): found \(found), expected \(expected)")
            }
            guard entry.number == UInt64(index + 1) else { throw flaw("entry \(entry.number)", "entry \(index + 1)") }
            guard entry.previous == previous else { throw flaw("another entry before it", "the hash of that one") }
            guard try entry.sealed().hash == entry.hash else { throw flaw("an entry that was changed", "its hash") }
            previous = entry.hash
        }
        guard head.number == 0 || (head.number <= entries.count && entries[Int(head.number) - 1].hash == head.hash)
        else {
            throw ServiceError(
                .data,
                "\(path): found \(entries.count) entries, expected the one numbered \(head.number) that "
                    + "identity.json names")
        }
    }
}
