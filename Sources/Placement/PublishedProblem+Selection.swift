/// A range of loop times out of which a placement may be chosen, and what choosing there costs in accelerators.
struct WindowOption: Equatable {
    var low: Double
    var high: Double
    /// Accelerated workers.
    var accelerators: Int
    /// Whether all idle nodes are marked accelerated (variant as published): then every node without an accelerator
    /// must work.
    var idleAccelerated = false
}

/// The workers and accelerated workers chosen within a window.
struct Selection {
    var workers: [Int]
    var accelerated: [Int]
    var idleAccelerated: [Int] = []

    /// Whether this choice stands before another in the file.
    func precedes(_ other: Selection) -> Bool {
        if workers != other.workers { return workers.lexicographicallyPrecedes(other.workers) }
        return accelerated.lexicographicallyPrecedes(other.accelerated)
    }
}

extension PublishedProblem {
    /// The k workers within a window that stand first in the file, using no more accelerators than the option says.
    ///
    /// Workers that need an accelerator are capped in number, the others are not: a truncated partition matroid, in
    /// which taking nodes greedily in file order gives the lexicographically first choice. O(n).
    func select(server j: Int, workers k: Int, _ option: WindowOption) -> Selection? {
        var chosen: [(node: Int, accelerated: Bool)] = []
        var free = option.accelerators
        let p = trainingTime[k]
        let q = factor * p
        var reserved = 0
        if option.idleAccelerated {
            // Nodes without an accelerator cannot be idle; their places are kept.
            reserved = instance.nodes.reduce(0) { $0 + ($1.accelerator ? 0 : 1) }
        }
        instance.latency.withRow(j) { row in
            for i in 0..<count where i != j && canHost[i] {
                let forced = option.idleAccelerated && !instance.nodes[i].accelerator
                if chosen.count + reserved >= k, !forced { continue }
                if p + row[i] <= option.high, p + row[i] >= option.low {
                    chosen.append((i, false))
                    if forced { reserved -= 1 }
                } else if free > 0, acceleratedPenalty[i] == 0, q + row[i] <= option.high, q + row[i] >= option.low {
                    chosen.append((i, true))
                    free -= 1
                }
            }
        }
        guard chosen.count == k else { return nil }
        var selection = Selection(
            workers: chosen.map(\.node), accelerated: chosen.filter(\.accelerated).map(\.node))
        if option.idleAccelerated {
            let working = Set(selection.workers)
            selection.idleAccelerated = (0..<count).filter { !working.contains($0) }
        }
        return selection
    }

    /// The placement with the loop times and the objective of a choice.
    func placement(server j: Int, workers k: Int, _ selection: Selection) -> Placement {
        let accelerated = Set(selection.accelerated)
        let p = trainingTime[k]
        var longest = -Double.infinity
        var shortest = Double.infinity
        for i in selection.workers {
            let loop = (accelerated.contains(i) ? factor * p : p) + instance.latency[j, i]
            longest = max(longest, loop)
            shortest = min(shortest, loop)
        }
        var spread = longest - shortest
        if objective.countsIdleNodes {
            let idle = selection.idleAccelerated.isEmpty ? p : factor * p
            spread = max(longest, idle) - min(shortest, idle)
        }
        let value =
            objective.model == .aifPVariant
            ? objective.aifWeight * Double(k) + objective.spreadWeight * spread : Double(k)
        return Placement(
            server: j, workers: selection.workers, accelerated: selection.accelerated,
            idleAccelerated: selection.idleAccelerated, objective: value, trainingSeconds: p, maxLoopSeconds: longest,
            minLoopSeconds: shortest)
    }
}
