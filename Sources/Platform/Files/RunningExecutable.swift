/// The program that runs.
public enum RunningExecutable {
    /// The digest of its bytes (SHA-256, in hexadecimal digits): two builds have two, and a copy elsewhere the same one.
    /// Computed each time; some 0.1 s for 60 MB.
    ///
    /// - Throws: ``StorageError`` where the system does not show it (`/proc/self/exe`).
    public static func digest() throws(StorageError) -> String {
        var hash = SHA256()
        hash.update(try FileContents.read("/proc/self/exe"))
        return hash.hexadecimalDigest()
    }
}
