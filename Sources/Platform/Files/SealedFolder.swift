/// A folder with the SHA-256 of each of its files in a file outside it, in the form of sha256sum(1).
package enum SealedFolder {
    private static func lines(_ folder: String) throws(StorageError) -> [UInt8] {
        var text = ""
        for name in try FolderContents.names(in: folder).sorted() {
            text += "\(SHA256.hexadecimalDigest(of: try FileContents.read("\(folder)/\(name)")))  \(name)\n"
        }
        return Array(text.utf8)
    }

    /// Replaces the folder by what `write` makes of it. A crash in between leaves it without sums, never with wrong ones.
    package static func replace(_ folder: String, sums: String, write: () throws -> Void) throws {
        try FolderContents.remove(sums)
        try write()
        try FileContents.writeAtomically(try lines(folder), to: sums)
    }

    /// Whether every file is what was written; a folder without sums is taken as it is.
    ///
    /// - Throws: `StorageError` when a file cannot be read.
    package static func isSound(_ folder: String, sums: String) throws(StorageError) -> Bool {
        let known: [UInt8]
        do throws(StorageError) {
            known = try FileContents.read(sums, limit: 1 << 20)
        } catch {
            guard error.code == .missing else { throw error }
            return true
        }
        return known == (try lines(folder))
    }
}
