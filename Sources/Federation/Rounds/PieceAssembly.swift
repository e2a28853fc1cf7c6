/// Puts the pieces of one byte string together, in order; a piece that does not continue what is there is ignored, and
/// the answer says where to go on.
struct PieceAssembly: Sendable {
    /// SHA-256 of the whole.
    let digest: [UInt8]
    /// Bytes of the whole.
    let totalBytes: Int
    /// What is there.
    private(set) var bytes: [UInt8] = []

    init(digest: [UInt8], totalBytes: Int) {
        self.digest = digest
        self.totalBytes = totalBytes
    }

    var isComplete: Bool { bytes.count == totalBytes }

    /// Appends a piece if it continues what is there and stays within the whole.
    mutating func add(_ piece: Bytes, at offset: UInt64) {
        guard offset == UInt64(bytes.count), piece.count <= totalBytes - bytes.count else { return }
        piece.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
}
