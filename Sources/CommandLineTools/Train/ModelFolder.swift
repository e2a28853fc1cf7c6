import CommandLineSupport
import Foundation

/// Checks on the folder of a model that is about to be written.
enum ModelFolder {
    /// Refuses, before any work is done, a place where no folder can be made.
    ///
    /// - Throws: `CommandLineError` with the status `cannotCreate`.
    static func checkWritable(_ path: String) throws {
        var isFolder: ObjCBool = false
        let manager = FileManager.default
        if manager.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
            throw CommandLineError(.cannotCreate, "\(path): found a file, expected a folder or nothing")
        }
        let parent = URL(filePath: path).standardizedFileURL.deletingLastPathComponent().path
        guard manager.isWritableFile(atPath: parent) else {
            throw CommandLineError(
                .cannotCreate, "\(path): \(parent) does not exist or cannot be written; expected a writable folder")
        }
    }
}
