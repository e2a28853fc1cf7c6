import Glibc

/// A file descriptor that closes itself; every call on it is checked and restarted when a signal interrupts it.
struct OpenFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private let operation: String

    init(_ path: String, flags: Int32, operation: String) throws(StorageError) {
        let descriptor = retryingOnInterrupt { unsafe open(path, flags | O_CLOEXEC, 0o644 as mode_t) }
        guard descriptor >= 0 else { throw StorageError.system(operation, path) }
        self.descriptor = descriptor
        self.path = path
        self.operation = operation
    }

    deinit { close(descriptor) }

    /// Size in bytes of a regular file; anything else is refused.
    func regularFileSize() throws(StorageError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw StorageError.system(operation, path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StorageError(.unreadable, operation: operation, path: path, found: "not a regular file")
        }
        return Int(status.st_size)
    }

    /// Fills `buffer` as far as the file reaches; returns the number of bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(StorageError) -> Int {
        var done = 0
        while done < buffer.count {
            let start = unsafe buffer.baseAddress.map { unsafe $0 + done }
            let count = buffer.count - done
            let got = retryingOnInterrupt { unsafe systemRead(descriptor, start, count) }
            guard got >= 0 else { throw StorageError.system(operation, path) }
            if got == 0 { break }
            done += got
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let start = unsafe bytes.baseAddress.map { unsafe $0 + done }
            let count = bytes.count - done
            let put = retryingOnInterrupt { unsafe systemWrite(descriptor, start, count) }
            guard put >= 0 else { throw StorageError.system(operation, path) }
            done += put
        }
    }

    /// Returns when the device has what was written. A file system that cannot do this for folders says EINVAL.
    func synchronize() throws(StorageError) {
        guard retryingOnInterrupt({ Int(fsync(descriptor)) }) == 0 || errno == EINVAL else {
            throw StorageError.system(operation, path)
        }
    }
}

// The C library's functions from outside the type whose methods have their names.
private func systemRead(_ descriptor: Int32, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    unsafe read(descriptor, start, count)
}

private func systemWrite(_ descriptor: Int32, _ start: UnsafeRawPointer?, _ count: Int) -> Int {
    unsafe write(descriptor, start, count)
}

private func retryingOnInterrupt<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

extension StorageError {
    /// The error that the last system call left in `errno`.
    static func system(_ operation: String, _ path: String) -> StorageError {
        let number = errno
        let code: Code =
            switch number {
            case ENOENT, ENOTDIR: .missing
            case ENOSPC, EDQUOT, EFBIG: .full
            default: operation == "read" ? .unreadable : .unwritable
            }
        let text = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return StorageError(code, operation: operation, path: path, found: text.lowercased())
    }
}
