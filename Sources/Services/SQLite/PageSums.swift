import Platform

/// Checksums of a database file, block by block, in a file beside it: what SQLite itself does not notice, such as a bit
/// that flipped on the disk, is noticed by them.
struct PageSums: Equatable {
    /// Bytes of a block.
    static let blockBytes = 4_096
    private static let magic = Array("FLPS".utf8) + [1, 0, 0, 0]

    /// Bytes of the whole file.
    var size: Int64
    /// One for each block; the last block is filled up with zeros.
    var sums: [UInt64]

    /// The file's name for a database's.
    static func path(for database: String) -> String { database + "-sums" }

    init(size: Int64, sums: [UInt64]) {
        self.size = size
        self.sums = sums
    }

    /// Sees every change of one 64-bit word, and others but for one in 2⁶⁴: each step is a bijection of the state before
    /// it (FNV-1a over words).
    static func sum(of block: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for offset in stride(from: 0, through: block.count - 8, by: 8) {
            let word = unsafe block.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            hash = (hash ^ UInt64(littleEndian: word)) &* 0x0000_0100_0000_01b3
            hash ^= hash >> 29
        }
        return hash
    }

    /// Reads the checksums of a database.
    ///
    /// - Returns: `nil` when there are none.
    /// - Throws: `StorageError` when there are some that are no more what was written.
    static func read(for database: String) throws(StorageError) -> PageSums? {
        let path = path(for: database)
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try FileContents.read(path, limit: 1 << 31)
        } catch {
            guard error.code != .missing else { return nil }
            throw error
        }
        let body = bytes.dropLast(32)
        guard body.count >= 16, (body.count - 16) % 8 == 0, body.prefix(8).elementsEqual(magic),
            SHA256.digest(Array(body)).elementsEqual(bytes.suffix(32))
        else {
            throw StorageError(
                .corrupt, operation: "read", path: path, found: "checksums that are not what was written",
                expected: "the file as it was, or none: delete it to go on without this check")
        }
        func word(_ offset: Int) -> UInt64 {
            (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
        }
        return PageSums(
            size: Int64(bitPattern: word(8)),
            sums: stride(from: 16, to: body.count, by: 8).map(word))
    }

    /// Writes them, atomically.
    func write(for database: String) throws(StorageError) {
        var bytes = Self.magic
        bytes.reserveCapacity(16 + 8 * sums.count + 32)
        for word in [UInt64(bitPattern: size)] + sums {
            for shift in stride(from: 0, to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        try FileContents.writeAtomically(bytes + SHA256.digest(bytes), to: Self.path(for: database))
    }

    /// Where a database is another than the one that these were made of, in words; `nil` for the same.
    func difference(from found: PageSums) -> String? {
        if found.size != size { return "\(found.size) bytes where \(size) were written" }
        let changed = zip(sums, found.sums).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
        guard let first = changed.first else { return nil }
        let start = first * Self.blockBytes
        return "\(changed.count) of \(sums.count) blocks that are not what was written, the first at byte \(start)"
    }
}
