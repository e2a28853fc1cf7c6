import Glibc
import Platform

/// Bytes at any place of a file.
enum FileBytes {
    private static func failure(_ operation: String, _ path: String) -> ServiceError {
        ServiceError(.folder, "cannot \(operation) \(path): \(unsafe String(cString: strerror(errno)))")
    }

    private static func withFile<Result>(
        _ path: String, _ flags: Int32, _ operation: String, _ body: (Int32) throws -> Result
    ) throws -> Result {
        let descriptor = unsafe open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(operation, path) }
        defer { close(descriptor) }
        return try body(descriptor)
    }

    /// Bytes of a file; `nil` when it is not there.
    static func size(of path: String) -> UInt64? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(clamping: status.st_size)
    }

    /// Bytes from an offset on, fewer at the file's end.
    ///
    /// - Throws: ``ServiceError`` when it cannot be read.
    static func read(_ path: String, at offset: UInt64, count: Int) throws -> [UInt8] {
        try withFile(path, O_RDONLY, "read") { descriptor in
            // Capacity 0 would write to the empty array that all threads share.
            guard count > 0 else { return [] }
            return try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                while initialized < count {
                    let got = unsafe pread(
                        descriptor, buffer.baseAddress?.advanced(by: initialized), count - initialized,
                        off_t(clamping: offset) + off_t(initialized))
                    if got == 0 { break }
                    guard got > 0 || errno == EINTR else { throw failure("read", path) }
                    initialized += max(0, got)
                }
            }
        }
    }

    /// The state of the SHA-256 of a file's first bytes.
    ///
    /// - Throws: ``ServiceError`` when it cannot be read, or has fewer.
    static func hash(_ path: String, count: UInt64) throws -> SHA256 {
        var sha = SHA256()
        var done: UInt64 = 0
        while done < count {
            let bytes = try read(path, at: done, count: Int(min(1 << 20, count - done)))
            guard !bytes.isEmpty else { throw ServiceError(.folder, "\(path): it has become shorter") }
            sha.update(bytes)
            done += UInt64(bytes.count)
        }
        return sha
    }

    /// Returns when the device has what was written.
    ///
    /// - Throws: ``ServiceError`` when the disk refuses.
    static func synchronize(_ path: String) throws {
        try withFile(path, O_WRONLY, "write") { descriptor in
            guard fsync(descriptor) == 0 else { throw failure("write", path) }
        }
    }

    /// SHA-256 of bytes from an offset on, of fewer at the file's end.
    ///
    /// - Throws: ``ServiceError`` when it cannot be read.
    static func digest(_ path: String, at offset: UInt64, count: Int) throws -> [UInt8] {
        var sha = SHA256()
        var done = 0
        while done < count {
            let bytes = try read(path, at: offset + UInt64(done), count: min(1 << 20, count - done))
            if bytes.isEmpty { break }
            sha.update(bytes)
            done += bytes.count
        }
        return sha.digest()
    }

    /// Appends to a file that has `offset` bytes; what does not fit is taken back.
    ///
    /// - Throws: ``ServiceError`` when the disk refuses.
    static func append(_ bytes: [UInt8], to path: String, at offset: UInt64) throws {
        try withFile(path, O_WRONLY | O_CREAT, "write") { descriptor in
            var done = 0
            while done < bytes.count {
                let written = unsafe bytes.withUnsafeBytes { raw in
                    unsafe pwrite(
                        descriptor, raw.baseAddress?.advanced(by: done), bytes.count - done,
                        off_t(clamping: offset) + off_t(done))
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else {
                    let failed = failure("write", path)
                    _ = ftruncate(descriptor, off_t(clamping: offset))
                    throw failed
                }
                done += written
            }
        }
    }

    /// Makes a file have so many bytes at most; one that is not there is made.
    ///
    /// - Throws: ``ServiceError`` when the disk refuses.
    static func truncate(_ path: String, to bytes: UInt64) throws {
        try withFile(path, O_WRONLY | O_CREAT, "write") { descriptor in
            guard ftruncate(descriptor, off_t(clamping: bytes)) == 0 else { throw failure("write", path) }
        }
    }
}
