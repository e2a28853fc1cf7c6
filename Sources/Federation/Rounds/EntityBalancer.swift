/// Spreads the entities of a domain over its active workers: each entity is owned by exactly one, numbers of entities
/// differ by at most one where every worker reaches every entity, and as few as possible move when the set of workers
/// changes.
package enum EntityBalancer {
    /// The owner of each entity.
    ///
    /// - Parameters:
    ///   - reach: for each active worker the entities that it can reach.
    ///   - current: the owners so far; one that is no longer active or no longer reaches the entity is ignored.
    /// - Returns: an owner for each entity that some worker reaches. O(E · W log W).
    package static func balance(reach: [String: Set<String>], current: [String: String]) -> [String: String] {
        let workers = reach.keys.sorted()
        let entities = reach.values.reduce(into: Set<String>()) { $0.formUnion($1) }.sorted()
        var owner: [String: String] = [:]
        var load = Dictionary(uniqueKeysWithValues: workers.map { ($0, 0) })
        func give(_ entity: String, to worker: String) {
            if let old = owner[entity] { load[old, default: 0] -= 1 }
            owner[entity] = worker
            load[worker, default: 0] += 1
        }
        func candidates(_ entity: String) -> [String] { workers.filter { reach[$0]?.contains(entity) == true } }

        for entity in entities {
            if let old = current[entity], reach[old]?.contains(entity) == true { give(entity, to: old) }
        }
        for entity in entities where owner[entity] == nil {
            let least = candidates(entity).min { (load[$0] ?? 0, $0) < (load[$1] ?? 0, $1) }
            if let least { give(entity, to: least) }
        }
        // Each move lowers the sum of squared loads, so that this ends.
        var moved = true
        while moved {
            moved = false
            for entity in entities.reversed() {
                guard let holder = owner[entity],
                    let least = candidates(entity).min(by: { (load[$0] ?? 0, $0) < (load[$1] ?? 0, $1) }),
                    (load[holder] ?? 0) > (load[least] ?? 0) + 1
                else { continue }
                give(entity, to: least)
                moved = true
            }
        }
        return owner
    }
}
