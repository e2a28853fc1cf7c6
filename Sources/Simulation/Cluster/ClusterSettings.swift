import Numerics
import Platform

/// What a cluster is made of, and how long it is tormented.
struct ClusterSettings {
    var workers = 4
    /// Workers of one domain reach the same entities.
    var workersInDomain = 2
    /// Entities of a domain.
    var entitiesInDomain = 3
    /// Whether each worker has an entity of its own besides, and offers its samples.
    var offersSamples = false
    /// Training rounds; more than the time of faults has room for.
    var rounds: UInt32 = 30
    /// Contributions without which a round is abandoned.
    var quorum = 2
    var heartbeat: Duration = .seconds(1)
    var missedHeartbeats = 3
    var roundDeadline: Duration = .seconds(12)
    /// Faults while the federation trains, then while it watches.
    var training: Duration = .seconds(28)
    var watching: Duration = .seconds(22)
    /// What a cluster that is left alone needs at most to come to rest.
    var rest: Duration = .seconds(60)
    /// Rows of each entity's stream.
    var rows = 60
    /// Rows that an entity's source produces in a second.
    var rowsPerSecond = 4.0
    /// Local training takes at most this while there are faults, and a tenth of it afterwards.
    var longestWork: Duration = .milliseconds(2_500)

    /// The longest silence after which a lease can stand by true time: clocks may be slow, and the server looks now and then.
    var longestSilence: Duration { heartbeat * missedHeartbeats * 5 / 4 + .milliseconds(500) }

    /// The settings of a seed.
    init(seed: UInt64) {
        var generator = CounterBasedGenerator(seed: seed, purpose: "settings")
        workers = Int.random(in: 2...5, using: &generator)
        workersInDomain = Int.random(in: 1...3, using: &generator)
        offersSamples = seed % 4 == 3
        quorum = Int.random(in: 1...max(1, workers - 1), using: &generator)
    }

    /// The place of the server, after those of the workers.
    var serverPlace: Int { workers }
}
