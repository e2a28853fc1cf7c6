import Foundation
import Glibc
import Platform

/// Where pieces of followed files lie while they are read: in a folder beside the sample store, so that raw samples stay
/// in the worker's own folder.
struct PieceFolder: Sendable {
    private let path: String

    /// The folder of a store.
    init(of store: SampleStore) { path = store.path + ".pieces" }

    /// Removes what a process has left that was killed while it read.
    func clear() { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a piece.
    ///
    /// - Parameter ending: of its name.
    /// - Returns: its path; whoever has read it removes it.
    /// - Throws: `StorageError`; nothing is left of it then.
    func write(_ bytes: [UInt8], ending: String) throws(StorageError) -> String {
        let file = "\(path)/\(getpid())-\(UInt32.random(in: 0 ... .max))\(ending)"
        // Why it cannot be made the writing says.
        _ = unsafe mkdir(path, 0o700)
        try FileContents.writeAtomically(bytes, to: file)
        return file
    }
}
