/// A file as it was when it was read, and how.
struct FileIdentity: Hashable, Sendable {
    let path: String
    let options: ReaderOptions
    let stamp: FileStamp

    /// `nil` where there is no such file.
    init?(_ path: String, _ options: ReaderOptions) {
        guard let stamp = FileStamp(path) else { return nil }
        self.path = path
        self.options = options
        self.stamp = stamp
    }
}
