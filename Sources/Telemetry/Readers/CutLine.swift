import Foundation

/// A last line that is not written to its end: it has no line end, and fewer fields than the header. Somebody is writing the
/// file, or wrote it when the disk was full.
enum CutLine {
    /// Longest line that is looked at.
    private static let mostBytes = 1 << 16

    /// Whether a table ends with one. Of what is packed, or no UTF-8, only texts that are at hand to their end are looked at.
    static func isLast(of stream: ByteStream, separator: UInt8, fields: Int) -> Bool {
        if stream.isAtEnd { return isLast(in: stream.unread.suffix(mostBytes), separator, fields) }
        guard let file = FileHandle(forReadingAtPath: stream.path) else { return false }
        defer { try? file.close() }
        guard let first = try? file.read(upToCount: 4), !isPacked(first), let size = try? file.seekToEnd(),
            (try? file.seek(toOffset: size > UInt64(mostBytes) ? size - UInt64(mostBytes) : 0)) != nil,
            let tail = try? file.readToEnd()
        else { return false }
        // Separators that are blanks in the file say nothing.
        guard tail.suffix(from: tail.lastIndex(of: 0x0A) ?? tail.startIndex).contains(separator) else { return false }
        return isLast(in: tail, separator, fields)
    }

    private static func isPacked(_ first: Data) -> Bool {
        [[0x1F, 0x8B], [0x28, 0xB5], [0xFF, 0xFE], [0xFE, 0xFF]].contains { first.starts(with: $0) }
            || first.contains(0)
    }

    private static func isLast(in bytes: some BidirectionalCollection<UInt8>, _ separator: UInt8, _ fields: Int) -> Bool
    {
        guard let feed = bytes.lastIndex(of: 0x0A) else { return false }
        let line = Array(bytes[bytes.index(after: feed)...])
        guard line.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }), line.first != 0x23,
            !TableFooter.isOne(line)
        else { return false }
        return isCut(line, separator, fields)
    }

    /// Whether a line has too few fields, or a quoted one without an end.
    static func isCut(_ line: [UInt8], _ separator: UInt8, _ fields: Int) -> Bool {
        line.withUnsafeBufferPointer { bytes in
            guard let row = RowSplitter(separator: separator).split(bytes, from: 0, atEnd: true) else { return true }
            return row.fields.count < fields
        }
    }
}
