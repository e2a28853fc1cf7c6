import Glibc

/// Writes a file piece by piece; it appears under its name only when it is whole. What is no regular file, such as a
/// pipe or `/dev/stdout`, is written to as it is.
///
/// Not shared between threads.
public final class AtomicFileWriter {
    private static let pieceBytes = 1 << 20

    private let path: String
    private let target: String
    /// Where the bytes go until the file is whole; `nil` when they go to the target itself.
    private let temporary: String?
    private var file: OpenFile?
    private var buffer: [UInt8] = []

    /// Bytes taken so far.
    public private(set) var count = 0

    /// Creates the temporary file beside `path`.
    ///
    /// - Throws: ``StorageError`` with the code `missing` (no such folder), `unwritable` or `full`.
    public init(_ path: String) throws(StorageError) {
        self.path = path
        let replaceable = FileContents.replaceable(path)
        target = replaceable ?? path
        temporary = replaceable.map { FileContents.temporaryName(beside: $0) }
        do throws(StorageError) {
            file = try OpenFile(temporary ?? target, flags: O_WRONLY | O_CREAT | O_TRUNC, operation: "write")
        } catch {
            throw StorageError(error.code, operation: error.operation, path: path, found: error.found)
        }
        buffer.reserveCapacity(Self.pieceBytes + 4096)
    }

    deinit { if let temporary, file != nil { unsafe unlink(temporary) } }

    /// Adds text.
    ///
    /// - Throws: ``StorageError`` with the code `unwritable` or `full`.
    public func append(_ text: String) throws(StorageError) { try append(Array(text.utf8)) }

    /// Adds bytes.
    ///
    /// - Throws: ``StorageError`` with the code `unwritable` or `full`.
    public func append(_ bytes: [UInt8]) throws(StorageError) {
        count += bytes.count
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.pieceBytes { try flush() }
    }

    /// Makes what was written durable and gives it its name.
    ///
    /// - Throws: ``StorageError``; the old file, if there was one, is then untouched, unless all that failed was to make its
    ///   folder durable.
    public func commit() throws(StorageError) {
        try flush()
        try file?.synchronize()
        guard let temporary else {
            file = nil
            return
        }
        guard unsafe rename(temporary, target) == 0 else { throw StorageError.system("write", path) }
        file = nil
        try FileContents.synchronizeFolder(FileContents.folder(of: target))
    }

    private func flush() throws(StorageError) {
        var failure: StorageError?
        unsafe buffer.withUnsafeBytes { bytes in
            do throws(StorageError) { try unsafe file?.write(bytes) } catch {
                failure = StorageError(error.code, operation: error.operation, path: path, found: error.found)
            }
        }
        buffer.removeAll(keepingCapacity: true)
        if let failure { throw failure }
    }
}
