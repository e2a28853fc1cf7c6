import Platform

/// A file with a secret key and its checksum beside it.
enum SealedKey {
    /// The bytes of the file.
    ///
    /// - Parameter otherwise: what to do where no backup has it.
    /// - Throws: ``ServiceError`` (65) when they are not those that were written, `StorageError` when there are none.
    static func read(_ path: String, otherwise: String) throws -> [UInt8] {
        do throws(StorageError) {
            return try SealedFile.read(path, limit: 4_096)
        } catch {
            guard error.code == .corrupt else { throw error }
            throw ServiceError(
                .data,
                "\(path): found a key that is not the one that was written; put it back from a backup, or remove it and "
                    + "\(path).sha256: \(otherwise)")
        }
    }
}
