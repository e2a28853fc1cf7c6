import Federation
import Foundation
import Glibc
import Platform

extension AuditLog {
    /// What stands behind the head.
    private struct Rest {
        var head: Head
        /// Entries that follow one another.
        var entries = 0
        /// Bytes up to the end of the last of them.
        var end: UInt64
        /// Whether half a line is behind that.
        var isTorn = false
    }

    /// Takes up what a process wrote that ended before `identity.json` said so: its entries stay, with one behind them that
    /// says that what they tell may not have come about, and half a line goes. Without this the next entry would have a
    /// number that is there already, and the log would look like one that somebody had changed.
    ///
    /// - Returns: where the log ends now; the head as it was, where what is behind it does not follow from it.
    /// - Throws: `StorageError` when the log cannot be read or written.
    func recovered(after head: Head, at seconds: Int64) throws -> Head {
        var status = stat()
        guard unsafe stat(path, &status) == 0, UInt64(status.st_size) != head.bytes else { return head }
        guard let rest = try rest(behind: head) else { return head }
        if rest.isTorn, unsafe truncate(path, off_t(rest.end)) != 0 { throw Self.failure(path) }
        guard rest.entries > 0 else { return rest.head }
        let text =
            "the process that wrote entries \(head.number + 1) to \(rest.head.number) ended before it had kept what "
            + "they tell: it may not have come about"
        return try append([AuditEvent(.server, of: "server", text)], after: rest.head, at: seconds)
    }

    private func rest(behind head: Head) throws -> Rest? {
        let bytes = try FileContents.read(path)
        // An earlier release did not say where the head ends.
        let start = Int(clamping: head.bytes ?? 0)
        guard bytes.count >= start else { return nil }
        var rest = Rest(head: head, end: UInt64(start))
        var place = start
        while place < bytes.count {
            guard let newline = bytes[place...].firstIndex(of: 0x0a) else {
                rest.isTorn = true
                break
            }
            let line = Array(bytes[place..<newline])
            place = newline + 1
            guard line.count <= Self.longestLine, let entry = try? DeterministicJSON.decode(Entry.self, from: line)
            else { return nil }
            if entry.number > head.number {
                guard entry.number == rest.head.number + 1, entry.previous == rest.head.hash,
                    try entry.sealed().hash == entry.hash
                else { return nil }
                (rest.head.number, rest.head.hash) = (entry.number, entry.hash)
                rest.entries += 1
            } else if head.bytes != nil {
                return nil
            }
            rest.end = UInt64(place)
        }
        rest.head.bytes = rest.end
        return rest
    }
}
