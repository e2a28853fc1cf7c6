/// What counting alone decides: how many workers, the shortest longest loop, how many accelerators are missing.
///
/// A longer training time only takes candidates away. So of the worker counts up to some number the one that trains fastest
/// says at most how many workers any of them has, and one pass over the nodes usually settles a server: O(n) for each
/// server and family of sets, O(n²) at worst.
extension GeneralProblem {
    /// Disjoint sets that need a worker each.
    private struct Family {
        /// How many there are.
        let count: Int
        /// The set of each node; nil where it is in none.
        private let setOf: [Int?]
        /// For each k, the worker count in `least`…k with the smallest training time, the lowest on ties.
        let fastest: [Int]
        /// The fewest workers that may do.
        let least: Int

        init(_ sets: [[Int]], nodes: Int, trainingTime: [Double]) {
            count = sets.count
            least = max(2, count)
            var setOf = [Int?](repeating: nil, count: sets.isEmpty ? 0 : nodes)
            for (index, set) in sets.enumerated() { for node in set { setOf[node] = index } }
            self.setOf = setOf
            var fastest = [Int](repeating: 0, count: trainingTime.count)
            for k in stride(from: least, to: trainingTime.count, by: 1) {
                let before = fastest[k - 1]
                fastest[k] = before >= least && trainingTime[before] <= trainingTime[k] ? before : k
            }
            self.fastest = fastest
        }

        func set(of node: Int) -> Int? { count == 0 ? nil : setOf[node] }
    }

    private var families: [Family] {
        instance.coverage.families.map { Family($0, nodes: instance.nodes.count, trainingTime: trainingTime) }
    }

    /// Who could work for a server within a limit.
    private struct Supply {
        /// Workers without an accelerator.
        var plain = 0
        /// Nodes that need the accelerator they have.
        var equipped = 0
        /// Nodes that would need an accelerator and have none.
        var bare = 0
        /// Sets that have nobody without an accelerator, and those of them whose nodes have none.
        var setsOnlyAccelerated = 0
        var setsOnlyBare = 0

        /// The most workers, one of each set among them; nil where there is not one of each set.
        func workers(acceleratorLimit limit: Int) -> Int? {
            setsOnlyBare > 0 || setsOnlyAccelerated > limit ? nil : plain + min(limit, equipped)
        }

        /// Accelerated workers that k workers need beyond those that the limit and the nodes allow.
        func missing(workers k: Int, acceleratorLimit limit: Int) -> Int {
            let needed = max(setsOnlyAccelerated, k - plain)
            return max(0, needed - min(limit, min(equipped, needed - setsOnlyBare)))
        }
    }

    /// nil where a set has nobody, whatever the accelerators. O(n).
    private func supply(server j: Int, workers k: Int, limit: Double, _ family: Family) -> Supply? {
        enum Ease: Int { case plain, equipped, bare, impossible }
        var supply = Supply()
        var easiest = [Ease](repeating: .impossible, count: family.count)
        let p = trainingTime[k]
        let factor = instance.accelerationFactor
        instance.latency.withRow(j) { row in
            for host in hosts {
                let slots = host.capacity - (host.node == j ? 1 : 0)
                guard slots > 0 else { continue }
                let time = host.factor * p
                let ease: Ease
                if time + row[host.node] <= limit {
                    supply.plain += slots
                    ease = .plain
                } else if factor * time + row[host.node] <= limit {
                    if host.hasAccelerator { supply.equipped += 1 } else { supply.bare += 1 }
                    ease = host.hasAccelerator ? .equipped : .bare
                } else {
                    continue
                }
                if let set = family.set(of: host.node), ease.rawValue < easiest[set].rawValue { easiest[set] = ease }
            }
        }
        for ease in easiest {
            if ease == .impossible { return nil }
            if ease != .plain { supply.setsOnlyAccelerated += 1 }
            if ease == .bare { supply.setsOnlyBare += 1 }
        }
        return supply
    }

    /// The fewest workers that meet the limit; nil where no number does.
    func fewestWorkers() -> Int? {
        var best = maximumWorkers + 1
        for family in families {
            for j in servers {
                var highest = best - 1
                while highest >= family.least {
                    let k = family.fastest[highest]
                    // What a set lacks with this training time it lacks with any longer one.
                    guard
                        let most = supply(server: j, workers: k, limit: limit, family)?
                            .workers(acceleratorLimit: acceleratorLimit)
                    else { break }
                    if most >= k { best = k }
                    highest = most >= k ? k - 1 : most
                }
            }
        }
        return best <= maximumWorkers ? best : nil
    }

    /// The smallest largest loop time over all servers and worker counts within the limit.
    func smallestMaxLoop() -> Double? {
        var best: Double?
        for family in families {
            for j in servers {
                let bound = best.map { min(limit, $0.nextDown) } ?? limit
                guard bound >= 0, isPossible(server: j, limit: bound, family) else { continue }
                // Numbers that are 0 or more are in the order of their bit patterns: the smallest limit of all.
                var low: UInt64 = 0
                var high = bound.bitPattern
                while low < high {
                    let middle = low + (high - low) / 2
                    if isPossible(server: j, limit: Double(bitPattern: middle), family) {
                        high = middle
                    } else {
                        low = middle + 1
                    }
                }
                best = Double(bitPattern: high)
            }
        }
        return best
    }

    /// Whether some number of workers meets a limit.
    private func isPossible(server j: Int, limit: Double, _ family: Family) -> Bool {
        var highest = maximumWorkers
        while highest >= family.least {
            let k = family.fastest[highest]
            guard
                let most = supply(server: j, workers: k, limit: limit, family)?
                    .workers(acceleratorLimit: acceleratorLimit)
            else { return false }
            if most >= k { return true }
            highest = most
        }
        return false
    }

    /// The server and k for which the fewest accelerated workers beyond the present ones meet the limit, with a worker in
    /// every set, if any node may be given an accelerator.
    func fewestExtraAccelerators() -> (extra: Int, server: Int, workers: Int)? {
        var best: (extra: Int, server: Int, workers: Int)?
        for family in families {
            for j in servers {
                var highest = maximumWorkers
                while highest >= family.least {
                    let k = family.fastest[highest]
                    guard let supply = supply(server: j, workers: k, limit: limit, family) else { break }
                    let now = supply.plain + min(acceleratorLimit, supply.equipped)
                    let most = supply.plain + supply.equipped + supply.bare
                    if let best, best.extra + now - 1 < k {
                        // A smaller k trains longer and has no more candidates: only k below this can need fewer.
                        highest = min(k - 1, best.extra + now - 1)
                    } else if most < k {
                        highest = most
                    } else {
                        let missing = supply.missing(workers: k, acceleratorLimit: acceleratorLimit)
                        if missing < best?.extra ?? .max { best = (missing, j, k) }
                        highest = k - 1
                    }
                }
            }
        }
        return best
    }
}
