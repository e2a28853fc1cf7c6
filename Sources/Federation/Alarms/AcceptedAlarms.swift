/// Which event of each alarm was the last that counted, so that one that comes again, from a worker that was restarted or
/// from another that took over its entity, is not a second alarm.
///
/// It remembers a bounded number of alarms. When there are more, the entity that has most of them forgets its older half:
/// whoever floods displaces his own.
package struct AcceptedAlarms: Sendable {
    private struct Entity: Sendable {
        var revisions: [String: Int] = [:]
        /// The alarms of `revisions`, oldest first.
        var order: [String] = []
    }

    private var entities: [String: Entity] = [:]
    private let memory: Int
    /// Alarms that are remembered.
    package private(set) var count = 0

    /// Nothing is known.
    ///
    /// - Parameter memory: alarms that are remembered at most.
    package init(memory: Int = 100_000) {
        precondition(memory > 1, "two alarms at least are remembered")
        self.memory = memory
    }

    /// The number of the last event of an alarm that counted; `nil` when none is remembered.
    package func revision(of claim: AlarmClaim) -> Int? { entities[claim.entity]?.revisions[claim.id] }

    /// An event counts.
    package mutating func add(_ claim: AlarmClaim) {
        if let known = revision(of: claim) {
            entities[claim.entity]?.revisions[claim.id] = max(known, claim.revision)
            return
        }
        if count >= memory { forget() }
        entities[claim.entity, default: Entity()].order.append(claim.id)
        entities[claim.entity]?.revisions[claim.id] = claim.revision
        count += 1
    }

    private mutating func forget() {
        // Of two with as many the one whose name comes first, so that the same events leave the same memory.
        let largest = entities.max { ($0.value.order.count, $1.key) < ($1.value.order.count, $0.key) }
        guard let name = largest?.key, var entity = entities.removeValue(forKey: name) else { return }
        let gone = (entity.order.count + 1) / 2
        for id in entity.order.prefix(gone) { entity.revisions[id] = nil }
        entity.order.removeFirst(gone)
        count -= gone
        if !entity.order.isEmpty { entities[name] = entity }
    }
}
