/// What a number of simulated clusters went through.
package struct SimulationReport: Sendable {
    /// One promise that was broken.
    package struct Violation: Equatable, Sendable {
        /// The seed of the cluster.
        package var seed: UInt64
        /// The promise.
        package var promise: Promise
        /// Seconds after the beginning.
        package var seconds: Double
        /// What happened, in words.
        package var text: String
    }

    /// Clusters.
    package private(set) var seeds = 0
    /// Everything that happened: messages, turns of processes, writes, faults.
    package private(set) var events = 0
    /// Rounds that were committed.
    package private(set) var commits = 0
    /// Alarms in the servers' logs.
    package private(set) var alarmsDelivered = 0
    /// Faults, by kind; every kind is named.
    package private(set) var faults: [FaultKind: Int] = [:]
    /// What was broken.
    package private(set) var violations: [Violation] = []
    /// Seeds in which nothing was committed or no alarm arrived: they show nothing.
    package private(set) var idleSeeds: [UInt64] = []

    /// A report of nothing.
    package init() {}

    /// Adds a cluster's.
    package mutating func add(_ outcome: SimulatedCluster.Outcome) {
        seeds += 1
        events += outcome.events
        commits += outcome.commits
        alarmsDelivered += outcome.alarmsDelivered
        faults.merge(outcome.faults, uniquingKeysWith: +)
        violations += outcome.violations
        if outcome.commits == 0 || outcome.alarmsDelivered == 0 { idleSeeds.append(outcome.seed) }
    }

    /// The kinds of faults that did not occur.
    package var missingFaults: [FaultKind] { FaultKind.allCases.filter { faults[$0, default: 0] == 0 } }
}
