import Autoencoders
import CommandLine
import Foundation

/// Checks on the folder of a model that is about to be written.
enum ModelFolder {
    /// Refuses, before any work is done, a place where no model can be written: a missing parent, a file, a folder that
    /// holds something else.
    ///
    /// - Throws: `CommandLineError` with the status `cannotCreate`.
    static func checkWritable(_ path: String) throws {
        guard !path.isEmpty else {
            throw CommandLineError.usage("--out: found no name, expected the folder of the model")
        }
        var isFolder: ObjCBool = false
        let manager = FileManager.default
        if manager.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else {
                throw CommandLineError(.cannotCreate, "\(path): found a file, expected a folder or nothing")
            }
            if let stranger = try? manager.contentsOfDirectory(atPath: path).sorted().first(where: {
                !ModelBundle.isPart($0)
            }) {
                throw CommandLineError(
                    .cannotCreate,
                    "\(path): found '\(stranger)' in it, expected an empty folder or one that this program wrote")
            }
        }
        // Asking whether it is writable is not enough: some file systems let nobody make a folder.
        let parent = URL(filePath: path).standardizedFileURL.deletingLastPathComponent().path
        let probe = parent + "/.faultline-\(getpid())"
        guard mkdir(probe, 0o700) == 0 else {
            throw CommandLineError(
                .cannotCreate, "\(path): \(parent) does not exist or cannot be written; expected a writable folder")
        }
        rmdir(probe)
    }
}
