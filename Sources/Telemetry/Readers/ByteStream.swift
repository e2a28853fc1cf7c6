#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A file's bytes through one growing buffer: the unread bytes always lie together, and behind them room for a
/// sentinel, so that a scanner may stop at a byte instead of counting.
final class ByteStream {
    /// Bytes behind the unread ones that may be written and read.
    static let padding = 64

    let path: String
    private let descriptor: Int32
    private let chunkBytes: Int
    private var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// First unread byte.
    private(set) var start = 0
    /// Behind the last unread byte.
    private(set) var end = 0
    /// Whether the file has no more bytes than those in the buffer.
    private(set) var isAtEnd = false

    /// Opens a file.
    ///
    /// - Throws: ``TelemetryError`` when it cannot be opened or is no file with bytes in it.
    init(path: String, chunkBytes: Int) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TelemetryError(
                .unreadable, path: path, found: ByteStream.reason(errno), expected: "a readable file")
        }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw TelemetryError(.unreadable, path: path, found: "a folder", expected: "a file")
        }
        self.path = path
        self.descriptor = descriptor
        self.chunkBytes = max(1, chunkBytes)
        capacity = self.chunkBytes
        storage = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity + Self.padding)
        storage[0] = 0x0A
    }

    deinit {
        close(descriptor)
        storage.deallocate()
    }

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
        while true {
            let got = read(descriptor, storage + end, chunkBytes)
            if got > 0 {
                end += got
                break
            }
            if got == 0 {
                isAtEnd = true
                break
            }
            guard errno == EINTR else {
                throw TelemetryError(
                    .unreadable, path: path, found: ByteStream.reason(errno), expected: "a readable file")
            }
        }
        storage[end] = 0x0A
    }

    /// Reads until at least `count` bytes are unread or the file ends.
    func fill(atLeast count: Int) throws {
        while end - start < count && !isAtEnd { try fill() }
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT: "no such file"
        case EACCES, EPERM: "no permission to read it"
        case EISDIR: "a folder"
        default: strerror(code).map { String(cString: $0) } ?? "error \(code)"
        }
    }
}
