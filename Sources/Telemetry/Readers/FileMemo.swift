import Synchronization

/// What was found out of files, which are opened again and again while they are learned from: small things, so many of them
/// that none is missed in one pass, and none for ever.
final class FileMemo<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private let most: Int
    private let all = Mutex<[Key: Value]>([:])

    /// - Parameter most: so many are kept.
    init(most: Int) { self.most = most }

    /// What is known; `nil`: nothing.
    func value(for key: Key) -> Value? { all.withLock { $0[key] } }

    /// Remembers it. Where that would be one too many, all others are forgotten.
    func keep(_ value: Value, for key: Key) {
        all.withLock {
            if $0.count >= most { $0.removeAll() }
            $0[key] = value
        }
    }
}
