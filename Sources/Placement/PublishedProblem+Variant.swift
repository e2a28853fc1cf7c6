/// `aif-p-var`: min A·k + B·(max ℓ − min ℓ).
///
/// For one server and one k the possible loop times are the plain ones, p_k + d, and the accelerated ones, α·p_k + d:
/// two ascending lists. A window over both, moved from left to right with two pointers, meets every pair of smallest
/// and largest loop time that matters; whether it holds k workers is again a matter of counting.
extension PublishedProblem {
    /// How the spread follows from a window. As published an idle node takes part with its training time.
    struct SpreadRule {
        /// Times that take part in the minimum and in the maximum; neutral when only workers count.
        var lowAnchor = Double.infinity
        var highAnchor = -Double.infinity

        @inline(__always) func callAsFunction(_ low: Double, _ high: Double) -> Double {
            max(high, highAnchor) - min(low, lowAnchor)
        }
    }

    /// The spread rule for k workers with idle nodes unaccelerated.
    func spreadRule(workers k: Int) -> SpreadRule {
        objective.countsIdleNodes
            ? SpreadRule(lowAnchor: trainingTime[k], highAnchor: trainingTime[k]) : SpreadRule()
    }

    /// The best placement under the variant's objective.
    func solveVariant(upperBound: Double = .infinity) -> Placement? {
        guard maximumWorkers >= 2 else { return nil }
        // Stage 0: the smallest objective. A server whose bound exceeds the best cannot tie and is dropped.
        let worthTrying = workerCounts()
        var best = upperBound
        var perServer = [Double](repeating: .infinity, count: count)
        let shortest = factor * trainingTime[fastest[maximumWorkers]]
        for j in servers {
            let row = SortedRow(self, server: j, shortest: shortest)
            perServer[j] = smallestObjective(row, server: j, counts: worthTrying, below: best)
            best = min(best, perServer[j])
        }
        guard best < .infinity, perServer.contains(where: { $0 < .infinity }) else { return nil }
        let bound = best + PlacementObjective.tolerance(of: best)

        // Stages 1 and 2: the fewest workers, then the smallest largest loop time.
        let tied = servers.filter { perServer[$0] <= bound }
        var fewest = maximumWorkers
        var maxLoop = Double.infinity
        for j in tied {
            let row = SortedRow(self, server: j, shortest: shortest)
            for k in worthTrying where k <= fewest {
                guard let high = earliestMaxLoop(row, server: j, workers: k, objectiveBound: bound) else { continue }
                if k < fewest { maxLoop = .infinity }
                fewest = k
                maxLoop = min(maxLoop, high)
                break
            }
        }
        guard maxLoop < .infinity else { return nil }

        // Stages 3 to 5: fewest accelerators, first server, first workers.
        let highest = min(limit, maxLoop + PlacementObjective.toleranceSeconds)
        var chosen: (server: Int, accelerators: Int, options: [WindowOption])?
        for j in tied {
            let row = SortedRow(self, server: j, shortest: shortest)
            let options = windowOptions(
                row, server: j, workers: fewest, from: maxLoop, through: highest, objectiveBound: bound)
            let idle = count - fewest
            func used(_ option: WindowOption) -> Int { option.accelerators + (option.idleAccelerated ? idle : 0) }
            guard let least = options.map(used).min() else { continue }
            if let current = chosen, current.accelerators <= least { continue }
            chosen = (j, least, options.filter { used($0) == least })
        }
        guard let chosen else { return nil }
        var first: Selection?
        for option in chosen.options {
            guard let next = select(server: chosen.server, workers: fewest, option) else { continue }
            if let current = first, !next.precedes(current) { continue }
            first = next
        }
        return first.map { placement(server: chosen.server, workers: fewest, $0) }
    }

    /// The worker counts that can be best: of several with one training time, the smallest, since leaving a worker out
    /// widens nothing. (As published it may: a node left out becomes idle and counts.)
    private func workerCounts() -> [Int] {
        var seen = Set<Double>()
        return stride(from: 2, through: maximumWorkers, by: 1).filter {
            seen.insert(trainingTime[$0]).inserted || objective.countsIdleNodes
        }
    }

    /// The smallest objective for one server, or infinity where it is above `bound`.
    private func smallestObjective(
        _ row: SortedRow, server j: Int, counts: [Int], below bound: Double
    ) -> Double {
        let workerCost = objective.workerCost
        let spreadCost = objective.spreadCost
        var best = Double.infinity
        var ceiling = bound + PlacementObjective.tolerance(of: bound)
        var mostInWidth: Int?
        for k in counts {
            let cost = workerCost * Double(k)
            if cost > ceiling || k > row.plain.count { break }
            guard workersWithin(row, workers: k, limit: limit) >= k else { continue }
            if spreadCost > 0, ceiling < .infinity {
                let most = mostInWidth ?? self.mostWorkers(row, within: (ceiling - cost) / spreadCost)
                mostInWidth = most
                // Later counts leave less room for spread, so they find no more workers than this.
                if k > most { break }
            }
            var spread = tightestSpread(row, workers: k)
            if objective.countsIdleNodes, let high = idleAcceleratedMaxLoop(row, server: j, workers: k) {
                spread = min(spread, high - factor * trainingTime[k])
            }
            let value = cost + spreadCost * spread
            if spread < .infinity, value < best {
                best = value
                if best < bound {
                    ceiling = best + PlacementObjective.tolerance(of: best)
                    mostInWidth = nil
                }
            }
            // More workers cost at least this much; they may tie, which stage 1 finds out, but not win.
            if workerCost * Double(k + 1) >= best { break }
        }
        return best
    }

    /// How many workers fit within a loop-time limit. O(log n).
    private func workersWithin(_ row: SortedRow, workers k: Int, limit: Double) -> Int {
        let p = trainingTime[k]
        let plain = SortedRow.count(row.plain, atMost: limit, shift: p)
        let alsoPlain = SortedRow.count(row.accelerated, atMost: limit, shift: p)
        let either = SortedRow.count(row.accelerated, atMost: limit, shift: factor * p)
        return plain + min(acceleratorLimit, either - alsoPlain)
    }

    /// An upper bound on the workers, of any k, whose loop times lie within one width of each other. O(n).
    private func mostWorkers(_ row: SortedRow, within width: Double) -> Int {
        func densest(_ values: [Double]) -> Int {
            var most = 0
            var start = 0
            for end in values.indices {
                while values[end] - values[start] > width + 1e-12 { start += 1 }
                most = max(most, end - start + 1)
            }
            return most
        }
        return densest(row.plain) + min(acceleratorLimit, densest(row.accelerated))
    }

    /// The smallest spread of k workers within the limit; infinity where there are none. O(n).
    private func tightestSpread(_ row: SortedRow, workers k: Int) -> Double {
        var tightest = Double.infinity
        let rule = spreadRule(workers: k)
        var window = LoopWindow(self, row, workers: k)
        while window.moveLow(workers: k, acceleratorLimit: acceleratorLimit) {
            tightest = min(tightest, rule(window.low, window.high))
            window.dropLow()
        }
        return tightest
    }

    /// The smallest largest loop time of k workers whose objective is within the bound. O(n).
    private func earliestMaxLoop(
        _ row: SortedRow, server j: Int, workers k: Int, objectiveBound bound: Double
    ) -> Double? {
        let cost = objective.workerCost * Double(k)
        guard cost <= bound, workersWithin(row, workers: k, limit: limit) >= k else { return nil }
        var earliest: Double?
        if objective.countsIdleNodes, let high = idleAcceleratedMaxLoop(row, server: j, workers: k),
            cost + objective.spreadCost * (high - factor * trainingTime[k]) <= bound
        {
            earliest = high
        }
        let rule = spreadRule(workers: k)
        var window = LoopWindow(self, row, workers: k)
        while window.raiseHigh() {
            window.dropLow { low, high in cost + objective.spreadCost * rule(low, high) > bound }
            if window.reach.workers(acceleratorLimit: acceleratorLimit) >= k {
                return min(earliest ?? .infinity, window.high)
            }
        }
        return earliest
    }

    /// The windows of k workers within the objective's bound whose largest loop time lies in a range.
    private func windowOptions(
        _ row: SortedRow, server j: Int, workers k: Int, from lowest: Double, through highest: Double,
        objectiveBound bound: Double
    ) -> [WindowOption] {
        let cost = objective.workerCost * Double(k)
        var options: [WindowOption] = []
        if objective.countsIdleNodes, let high = idleAcceleratedMaxLoop(row, server: j, workers: k), high <= highest,
            cost + objective.spreadCost * (high - factor * trainingTime[k]) <= bound
        {
            var top = highest
            if objective.spreadCost > 0 {
                top = min(top, max(high, factor * trainingTime[k] + (bound - cost) / objective.spreadCost))
            }
            let plain = SortedRow.count(row.plain, atMost: top, shift: trainingTime[k])
            options.append(
                WindowOption(low: -.infinity, high: top, accelerators: max(0, k - plain), idleAccelerated: true))
        }
        let rule = spreadRule(workers: k)
        var window = LoopWindow(self, row, workers: k)
        while window.raiseHigh(), window.high <= highest {
            window.dropLow { low, high in cost + objective.spreadCost * rule(low, high) > bound }
            let reach = window.reach
            guard window.high >= lowest, reach.workers(acceleratorLimit: acceleratorLimit) >= k else { continue }
            options.append(
                WindowOption(low: window.low, high: window.high, accelerators: max(0, k - reach.plain)))
        }
        return options
    }

    /// As published, with every idle node marked accelerated: the smallest largest loop time, or nil where that cannot
    /// be. The idle nodes, server included, all need an accelerator, and theirs count towards H.
    private func idleAcceleratedMaxLoop(_ row: SortedRow, server j: Int, workers k: Int) -> Double? {
        let left = acceleratorLimit - (count - k)
        guard left >= 0, instance.nodes[j].accelerator else { return nil }
        var forced = 0
        var farthest = 0.0
        for i in 0..<count where !instance.nodes[i].accelerator {
            guard canHost[i] else { return nil }
            forced += 1
            farthest = max(farthest, instance.latency[j, i])
        }
        guard forced <= k, forced == 0 || trainingTime[k] + farthest <= limit else { return nil }
        guard let high = smallestMaxLoop(row, workers: k, limit: limit, acceleratorLimit: left) else { return nil }
        return forced == 0 ? high : max(high, trainingTime[k] + farthest)
    }
}
