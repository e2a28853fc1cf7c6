/// What a federation promises (docs/federation.md), each with the oracle that holds the simulated cluster to it.
package enum Promise: String, CaseIterable, Sendable {
    /// One contribution counts for a worker and a round, whatever is duplicated, reordered or retried.
    case oneContribution
    /// Versions only grow, and a committed one survives a crash at any write.
    case versionsOnlyGrow
    /// A version is a function of the one before and the logged contributions.
    case replay
    /// Nothing enters from a worker that is not admitted or whose lease is over or older.
    case fencing
    /// At most one accepted worker for an entity.
    case oneOwner
    /// A round ends by its deadline.
    case deadlines
    /// Contributions that are no good change nothing, are counted, and are logged with their sender.
    case gate
    /// Memory stays bounded.
    case memory
    /// After a network heals or the server restarts, workers are back and a round commits soon, with no restart.
    case recovery
    /// A worker that is cut off keeps scoring, and each alarm arrives once.
    case alarms
}
