import Foundation
import Platform
import Synchronization

/// Where the inputs of decoders lie that read files, one file a target and thread.
final class Scratch: Sendable {
    /// The folder of this process; it is removed at its end.
    let folder: String

    static let shared = Scratch()

    private init() {
        folder = FileManager.default.temporaryDirectory.path + "/fl-fuzz-\(getpid())"
        try? FolderContents.makeFolder(folder)
        atexit { try? FileManager.default.removeItem(atPath: Scratch.shared.folder) }
    }

    private let turn = NSLock()

    /// Calls `body` with the path of a file that has these bytes; one at a time.
    ///
    /// - Throws: what `body` throws.
    func with<Result>(_ bytes: [UInt8], named name: String, _ body: (String) throws -> Result) throws -> Result {
        turn.lock()
        defer { turn.unlock() }
        let path = folder + "/" + name
        // Anew each time: readers know a file that they have read by its inode, size and time.
        unlink(path)
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
            throw FuzzTarget.Finding("\(path) cannot be written")
        }
        return try body(path)
    }
}
