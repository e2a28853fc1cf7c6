import Platform

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
        /// The file is shorter than what was read of it, or begins otherwise: call ``startOver()`` and read from its
        /// beginning.
        case truncated
    }

    /// The file's number in its file system; `nil` before it was seen.
    package private(set) var inode: UInt64?
    /// Bytes of the file that were taken, up to the end of a line.
    package private(set) var offset: UInt64 = 0
    /// The header line, without its end; `nil` before it was seen.
    package private(set) var header: [UInt8]? {
        didSet { form = header.map { HeaderForm($0) } }
    }
    /// Headers that came back and were left out.
    package private(set) var repeatedHeaders = 0
    /// What the header says of other lines.
    private var form: HeaderForm?
    /// Bytes of a line that has not ended yet, or of lines behind a header that came after rows.
    private var partial: [UInt8] = []
    /// Whether a line that is too long is being passed over.
    private var isSkipping = false
    private var needsHeader = true
    /// Whether lines end in a carriage return alone.
    private var endsInReturns = false
    /// Whether a row came since the header: before the first one stand units and comments.
    private var hasRows = false
    /// The file's first bytes, by which one that is written anew in place is told from one that grows.
    private var head: [UInt8] = []
    /// What an earlier process knew of them; `nil` once they were looked at.
    private var earlierHead: Head?

    /// The first bytes of a file, as they are remembered.
    private struct Head: Codable, Equatable {
        var bytes: Int
        var digest: String
    }

    private enum CodingKeys: String, CodingKey { case inode, offset, header, hasRows, head, endsInReturns }

    /// Longest line.
    private static let longestLine = 1 << 24
    /// Bytes of a file's head: so many of them, at least this far behind the end of the first line, which is the same in
    /// a file that is written anew; and never more than the most.
    private static let headLength = 1 << 10
    private static let mostHeadBytes = 1 << 18

    /// Nothing was read yet.
    package init() {}

    /// Reads what an earlier process remembered: the position, not the bytes behind it.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        inode = try container.decodeIfPresent(UInt64.self, forKey: .inode)
        offset = min(try container.decode(UInt64.self, forKey: .offset), 1 << 62)
        let header = try container.decodeIfPresent([UInt8].self, forKey: .header)
        self.header = header
        form = header.map { HeaderForm($0) }
        needsHeader = header == nil
        // Positions of before this was remembered lie behind rows.
        hasRows = try container.decodeIfPresent(Bool.self, forKey: .hasRows) ?? (header != nil)
        endsInReturns = try container.decodeIfPresent(Bool.self, forKey: .endsInReturns) ?? false
        let head = try container.decodeIfPresent(Head.self, forKey: .head)
        if let head, (1...Self.mostHeadBytes).contains(head.bytes) { earlierHead = head }
    }

    /// Writes what a later process goes on from.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(inode, forKey: .inode)
        try container.encode(offset, forKey: .offset)
        try container.encodeIfPresent(header, forKey: .header)
        try container.encode(hasRows, forKey: .hasRows)
        if endsInReturns { try container.encode(true, forKey: .endsInReturns) }
        let known = head.isEmpty ? earlierHead : Head(bytes: head.count, digest: Self.digest(of: head[...]))
        try container.encodeIfPresent(known, forKey: .head)
    }

    private static func digest(of bytes: ArraySlice<UInt8>) -> String { SHA256.hexadecimalDigest(of: bytes) }

    /// How many of the file's first bytes are to be shown to ``observe(inodeAtPath:openInode:openSize:head:)``.
    package var headBytes: Int {
        if !head.isEmpty { return head.count }
        if let earlierHead { return earlierHead.bytes }
        let wanted = min(Self.mostHeadBytes, (header?.count ?? 0) + 2 + Self.headLength)
        return Int(min(offset, UInt64(wanted)))
    }

    /// What the file system shows: the file at the path, the size of the open one and its first ``headBytes`` bytes, or
    /// as many as there are; `nil`: nobody has looked at these.
    package mutating func observe(
        inodeAtPath: UInt64, openInode: UInt64, openSize: UInt64, head shown: [UInt8]? = nil
    ) -> Action {
        if let known = inode, known != openInode { startOver() }
        inode = openInode
        if let shown, !knows(shown) { return .truncated }
        let position = offset + UInt64(partial.count)
        if openSize < position { return .truncated }
        if openSize > position { return .read(from: position) }
        return inodeAtPath == openInode ? .wait : .rotated
    }

    /// Whether the file still begins with the bytes that were read of it, as far as they are known.
    package func begins(with shown: [UInt8]) -> Bool { shown.starts(with: head) }

    private mutating func knows(_ shown: [UInt8]) -> Bool {
        guard head.isEmpty else { return begins(with: shown) }
        let bytes = shown.prefix(headBytes)
        if let earlier = earlierHead {
            guard bytes.count == earlier.bytes, Self.digest(of: bytes) == earlier.digest else { return false }
            earlierHead = nil
        }
        // Of a position without a head what is there now is taken for it.
        head = Array(bytes)
        return true
    }

    /// Keeps what bytes that come next have of the file's head.
    private mutating func keepHead(_ bytes: [UInt8]) {
        let position = offset + UInt64(partial.count)
        guard earlierHead == nil, position <= UInt64(head.count), head.count < Self.mostHeadBytes else { return }
        head += bytes.dropFirst(head.count - Int(position)).prefix(Self.mostHeadBytes - head.count)
        guard let feed = head.firstIndex(of: 0x0A) else { return }
        let wanted = feed < Self.headLength / 2 ? Self.headLength : feed + 1 + Self.headLength
        if head.count > wanted { head.removeLast(head.count - wanted) }
    }

    /// Another file begins, or this one does again: its first line may be a header.
    package mutating func startOver() {
        inode = nil
        offset = 0
        partial = []
        isSkipping = false
        (needsHeader, hasRows, endsInReturns) = (true, false, false)
        head = []
        earlierHead = nil
    }

    /// What bytes bring.
    package struct Taken: Sendable, Equatable {
        /// Whether a header came that is not the one before.
        package var isNewHeader = false
        /// Whether it came below rows.
        package var isBelowRows = false
        /// Whether a file began with a row of the columns that the file before it had named.
        package var keepsHeader = false
        /// Whole lines with their ends, without headers.
        package var lines: [UInt8] = []
        /// Lines that were too long.
        package var tooLong = 0
        /// Whether another header follows: what is here is read under the one before it, then nothing is to be taken, for
        /// what comes behind it.
        package var hasMore = false
    }

    /// Takes bytes that were read where ``Action/read(from:)`` said.
    ///
    /// - Parameters:
    ///   - isEnd: whether nothing follows ever, so that a last line without an end is one.
    ///   - hasHeader: whether the first line of a file names columns; otherwise every line is a row.
    package mutating func take(_ bytes: [UInt8], isEnd: Bool = false, hasHeader: Bool = true) -> Taken {
        var taken = Taken()
        keepHead(bytes)
        partial += bytes
        if needsHeader, header == nil, !partial.contains(0x0A), partial.dropLast().contains(0x0D) {
            endsInReturns = true
        }
        if endsInReturns { for index in partial.indices where partial[index] == 0x0D { partial[index] = 0x0A } }
        if isEnd, !partial.isEmpty, partial.last != 0x0A { partial.append(0x0A) }
        var start = 0
        while !taken.hasMore, let feed = partial[start...].firstIndex(of: 0x0A) {
            let line = partial[start..<feed]
            var end = feed + 1
            defer { start = end }
            if isSkipping {
                isSkipping = false
                continue
            }
            var content = line
            if content.last == 0x0D { content = content.dropLast() }
            let isBlank = content.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            if isBlank { continue }
            if hasHeader {
                switch kind(of: content) {
                case .same:
                    if !needsHeader { repeatedHeaders += 1 }
                    (needsHeader, hasRows) = (false, false)
                    continue
                case .other where !taken.lines.isEmpty:
                    // What was whole before belongs to the old header.
                    taken.hasMore = true
                    end = start
                    continue
                case .other:
                    taken.isBelowRows = !needsHeader
                    taken.isNewHeader = true
                    header = Array(content)
                    (needsHeader, hasRows) = (false, false)
                    continue
                case .row:
                    if needsHeader { taken.keepsHeader = true }
                    needsHeader = false
                    if !hasRows { hasRows = form?.hasValues(content) ?? false }
                }
            }
            taken.lines += line
            taken.lines.append(0x0A)
        }
        offset += UInt64(start)
        partial.removeFirst(start)
        if !taken.hasMore, partial.count > Self.longestLine {
            offset += UInt64(partial.count)
            partial = []
            isSkipping = true
            taken.tooLong += 1
        }
        return taken
    }

    private enum LineKind {
        /// The header that is known, another one, and what is none.
        case same, other, row
    }

    private func kind(of line: ArraySlice<UInt8>) -> LineKind {
        guard let header, let form else { return needsHeader ? .other : .row }
        if line.elementsEqual(header) { return .same }
        if needsHeader { return form.isRow(line) ? .row : .other }
        return hasRows && form.isAnotherHeader(line) ? .other : .row
    }
}
