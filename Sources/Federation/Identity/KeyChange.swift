/// The key that a server will have instead of the one it has.
package struct KeyChange: Equatable, Sendable {
    /// The key.
    package var key: PublicKey
    /// Milliseconds until it has it.
    package var remainingMilliseconds: UInt32

    /// A change with every field given.
    package init(key: PublicKey, remainingMilliseconds: UInt32) {
        self.key = key
        self.remainingMilliseconds = remainingMilliseconds
    }
}
