/// What to do with a file that grows: which bytes to read, and which lines are whole and new. Pure: whoever follows a
/// file says what the file system shows, and hands over the bytes.
package struct FollowedLines: Sendable, Codable, Equatable {
    /// What to do next.
    package enum Action: Equatable, Sendable {
        /// There is nothing new.
        case wait
        /// Read on from this byte of the open file.
        case read(from: UInt64)
        /// Another file lies at the path: read the old one to its end, then call ``startOver()`` and open the new one.
        case rotated
        /// The file is shorter than what was read of it: call ``startOver()`` and read from its beginning.
        case truncated
    }

    /// The file's number in its file system; `nil` before it was seen.
    package private(set) var inode: UInt64?
    /// Bytes of the file that were taken, up to the end of a line.
    package private(set) var offset: UInt64 = 0
    /// The header line, without its end; `nil` before it was seen.
    package private(set) var header: [UInt8]?
    /// Headers that came back and were left out.
    package private(set) var repeatedHeaders = 0
    /// Bytes of a line that has not ended yet.
    private var partial: [UInt8] = []
    /// Whether a line that is too long is being passed over.
    private var isSkipping = false
    private var needsHeader = true

    private enum CodingKeys: String, CodingKey { case inode, offset, header }

    /// Longest line.
    private static let longestLine = 1 << 24

    /// Nothing was read yet.
    package init() {}

    /// Reads what an earlier process remembered: the position, not the bytes behind it.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        inode = try container.decodeIfPresent(UInt64.self, forKey: .inode)
        offset = try container.decode(UInt64.self, forKey: .offset)
        header = try container.decodeIfPresent([UInt8].self, forKey: .header)
        needsHeader = header == nil
    }

    /// What the file system shows: the file at the path, and the size of the open one.
    package mutating func observe(inodeAtPath: UInt64, openInode: UInt64, openSize: UInt64) -> Action {
        if let known = inode, known != openInode { startOver() }
        inode = openInode
        let position = offset + UInt64(partial.count)
        if openSize < position { return .truncated }
        if openSize > position { return .read(from: position) }
        return inodeAtPath == openInode ? .wait : .rotated
    }

    /// Another file begins, or this one does again: its first line may be a header.
    package mutating func startOver() {
        inode = nil
        offset = 0
        partial = []
        isSkipping = false
        needsHeader = true
    }

    /// What bytes bring.
    package struct Taken: Sendable, Equatable {
        /// Whether a header came that is not the one before.
        package var isNewHeader = false
        /// Whole lines with their ends, without headers.
        package var lines: [UInt8] = []
        /// Lines that were too long.
        package var tooLong = 0
    }

    /// Takes bytes that were read where ``Action/read(from:)`` said.
    ///
    /// - Parameters:
    ///   - isEnd: whether nothing follows ever, so that a last line without an end is one.
    ///   - hasHeader: whether the first line of a file names columns; otherwise every line is a row.
    package mutating func take(_ bytes: [UInt8], isEnd: Bool = false, hasHeader: Bool = true) -> Taken {
        var taken = Taken()
        partial += bytes
        if isEnd, !partial.isEmpty, partial.last != 0x0A { partial.append(0x0A) }
        var start = 0
        while let feed = partial[start...].firstIndex(of: 0x0A) {
            let line = partial[start..<feed]
            let end = feed + 1
            defer { start = end }
            if isSkipping {
                isSkipping = false
                continue
            }
            var content = line
            if content.last == 0x0D { content = content.dropLast() }
            let isBlank = content.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            if isBlank { continue }
            if hasHeader, content.elementsEqual(header ?? []) {
                if !needsHeader { repeatedHeaders += 1 }
                needsHeader = false
                continue
            }
            if hasHeader, needsHeader {
                header = Array(content)
                needsHeader = false
                taken.isNewHeader = true
                // What was whole before belongs to the old header: the caller takes it up to here.
                continue
            }
            taken.lines += line
            taken.lines.append(0x0A)
        }
        offset += UInt64(start)
        partial.removeFirst(start)
        if partial.count > Self.longestLine {
            offset += UInt64(partial.count)
            partial = []
            isSkipping = true
            taken.tooLong += 1
        }
        return taken
    }
}
