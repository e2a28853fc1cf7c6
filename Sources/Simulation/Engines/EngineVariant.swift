/// A way to break the controller, or what it is told: each breaks a promise, and its oracle has to notice.
package enum EngineVariant: String, CaseIterable, Sendable {
    /// The controller hears that a round needs nobody.
    case quorumIgnored
    /// It hears that everybody is here whom the engine says to run.
    case leasesIgnored
    /// It forgets at each step what it asked for.
    case forgetsWhatItAsked
    /// A wish has not to hold.
    case followsEveryWish
    /// It takes all copies for equally old.
    case generationsIgnored
    /// It takes jobs of others for its own.
    case takesForeignJobs
    /// It takes every node for a good one.
    case nodesIgnored
    /// It asks again at once for what was refused.
    case refusalsIgnored
    /// It does not hear that an older copy has the lease.
    case fencingIgnored
    /// It waits for ever for a copy that does not end.
    case waitsForEveryEnd
}
