import Glibc
import Platform

/// A process's folder, held by one process at a time: a second one on the same folder is refused.
package final class DataFolder: Sendable {
    /// The folder.
    package let path: String
    private let lock: Int32

    /// Makes the folder if there is none and takes its lock, which the system frees when the process ends in any way.
    ///
    /// - Throws: `StorageError` when it cannot be made or written, ``ServiceError`` when another process holds it.
    package init(_ path: String) throws {
        try FolderContents.makeFolder(path)
        let file = path + "/lock"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw ServiceError(
                .folder, "the data folder \(path) cannot be written: \(unsafe String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ServiceError(.folder, "the data folder \(path) is in use by another process")
        }
        self.path = path
        lock = descriptor
    }

    deinit { close(lock) }

    /// The path of something in it.
    package func file(_ name: String) -> String { "\(path)/\(name)" }
}
