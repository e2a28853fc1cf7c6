/// Puts the pieces of one byte string together, in order; a piece that does not continue what is there is ignored, and
/// the answer says where to go on. Pieces stay where they arrived.
package struct PieceAssembly: Sendable {
    /// Below this a piece is copied: to hold on to the message that it came in would cost many times its bytes.
    private static let smallPiece = 16 << 10

    /// SHA-256 of the whole.
    package let digest: [UInt8]
    /// Bytes of the whole.
    package let totalBytes: Int
    /// Bytes that are there.
    package private(set) var count = 0
    private var parts: [Bytes] = []
    private var tail: [UInt8] = []

    /// Nothing of a whole of so many bytes.
    package init(digest: [UInt8], totalBytes: Int) {
        self.digest = digest
        self.totalBytes = totalBytes
    }

    /// Whether every byte is there.
    package var isComplete: Bool { count == totalBytes }

    /// What is there.
    package var bytes: Bytes { Bytes(joining: parts + [Bytes(tail)]) }

    /// Appends a piece if it continues what is there and stays within the whole.
    package mutating func add(_ piece: Bytes, at offset: UInt64) {
        guard offset == UInt64(count), piece.count <= totalBytes - count else { return }
        count += piece.count
        guard piece.count >= Self.smallPiece else {
            piece.forEachPart { tail.append(contentsOf: $0) }
            return
        }
        if !tail.isEmpty {
            parts.append(Bytes(tail))
            tail = []
        }
        parts.append(piece)
    }
}
