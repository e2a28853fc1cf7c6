/// A file with its SHA-256 in another beside it, `NAME.sha256`, in the form of sha256sum(1): a bit that flips is noticed
/// when it is read.
///
/// The sums are written before the file, and beside the new one stands that of the file there was: a crash between the
/// two leaves one of both.
package enum SealedFile {
    private static func sums(_ path: String) -> String { path + ".sha256" }

    private static func line(_ digest: String, _ path: String) -> String {
        "\(digest)  \(path.split(separator: "/").last ?? "")\n"
    }

    /// Replaces the file, or creates it; see ``FileContents/writeAtomically(_:to:)``.
    package static func write(_ bytes: [UInt8], to path: String) throws(StorageError) {
        var text = line(SHA256.hexadecimalDigest(of: bytes), path)
        if let old = try? FileContents.read(path) { text += line(SHA256.hexadecimalDigest(of: old), path) }
        try FileContents.writeAtomically(Array(text.utf8), to: sums(path))
        try FileContents.writeAtomically(bytes, to: path)
    }

    /// The bytes of the file; those of one without sums are taken as they are.
    ///
    /// - Throws: ``StorageError`` as ``FileContents/read(_:limit:)`` does, and with the code `corrupt` when the bytes are
    ///   not those that were written.
    package static func read(_ path: String, limit: Int = 1 << 32) throws(StorageError) -> [UInt8] {
        let bytes = try FileContents.read(path, limit: limit)
        let known: [UInt8]
        do throws(StorageError) {
            known = try FileContents.read(sums(path), limit: 1 << 16)
        } catch {
            guard error.code == .missing else { throw error }
            return bytes
        }
        let digest = SHA256.hexadecimalDigest(of: bytes)
        guard String(decoding: known, as: UTF8.self).split(separator: "\n").contains(where: { $0.hasPrefix(digest) })
        else {
            throw StorageError(
                .corrupt, operation: "read", path: path, found: "bytes that are not those that were written",
                expected: "SHA-256 as in \(sums(path)); delete that file if it was changed on purpose")
        }
        return bytes
    }
}
