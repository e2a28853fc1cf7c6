import Federation
import Platform

/// An entity has one accepted worker: what one was told to serve it gives up, or loses its lease, before another is told.
struct OwnerOracle: Oracle {
    let promise = Promise.oneOwner
    private struct Entity: Hashable {
        var domain: String
        var name: String
    }
    /// A worker that was told to serve an entity, and the assignment from which on it was not told so any more.
    private struct Holding {
        var epoch: UInt64
        var endsWith: UInt64?
    }

    private var book: LeaseBook
    private var holdings: [Entity: [String: Holding]] = [:]
    private var domains: [String: String] = [:]
    private var told: [String: (epoch: UInt64, revision: UInt64, entities: Set<String>)] = [:]

    init(longestSilence: Duration) { book = LeaseBook(longestSilence: longestSilence) }

    mutating func see(_ observation: Observation, at now: Instant) -> [String] {
        book.see(observation, at: now)
        for (name, lease) in book.leases where domains[name] != lease.domain { domains[name] = lease.domain }
        switch observation {
        case .serverStarted:
            holdings = [:]
            told = [:]
            return []
        case .arrived(let envelope, let peer):
            guard case .heartbeat(let heartbeat) = envelope.message, let lease = book.leases[envelope.sender],
                lease.epoch == envelope.leaseEpoch, lease.peer == peer
            else { return [] }
            giveUp(upTo: heartbeat.assignmentRevision, envelope.sender)
            return []
        case .sent(let envelope, let peer):
            guard case .status(let status) = envelope.message,
                let name = book.leases.first(where: { $0.value.epoch == envelope.leaseEpoch && $0.value.peer == peer })?
                    .key
            else { return [] }
            return tell(name, status, epoch: envelope.leaseEpoch, at: now)
        case .committed(let record, _, _): return shared(record)
        default: return []
        }
    }

    /// No entity counts twice in a round.
    private func shared(_ record: RoundRecord) -> [String] {
        var found: [String] = []
        var seen: [Entity: String] = [:]
        for contribution in record.contributions {
            guard let domain = domains[contribution.worker] else { continue }
            for name in contribution.entities {
                if let other = seen.updateValue(contribution.worker, forKey: Entity(domain: domain, name: name)) {
                    found.append(
                        "round \(record.round) counts \(domain)/\(name) of \(other) and \(contribution.worker)")
                }
            }
        }
        return found
    }

    private mutating func giveUp(upTo revision: UInt64, _ name: String) {
        for (entity, holders) in holdings {
            if let end = holders[name]?.endsWith, end <= revision { holdings[entity]?[name] = nil }
        }
    }

    private mutating func tell(_ name: String, _ status: ServerStatus, epoch: UInt64, at now: Instant) -> [String] {
        guard let domain = book.leases[name]?.domain else { return [] }
        guard let entities = status.assignment?.entities else { return [] }
        if let before = told[name], before.epoch == epoch, before.revision >= status.assignmentRevision { return [] }
        var found: [String] = []
        for given in entities {
            for (other, holding) in holdings[Entity(domain: domain, name: given)] ?? [:]
            where other != name && book.leases[other]?.epoch == holding.epoch && mayServe(other, at: now) {
                found.append("\(domain)/\(given) was given to \(name), and \(other) has not given it up")
            }
        }
        let before = told[name].map { $0.epoch == epoch ? $0.entities : [] } ?? []
        for gone in before.subtracting(entities) {
            holdings[Entity(domain: domain, name: gone)]?[name]?.endsWith = status.assignmentRevision
        }
        for given in entities {
            holdings[Entity(domain: domain, name: given), default: [:]][name] = Holding(epoch: epoch)
        }
        told[name] = (epoch, status.assignmentRevision, Set(entities))
        return found
    }

    /// A lease that may stand and may be over is the server's to judge; one that was just renewed is not.
    private func mayServe(_ name: String, at now: Instant) -> Bool {
        book.leases[name].map { now - $0.heard < .seconds(2) } ?? false
    }
}
