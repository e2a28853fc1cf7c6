/// Spreads the entities of a domain over its active workers: each entity is owned by exactly one, numbers of entities
/// differ by at most one where every worker reaches every entity, and as few as possible move when the set of workers
/// changes.
package enum EntityBalancer {
    /// The owner of each entity.
    ///
    /// - Parameters:
    ///   - reach: for each active worker the entities that it can reach.
    ///   - current: the owners so far; one that is no longer active or no longer reaches the entity is ignored.
    /// - Returns: an owner for each entity that some worker reaches. O(R + E · log E) for R pairs of a worker and an entity
    ///   that it reaches, and O(R) more for each of the few turns in which entities move.
    package static func balance(reach: [String: Set<String>], current: [String: String]) -> [String: String] {
        let workers = reach.keys.sorted()
        let entities = reach.values.reduce(into: Set<String>()) { $0.formUnion($1) }.sorted()
        // Numbers from here on: names are compared above, once.
        let number = Dictionary(uniqueKeysWithValues: zip(workers, workers.indices))
        let place = Dictionary(uniqueKeysWithValues: zip(entities, entities.indices))
        var candidates = [[Int]](repeating: [], count: entities.count)
        for (worker, name) in workers.enumerated() {
            for entity in reach[name] ?? [] {
                if let index = place[entity] { candidates[index].append(worker) }
            }
        }
        var owner = [Int](repeating: -1, count: entities.count)
        var load = [Int](repeating: 0, count: workers.count)
        func leastLoaded(_ entity: Int) -> Int? {
            candidates[entity].min { (load[$0], $0) < (load[$1], $1) }
        }
        for (index, entity) in entities.enumerated() {
            guard let old = current[entity].flatMap({ number[$0] }), candidates[index].contains(old) else { continue }
            owner[index] = old
            load[old] += 1
        }
        for index in entities.indices where owner[index] < 0 {
            guard let least = leastLoaded(index) else { continue }
            owner[index] = least
            load[least] += 1
        }
        // Each move lowers the sum of squared loads, so that this ends.
        var moved = true
        while moved {
            moved = false
            for index in entities.indices.reversed() where owner[index] >= 0 {
                guard let least = leastLoaded(index), load[owner[index]] > load[least] + 1 else { continue }
                load[owner[index]] -= 1
                owner[index] = least
                load[least] += 1
                moved = true
            }
        }
        var result: [String: String] = [:]
        result.reserveCapacity(entities.count)
        for (index, entity) in entities.enumerated() where owner[index] >= 0 { result[entity] = workers[owner[index]] }
        return result
    }
}
