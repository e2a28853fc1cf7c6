import Foundation
import Glibc
import TestSupport

/// A disk in memory with room for little, mounted in a temporary folder: what a full disk does can be had at will.
final class SmallDisk {
    /// Whether this process may mount one: that takes root's rights, which a container may not have.
    static let isPossible: Bool = (try? SmallDisk(kilobytes: 64)) != nil

    private let folder: TemporaryFolder
    /// The root of the disk.
    let path: String

    init(kilobytes: Int) throws {
        folder = try TemporaryFolder()
        path = folder.path("disk")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM)
        }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    private var filler: String { path + "/filler" }

    /// Takes all the room that is left.
    func fill() throws {
        let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        defer { close(descriptor) }
        for size in [4_096, 1] {
            let block = [UInt8](repeating: 0x20, count: size)
            while write(descriptor, block, size) == size {}
        }
    }

    /// Gives it back.
    func makeRoom() throws { try FileManager.default.removeItem(atPath: filler) }
}
