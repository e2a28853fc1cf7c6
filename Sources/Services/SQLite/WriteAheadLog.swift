import Platform

/// SQLite's write-ahead log as a file: whether it is what was written.
///
/// SQLite takes the first frame that is not whole for the end of the log, as after a crash, and what was committed behind it
/// is gone without a word. But a frame's checksum goes on from that of the frame before it: one that is followed by a frame
/// whose checksum fits was whole once, and has changed since. Only of the very last frame nobody can tell.
///
/// Source: "The Write-Ahead Log", sections 4.1 and 4.2, of SQLite's file format.
enum WriteAheadLog {
    private static let headerBytes = 32
    private static let frameHeaderBytes = 24
    private static let (littleEndian, bigEndian): (UInt32, UInt32) = (0x377f_0682, 0x377f_0683)

    private struct Sum: Equatable {
        var (a, b): (UInt32, UInt32)

        init(_ a: UInt32, _ b: UInt32) { (self.a, self.b) = (a, b) }
    }

    /// What is wrong with the log of a database; `nil` where nothing can be told.
    ///
    /// - Throws: `StorageError` when there is one that cannot be read.
    static func damage(of database: String) throws(StorageError) -> String? {
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try FileContents.read(database + "-wal", limit: 1 << 31)
        } catch {
            guard error.code != .missing else { return nil }
            throw error
        }
        return unsafe bytes.withUnsafeBytes { unsafe damage(in: $0) }
    }

    private static func damage(in log: UnsafeRawBufferPointer) -> String? {
        guard log.count > headerBytes + frameHeaderBytes else { return nil }
        func word(_ offset: Int) -> UInt32 {
            unsafe UInt32(bigEndian: log.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        }
        let isBig = word(0) == bigEndian
        func sum(_ range: Range<Int>, after sum: Sum) -> Sum {
            var (a, b) = (sum.a, sum.b)
            for offset in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
                let x = unsafe log.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                let y = unsafe log.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                a = a &+ (isBig ? UInt32(bigEndian: x) : UInt32(littleEndian: x)) &+ b
                b = b &+ (isBig ? UInt32(bigEndian: y) : UInt32(littleEndian: y)) &+ a
            }
            return Sum(a, b)
        }
        let pageBytes = Int(word(8))
        let header = Sum(word(24), word(28))
        guard [littleEndian, bigEndian].contains(word(0)), (512...65_536).contains(pageBytes),
            pageBytes.nonzeroBitCount == 1, sum(0..<24, after: Sum(0, 0)) == header
        else { return "a log whose header is not what was written" }
        let frameBytes = frameHeaderBytes + pageBytes
        let count = (log.count - headerBytes) / frameBytes
        /// The checksum that a frame has by what is in it, and the one that it says.
        func sums(_ frame: Int, after before: Sum) -> (found: Sum, said: Sum) {
            let start = headerBytes + frame * frameBytes
            let found = sum(start..<start + 8, after: before)
            let said = Sum(word(start + 16), word(start + 20))
            return (sum(start + frameHeaderBytes..<start + frameBytes, after: found), said)
        }
        func isOfThisLog(_ frame: Int) -> Bool {
            let start = headerBytes + frame * frameBytes
            return word(start + 8) == word(16) && word(start + 12) == word(20)
        }
        var before = header
        for frame in 0..<count {
            let (found, said) = sums(frame, after: before)
            if found == said, isOfThisLog(frame) {
                before = said
                continue
            }
            let wasWhole =
                found == said
                || (frame + 1 < count && isOfThisLog(frame + 1)
                    && [found, said].contains { seed in
                        let next = sums(frame + 1, after: seed)
                        return next.found == next.said
                    })
            return wasWhole ? "a log of which frame \(frame + 1) of \(count) is not what was written" : nil
        }
        return nil
    }
}
