package import Platform

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
        /// Whether the server's federation counts on it now: the rounds that it is in have not ended.
        var isChosen: Bool
        /// Whether it serves something, or has not yet given up what it served.
        var isBusy: Bool
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
    /// give equal results. A candidate that is not here as a worker reaches what others of its domain offer; one of a
    /// domain's candidates with samples must be chosen where nobody is there yet to say which entities they are. O(E·W).
    package func reachGroups(_ candidates: [PlacementCandidate] = []) -> [ReachGroup] {
        var groups: [ReachGroup] = []
        var absent: [String: [PlacementCandidate]] = [:]
        for candidate in candidates where members[candidate.name]?.standsBy ?? true {
            absent[members[candidate.name]?.domain ?? candidate.domain, default: []].append(candidate)
        }
        let here = Dictionary(grouping: members, by: \.value.domain)
        for domain in Set(here.keys).union(absent.keys).sorted() {
            let (here, absent) = (here[domain] ?? [], absent[domain] ?? [])
            let more = Set(absent.map(\.name))
            let offered = here.filter { $0.value.offersSamples }.reduce(into: Set<String>()) {
                $0.formUnion($1.value.reach)
            }
            var workers: [String: Set<String>] = [:]
            for (name, member) in here where !member.standsBy {
                for entity in offered.union(member.reach) { workers[entity, default: []].insert(name) }
            }
            for (name, member) in here where more.contains(name) && !member.offersSamples {
                for entity in member.reach { workers[entity, default: []].insert(name) }
            }
            if !more.isEmpty { for entity in offered where workers[entity] == nil { workers[entity] = [] } }
            // Entities by who is here for them first: candidates are many, and all reach the same.
            var kinds: [Set<String>: (offered: Int, others: Int)] = [:]
            for (entity, set) in workers {
                if offered.contains(entity) {
                    kinds[set, default: (0, 0)].offered += 1
                } else {
                    kinds[set, default: (0, 0)].others += 1
                }
            }
            var counts: [Set<String>: Int] = [:]
            for (set, count) in kinds {
                if count.offered > 0 { counts[set.union(more), default: 0] += count.offered }
                if count.others > 0 { counts[set, default: 0] += count.others }
            }
            if counts.isEmpty, absent.contains(where: \.hasSamples) { counts[more] = 0 }
            let found = counts.map { ReachGroup(domain: domain, workers: $0.key, entities: $0.value) }
            groups += found.sorted { $0.workers.sorted().lexicographicallyPrecedes($1.workers.sorted()) }
        }
        return groups
    }
}

/// How far a federation is, in few words: who is here, and which round of training is open.
package struct FederationStage: Hashable, Sendable {
    package var membershipRevision: UInt64
    package var round: UInt32?
    package var attempt: UInt32?
    /// Workers of whom the round has what it asked for, or has refused it.
    package var answers = 0
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
        var here: [String: FederationView.Member] = [:]
        here.reserveCapacity(members.count)
        for (name, member) in members {
            here[name] = FederationView.Member(
                domain: member.registration.domain, reach: member.reach,
                offersSamples: !member.registration.dataAddress.isEmpty, standsBy: member.registration.standsBy,
                acceleration: member.registration.capabilities.accelerationFactor, epoch: member.epoch,
                lastHeartbeat: member.lastHeartbeat,
                roundTripMicroseconds: member.heartbeat.roundTripMicroseconds, serves: !member.entities.isEmpty,
                isChosen: isChosen(name), isBusy: !member.entities.isEmpty || member.assignedSince != nil)
        }
        return FederationView(
            membershipRevision: membershipRevision, members: here, training: training, nextRound: nextRound,
            minimumWorkers: configuration.minimumWorkers)
    }

    /// What placement goes by at once when it changes. O(1).
    package var stage: FederationStage {
        guard case .running(let round) = phase, round.kind == .training else {
            return FederationStage(membershipRevision: membershipRevision)
        }
        return FederationStage(
            membershipRevision: membershipRevision, round: round.number, attempt: round.attempt,
            answers: round.accepted.count + round.rejected.count)
    }

    /// Names of which a second copy was turned away within the last minute.
    package func fenced(at now: Instant) -> Set<String> {
        Set(members.filter { $0.value.copyRefused.map { now - $0 < .seconds(60) } ?? false }.keys)
    }

    /// Which start of the server this is, from 1.
    package var startNumber: UInt32 { term }
}
