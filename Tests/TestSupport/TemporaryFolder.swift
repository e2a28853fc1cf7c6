public import Foundation
import Synchronization

/// A folder that goes away with its last owner, or with the process where an owner lives as long as that (`static let`, a thread).
public final class TemporaryFolder: Sendable {
    private static let living = Mutex<Set<URL>>([])
    private static let sweepsAtExit: Void = {
        atexit { for url in TemporaryFolder.living.withLock({ $0 }) { try? FileManager.default.removeItem(at: url) } }
    }()

    /// Where it is.
    public let url: URL

    /// Makes a new, empty folder.
    public init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "faultline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        self.url = url
        _ = Self.sweepsAtExit
        _ = Self.living.withLock { $0.insert(url) }
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
        _ = Self.living.withLock { [url] in $0.remove(url) }
    }

    /// The path of something in it.
    public func path(_ name: String) -> String { url.appending(path: name).path }

    /// Writes a text file into it and returns the file's path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
        return file.path
    }
}
