extension PublishedProblem {
    /// `baseline` and `aif-p`: fewest workers, then the smallest largest loop time, by counting.
    ///
    /// For one server, a smaller training time can only add workers. So within 2…k the count at the fastest profile
    /// value bounds every feasible worker count from above, and one pass over the row usually settles a server.
    /// O(n²) when that bound works, which measured profiles allow; O(n³) at worst.
    func solveCounting() -> Placement? {
        var best = maximumWorkers + 1
        var bestMaxLoop = Double.infinity
        for j in servers {
            let fewest = fewestWorkers(server: j, below: best)
            if let fewest {
                best = fewest
                bestMaxLoop = limit
            }
            guard best <= maximumWorkers else { continue }
            // Improvements below a picosecond are no improvements: the tie-break keeps what is within 1e-9 s.
            let bound = fewest == nil ? bestMaxLoop - 1e-12 : bestMaxLoop
            let reached = reach(server: j, workers: best, limit: bound)
            guard reached.workers(acceleratorLimit: acceleratorLimit) >= best else { continue }
            if let maxLoop = smallestMaxLoop(server: j, workers: best, limit: limit) {
                bestMaxLoop = min(bestMaxLoop, maxLoop)
            }
        }
        guard best <= maximumWorkers else { return nil }

        let window = min(limit, bestMaxLoop + PlacementObjective.toleranceSeconds)
        var chosen: (server: Int, accelerators: Int)?
        for j in servers {
            let reached = reach(server: j, workers: best, limit: window)
            guard reached.workers(acceleratorLimit: acceleratorLimit) >= best else { continue }
            let accelerators = max(0, best - reached.plain)
            if let current = chosen, current.accelerators <= accelerators { continue }
            chosen = (j, accelerators)
        }
        guard let (server, accelerators) = chosen else { return nil }
        let option = WindowOption(low: -.infinity, high: window, accelerators: accelerators)
        guard let selection = select(server: server, workers: best, option) else { return nil }
        return placement(server: server, workers: best, selection)
    }

    /// The fewest workers, below a bound, with which server j meets the limit; nil if there is no such number.
    func fewestWorkers(server j: Int, below bound: Int) -> Int? {
        var found: Int?
        var highest = bound - 1
        while highest >= 2 {
            let k = fastest[highest]
            let most = reach(server: j, workers: k, limit: limit).workers(acceleratorLimit: acceleratorLimit)
            if most >= k {
                found = k
                highest = k - 1
            } else {
                // Every other k up to `highest` trains at least as long, so it has at most as many candidates.
                highest = most
            }
        }
        return found
    }
}
