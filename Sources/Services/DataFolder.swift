import Glibc
import Platform

/// A process's folder, held by one process at a time: a second one on the same folder is refused. Nobody but its owner can
/// look into it, whatever the process was started with: it holds samples and what was learnt from them.
package final class DataFolder: Sendable {
    /// The folder.
    package let path: String
    private let lock: Int32

    /// Makes the folder if there is none and takes its lock, which the system frees when the process ends in any way.
    ///
    /// - Throws: `StorageError` when it cannot be made or written, ``ServiceError`` when another process holds it.
    package init(_ path: String) throws {
        // Whatever this process creates from here on, its libraries' files included.
        umask(0o077)
        try FolderContents.makeFolder(path)
        let file = path + "/lock"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
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
        Self.tidy(path, depth: 0)
    }

    /// Takes from everybody else what an earlier build or another hand has left open, and removes what processes that were
    /// killed were just writing.
    private static func tidy(_ path: String, depth: Int) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        guard isFolder || status.st_mode & S_IFMT == S_IFREG else { return }
        let mode = status.st_mode & ~0o077 & 0o7777
        if mode != status.st_mode & 0o7777 { unsafe chmod(path, mode) }
        guard isFolder, depth < 8 else { return }
        AbandonedFiles.remove(from: path)
        guard let names = try? FolderContents.names(in: path) else { return }
        for name in names { tidy(path + "/" + name, depth: depth + 1) }
    }

    /// Makes sure that the folder is still the one whose lock is held; somebody may have deleted or replaced it.
    ///
    /// - Throws: ``ServiceError`` of the kind `folder` when it is not.
    package func check() throws {
        guard let held = FileIdentity(of: lock), FileIdentity(at: file("lock")) == held else {
            throw ServiceError(
                .folder,
                "the data folder \(path) was deleted or replaced while it was in use: put it back and start again")
        }
    }

    deinit { close(lock) }

    /// The path of something in it.
    package func file(_ name: String) -> String { "\(path)/\(name)" }
}
