import Platform

/// What placement has to know of a federation; a copy, to be looked at away from the server's thread.
package struct FederationView: Sendable {
    /// An active worker.
    struct Member: Sendable {
        var domain: String
        /// The entities that it reaches by itself.
        var reach: Set<String>
        /// Whether others can fetch their samples.
        var offersSamples: Bool
        /// Whether it can never be chosen.
        var standsBy: Bool
        /// Time on its accelerator over time on its CPU.
        var acceleration: Double?
        var epoch: UInt64
        var lastHeartbeat: UInt64
        var roundTripMicroseconds: UInt32
        var serves: Bool
    }

    /// The round of training that runs.
    struct Round: Sendable {
        var number: UInt32
        var attempt: UInt32
        var started: Instant
        /// Workers that contributed.
        var accepted: Set<String>
        /// Workers whose contributions did not count.
        var rejected: Set<String>
    }

    var membershipRevision: UInt64
    var members: [String: Member]
    var training: Round?
    var nextRound: UInt32
    var minimumWorkers: Int

    /// The sets of workers of which one must be chosen, with the entities behind each; sorted, so that equal members
    /// give equal results. O(E·W).
    package var reachGroups: [ReachGroup] {
        var groups: [ReachGroup] = []
        for (domain, here) in Dictionary(grouping: members, by: \.value.domain).sorted(by: { $0.key < $1.key }) {
            let offered = here.filter { $0.value.offersSamples }.reduce(into: Set<String>()) {
                $0.formUnion($1.value.reach)
            }
            var workers: [String: Set<String>] = [:]
            for (name, member) in here where !member.standsBy {
                for entity in offered.union(member.reach) { workers[entity, default: []].insert(name) }
            }
            var counts: [Set<String>: Int] = [:]
            for set in workers.values { counts[set, default: 0] += 1 }
            let found = counts.map { ReachGroup(domain: domain, workers: $0.key, entities: $0.value) }
            groups += found.sorted { $0.workers.sorted().lexicographicallyPrecedes($1.workers.sorted()) }
        }
        return groups
    }
}

extension ServerRoundMachine {
    /// What placement has to know. O(W).
    package var view: FederationView {
        var training: FederationView.Round?
        if case .running(let round) = phase, round.kind == .training {
            training = FederationView.Round(
                number: round.number, attempt: round.attempt, started: round.started,
                accepted: Set(round.accepted.keys), rejected: Set(round.rejected.keys))
        }
        return FederationView(
            membershipRevision: membershipRevision,
            members: members.mapValues { member in
                FederationView.Member(
                    domain: member.registration.domain, reach: member.reach,
                    offersSamples: !member.registration.dataAddress.isEmpty, standsBy: member.registration.standsBy,
                    acceleration: member.registration.capabilities.accelerationFactor, epoch: member.epoch,
                    lastHeartbeat: member.lastHeartbeat,
                    roundTripMicroseconds: member.heartbeat.roundTripMicroseconds, serves: !member.entities.isEmpty)
            }, training: training, nextRound: nextRound, minimumWorkers: configuration.minimumWorkers)
    }
}
