import FoundationEssentials
import Glibc
import Synchronization

/// Whole files: read within a limit, written so that a crash at any moment leaves the old file or the new one.
public enum FileContents {
    /// The bytes of a regular file.
    ///
    /// - Parameter limit: a larger file is refused before memory is asked for.
    /// - Throws: ``StorageError`` with the code `missing`, `unreadable` or `unsupported` (too large).
    public static func read(_ path: String, limit: Int = 1 << 32) throws(StorageError) -> [UInt8] {
        let file = try OpenFile(path, flags: O_RDONLY | O_NONBLOCK, operation: "read")
        let size = try file.regularFileSize()
        guard size <= limit else {
            throw StorageError(
                .unsupported, operation: "read", path: path, found: "\(size) bytes", expected: "at most \(limit)")
        }
        // Capacity 0 would write to the empty array that all threads share.
        guard size > 0 else { return [] }
        var failure: StorageError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            do throws(StorageError) {
                count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Replaces the file at `path`, or creates it: writes a temporary file beside it, makes it durable, renames it and
    /// makes the folder durable. A symbolic link stays, and the file that it names is replaced. What is no regular file,
    /// such as a pipe or `/dev/stdout`, is written to as it is.
    ///
    /// - Throws: ``StorageError`` with the code `missing` (no such folder), `unwritable` or `full`; the old file is
    ///   then untouched, unless all that failed was to make its folder durable.
    public static func writeAtomically(_ bytes: [UInt8], to path: String) throws(StorageError) {
        guard let target = replaceable(path) else {
            try write(bytes, to: path, reportedAs: path)
            return
        }
        let temporary = temporaryName(beside: target)
        do throws(StorageError) {
            try write(bytes, to: temporary, reportedAs: path)
            guard unsafe rename(temporary, target) == 0 else { throw StorageError.system("write", path) }
            try synchronizeFolder(folder(of: target))
        } catch {
            unsafe unlink(temporary)
            throw error
        }
    }

    /// Writes a new file and makes its contents durable, without the renaming.
    static func write(_ bytes: [UInt8], to path: String, reportedAs name: String) throws(StorageError) {
        do throws(StorageError) {
            let file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC, operation: "write")
            var failure: StorageError?
            unsafe bytes.withUnsafeBytes { buffer in
                do throws(StorageError) { try unsafe file.write(buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            try file.synchronize()
        } catch {
            throw StorageError(
                error.code, operation: error.operation, path: name, found: error.found, expected: error.expected)
        }
    }

    /// Makes additions to a folder and removals from it durable.
    public static func synchronizeFolder(_ path: String) throws(StorageError) {
        try OpenFile(path, flags: O_RDONLY | O_DIRECTORY, operation: "write").synchronize()
    }

    /// The name under which a file is replaced by renaming: `path` behind its symbolic links. `nil` when it must not be
    /// replaced, because it is a device, a pipe or a socket, or a name for one of the process's own open files.
    static func replaceable(_ path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return linked(path) }
        let kind = status.st_mode & S_IFMT
        let openFiles = ["/dev/std", "/dev/fd/", "/proc/"]
        guard kind == S_IFREG || kind == S_IFDIR, !openFiles.contains(where: { path.hasPrefix($0) }) else { return nil }
        guard let resolved = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }

    /// What a link to nothing names, which is made then; any other path as it is.
    private static func linked(_ path: String) -> String {
        var path = path
        for _ in 0..<8 {
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
            path = next.hasPrefix("/") ? next : folder(of: path) + "/" + next
        }
        return path
    }

    /// How many temporary names this process has used: threads may write one file at a time.
    private static let temporaries = Atomic(0)
    /// Bytes of a file's name that its temporary name has: file systems take 255 altogether.
    private static let longestName = 180

    /// A hidden sibling that nobody else uses.
    static func temporaryName(beside path: String) -> String {
        let name = path.split(separator: "/").last.map { String(decoding: $0.utf8.prefix(longestName), as: UTF8.self) }
        let number = temporaries.add(1, ordering: .relaxed).newValue
        return folder(of: path) + "/.\(name ?? "file").temporary-\(getpid())-\(number)"
    }

    /// The folder that holds `path`.
    public static func folder(of path: String) -> String {
        var trimmed = Substring(path)
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }
}
