/// A file's bytes through one growing buffer: the unread bytes always lie together, and behind them room for a
/// sentinel, so that a scanner may stop at a byte instead of counting.
final class ByteStream {
    /// Bytes behind the unread ones that may be written and read.
    static let padding = 64

    let path: String
    private let source: any ByteSource
    private let chunkBytes: Int
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// First unread byte.
    private(set) var start = 0
    /// Behind the last unread byte.
    private(set) var end = 0
    /// Whether the file has no more bytes than those in the buffer.
    private(set) var isAtEnd = false

    /// The bytes of a source.
    ///
    /// - Parameter path: of the file, for messages.
    init(_ source: any ByteSource, path: String, chunkBytes: Int) {
        self.path = path
        self.source = source
        self.chunkBytes = max(1, chunkBytes)
        capacity = self.chunkBytes
        storage = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + Self.padding)
        storage[0] = 0x0A
    }

    deinit { storage.deallocate() }

    /// The unread bytes; behind them stands a line feed that is not part of the file. Valid until the next call of
    /// ``fill()``.
    var unread: UnsafeMutableBufferPointer<UInt8> {
        UnsafeMutableBufferPointer(start: storage + start, count: end - start)
    }

    /// Number of unread bytes.
    var count: Int { end - start }

    /// Marks the first `count` unread bytes as read.
    func consume(_ count: Int) {
        precondition(count >= 0 && count <= end - start, "only unread bytes can be consumed")
        start += count
    }

    /// Reads more bytes behind the unread ones, which may move; at the end of the file sets ``isAtEnd``.
    ///
    /// - Throws: ``TelemetryError`` when the system cannot read.
    func fill() throws {
        guard !isAtEnd else { return }
        if start > 0 && (start == end || capacity - end < chunkBytes) {
            storage.update(from: storage + start, count: end - start)
            end -= start
            start = 0
        }
        if capacity - end < chunkBytes {
            let grown = max(capacity * 2, end + chunkBytes)
            let next = UnsafeMutablePointer<UInt8>.allocate(capacity: grown + Self.padding)
            next.update(from: storage, count: end)
            storage.deallocate()
            storage = next
            capacity = grown
        }
        let got = try source.read(
            into: UnsafeMutableRawBufferPointer(start: storage + end, count: chunkBytes))
        end += got
        if got == 0 { isAtEnd = true }
        storage[end] = 0x0A
    }

    /// Whether the file has bytes again behind the end that was reached.
    func goOn() -> Bool {
        isAtEnd = false
        let before = count
        try? fill()
        return count > before
    }

    /// Reads until at least `count` bytes are unread or the file ends.
    func fill(atLeast count: Int) throws {
        while end - start < count && !isAtEnd { try fill() }
    }
}
