/// How long a commit waited for the disk: from the moment at which the machine asked for it to the moment at which it heard
/// that it is durable, what was on the disk's lane before it included.
package struct CommitWait: Equatable, Sendable {
    /// The round.
    package var round: UInt32
    /// How long it waited.
    package var duration: Duration
}
