import Placement

/// The specification by enumeration: every server, every multiset of workers, every accelerated subset; then the
/// tie-breaks stage by stage. Slow and plain on purpose.
struct BruteForce {
    struct Candidate {
        var server: Int
        var workers: [Int]
        var accelerated: [Int]
        var idleAccelerated: [Int]
        var objective: Double
        var maxLoop: Double
        var accelerators: Int { accelerated.count + idleAccelerated.count }
        var spread: Double
    }

    static func candidates(_ instance: PlacementInstance, _ objective: PlacementObjective) -> [Candidate] {
        let n = instance.nodes.count
        let limit = instance.budgetSeconds + PlacementObjective.toleranceSeconds
        let mostAccelerators = objective.model == .baseline ? 0 : instance.acceleratorLimit
        let counted = objective.model == .aifPVariant
        var result: [Candidate] = []
        for server in 0..<n where instance.nodes[server].canHost {
            if let fixed = instance.fixedServer, fixed != server { continue }
            // How many AIFs each node runs beside the server.
            var slots: [Int] = []
            for (i, node) in instance.nodes.enumerated() {
                slots.append(node.canHost ? node.capacity - (i == server ? 1 : 0) : 0)
            }
            for counts in products(slots) {
                let k = counts.reduce(0, +)
                guard k >= 2, k <= instance.maximumWorkers else { continue }
                guard instance.coverage.isMet(by: counts.indices.filter { counts[$0] > 0 }) else { continue }
                let p = instance.trainingTime.seconds(workers: k)
                let marks = objective.model == .aifPVariant && objective.asPublished
                let mayMark = (0..<n).filter { instance.nodes[$0].accelerator && (marks || counts[$0] > 0) }
                for subset in 0..<(1 << mayMark.count) where subset.nonzeroBitCount <= mostAccelerators {
                    var marked = Set<Int>()
                    for (bit, node) in mayMark.enumerated() where subset >> bit & 1 == 1 { marked.insert(node) }
                    var loops: [Double] = []
                    var others: [Double] = []
                    var missing = 0.0
                    for i in 0..<n {
                        let node = instance.nodes[i]
                        let time = node.trainingTimeFactor * p
                        let fast = instance.accelerationFactor * time
                        if counts[i] == 0 {
                            others.append(marked.contains(i) ? fast : time)
                            continue
                        }
                        let latency = instance.latency[server, i]
                        for copy in 0..<counts[i] {
                            loops.append((copy == 0 && marked.contains(i) ? fast : time) + latency)
                            missing += 1 - node.availability
                        }
                    }
                    guard let longest = loops.max(), let shortest = loops.min(), longest <= limit else { continue }
                    var spread = longest - shortest
                    if marks {
                        spread = max(longest, others.max() ?? longest) - min(shortest, others.min() ?? shortest)
                    }
                    let value =
                        (counted ? objective.aifWeight * Double(k) + objective.spreadWeight * spread : Double(k))
                        + objective.availabilityWeight * missing
                    var workers: [Int] = []
                    for i in 0..<n { workers += Array(repeating: i, count: counts[i]) }
                    result.append(
                        Candidate(
                            server: server, workers: workers,
                            accelerated: marked.filter { counts[$0] > 0 }.sorted(),
                            idleAccelerated: marked.filter { counts[$0] == 0 }.sorted(), objective: value,
                            maxLoop: longest, spread: longest - shortest))
                }
            }
        }
        return result
    }

    static func solve(_ instance: PlacementInstance, _ objective: PlacementObjective) -> Candidate? {
        var left = candidates(instance, objective)
        guard let best = left.map(\.objective).min() else { return nil }
        left = left.filter { $0.objective <= best + 1e-9 * max(1, abs(best)) }
        let fewest = left.map(\.workers.count).min() ?? 0
        left = left.filter { $0.workers.count == fewest }
        let shortest = left.map(\.maxLoop).min() ?? 0
        left = left.filter { $0.maxLoop <= shortest + 1e-9 }
        let accelerators = left.map(\.accelerators).min() ?? 0
        left = left.filter { $0.accelerators == accelerators }
        return left.min { a, b in
            if a.server != b.server { return a.server < b.server }
            if a.workers != b.workers { return a.workers.lexicographicallyPrecedes(b.workers) }
            return a.accelerated.lexicographicallyPrecedes(b.accelerated)
        }
    }

    private static func products(_ most: [Int]) -> [[Int]] {
        var all: [[Int]] = [[]]
        for limit in most { all = all.flatMap { prefix in (0...limit).map { prefix + [$0] } } }
        return all
    }
}
