import Glibc

/// Where a stream's bytes come from: a file, or what a packed or differently encoded file holds.
protocol ByteSource: AnyObject {
    /// Reads up to `buffer.count` bytes; 0 at the end.
    ///
    /// - Throws: ``TelemetryError`` when the bytes cannot be had.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// The bytes of a file as they are.
final class FileSource: ByteSource {
    private let path: String
    private let descriptor: Int32

    /// Opens a file.
    ///
    /// - Throws: ``TelemetryError`` when it cannot be opened or is none.
    init(path: String) throws {
        // A pipe without a writer would keep the call waiting, and what is read of it once is gone: files are looked at
        // before they are read.
        var before = stat()
        if stat(path, &before) == 0, let kind = Self.special(before.st_mode) {
            throw TelemetryError(
                .unreadable, path: path, found: kind,
                expected: "a file: write it to one first; a worker reads standard input as a source of the kind stdin")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TelemetryError(.unreadable, path: path, found: Self.reason(errno), expected: "a readable file")
        }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw TelemetryError(.unreadable, path: path, found: "a folder", expected: "a file")
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let got = Self.systemRead(descriptor, buffer)
            if got >= 0 { return got }
            guard errno == EINTR else {
                throw TelemetryError(.unreadable, path: path, found: Self.reason(errno), expected: "a readable file")
            }
        }
    }

    private static func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        Glibc.read(descriptor, buffer.baseAddress, buffer.count)
    }

    /// What a file is that cannot be read twice; `nil` for files and folders.
    static func special(_ mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: nil
        }
    }

    /// What lies at a path that is neither a file nor a folder.
    static func special(at path: String) -> String? {
        var status = stat()
        return stat(path, &status) == 0 ? special(status.st_mode) : nil
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

/// Bytes that another source gives, through a buffer that can be looked into.
final class BufferedInput {
    private let source: any ByteSource
    private var storage: [UInt8]
    private var start = 0
    private var end = 0
    private(set) var isAtEnd = false

    init(_ source: any ByteSource, capacity: Int = 1 << 16) {
        self.source = source
        storage = [UInt8](repeating: 0, count: capacity)
    }

    /// Reads more if nothing is left; false at the end.
    func fill() throws -> Bool {
        if start < end { return true }
        guard !isAtEnd else { return false }
        let got = try storage.withUnsafeMutableBytes { try source.read(into: $0) }
        (start, end) = (0, got)
        isAtEnd = got == 0
        return got > 0
    }

    /// Calls `body` with the unread bytes; it returns how many of them it took.
    func take<Result>(_ body: (UnsafeMutableBufferPointer<UInt8>) throws -> (used: Int, result: Result)) rethrows
        -> Result
    {
        let (low, high) = (start, end)
        let (used, result) = try storage.withUnsafeMutableBufferPointer { buffer in
            try body(UnsafeMutableBufferPointer(rebasing: buffer[low..<high]))
        }
        start += used
        return result
    }

    /// The next byte; `nil` at the end.
    func next() throws -> UInt8? {
        guard try fill() else { return nil }
        defer { start += 1 }
        return storage[start]
    }
}
