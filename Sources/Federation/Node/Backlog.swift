import Synchronization

/// Bytes of contributions that have been taken from the network and wait for arithmetic or the disk. While there are too
/// many no more are taken: they stay where the network holds them, and their senders wait.
final class Backlog: Sendable {
    private let limit: Int
    private let bytes = Atomic(0)

    /// - Parameter limit: bytes beyond which no more are taken.
    init(limit: Int) { self.limit = limit }

    /// Whether no more should be taken.
    var isFull: Bool { bytes.load(ordering: .relaxed) > limit }

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    /// They wait no longer; whether this is what made room.
    func remove(_ count: Int) -> Bool {
        let (before, after) = bytes.subtract(count, ordering: .relaxed)
        return before > limit && after <= limit
    }
}
