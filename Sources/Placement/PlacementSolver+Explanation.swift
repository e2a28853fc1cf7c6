extension PlacementSolver {
    /// What would make an infeasible instance feasible, each change alone and exact: the smallest target time, the
    /// largest number of rounds, the fewest extra accelerators.
    package static func explanation(
        _ instance: PlacementInstance, _ objective: PlacementObjective
    ) -> InfeasibilityExplanation {
        let hosts = instance.nodes.filter(\.canHost)
        let slots = hosts.reduce(0) { $0 + $1.capacity }
        func impossible(_ reason: String) -> InfeasibilityExplanation {
            InfeasibilityExplanation(
                reason: reason, smallestTargetSeconds: nil, largestRounds: nil, fewestExtraAccelerators: nil,
                acceleratorLimit: nil, installAccelerators: [], nearest: nil)
        }
        if slots < 3 {
            return impossible("a server and two workers need 3 places to run; the hosting nodes have \(slots)")
        }
        if let server = instance.fixedServer, !instance.nodes[server].canHost {
            return impossible("the server is fixed to \(instance.nodes[server].id), which may not host")
        }
        if let most = instance.trainingTime.maximumWorkers, most < 2 {
            return impossible("two workers need their training time, p_2; the training times end at p_\(most)")
        }
        if instance.maximumWorkers < 2 {
            return impossible(
                "\(instance.totalSamples) samples cannot give two workers \(instance.minimumSamplesPerWorker) each")
        }
        let nearest = fastestPlacement(instance, objective)
        guard let nearest else {
            return impossible(
                instance.coverage.isEmpty
                    ? "no server reaches two workers: the hosting nodes are not connected"
                    : "no server reaches two workers, with one in each set of nodes that needs one")
        }
        let budget = instance.budgetSeconds
        let reason =
            "the shortest possible loop takes \(decimal(nearest.maxLoopSeconds)) s;"
            + " the budget is \(decimal(budget)) s (\(decimal(instance.targetSeconds)) s for "
            + "\(instance.rounds) round\(instance.rounds == 1 ? "" : "s"))"
        let accelerators =
            objective.model == .baseline ? nil : fewestExtraAccelerators(instance)
        return InfeasibilityExplanation(
            reason: reason,
            smallestTargetSeconds: smallestTarget(instance, loop: nearest.maxLoopSeconds),
            largestRounds: largestRounds(instance, loop: nearest.maxLoopSeconds),
            fewestExtraAccelerators: accelerators?.extra, acceleratorLimit: accelerators?.limit,
            installAccelerators: accelerators?.install ?? [], nearest: nearest)
    }

    /// The placement with the smallest largest loop time when the target does not bind; of several the one that
    /// `aif-p` prefers.
    package static func fastestPlacement(
        _ instance: PlacementInstance, _ objective: PlacementObjective
    ) -> Placement? {
        var counting = objective
        counting.model = objective.model == .baseline ? .baseline : .aifP
        counting.availabilityWeight = 0
        var relaxed = instance
        relaxed.rounds = 1
        relaxed.targetSeconds = .greatestFiniteMagnitude
        if !instance.needsGeneralMethod {
            guard let loop = PublishedProblem(relaxed, counting).smallestMaxLoop() else { return nil }
            relaxed.targetSeconds = max(loop, .leastNormalMagnitude)
            return PublishedProblem(relaxed, counting).solveCounting()
        }
        guard let loop = GeneralProblem(relaxed, counting).smallestMaxLoop() else { return nil }
        relaxed.targetSeconds = max(loop, .leastNormalMagnitude)
        return GeneralProblem(relaxed, counting).solve()
    }

    /// The smallest T, at full precision, that passes the solver's own test.
    private static func smallestTarget(_ instance: PlacementInstance, loop: Double) -> Double {
        let target = loop * Double(instance.rounds)
        return target / Double(instance.rounds) + PlacementObjective.toleranceSeconds < loop ? target.nextUp : target
    }

    /// The largest R that passes the solver's own test; nil where R = 1 fails.
    private static func largestRounds(_ instance: PlacementInstance, loop: Double) -> Int? {
        let shortest = loop - PlacementObjective.toleranceSeconds
        guard shortest > 0 else { return instance.rounds }
        let quotient = instance.targetSeconds / shortest
        guard quotient < 9e15 else { return instance.rounds }
        var rounds = Int(quotient) + 1
        while rounds > 0, instance.targetSeconds / Double(rounds) + PlacementObjective.toleranceSeconds < loop {
            rounds -= 1
        }
        return rounds > 0 ? rounds : nil
    }

    /// The fewest accelerated workers beyond those that H and the nodes allow now, over all servers and k.
    private static func fewestExtraAccelerators(
        _ instance: PlacementInstance
    ) -> (extra: Int, limit: Int, install: [Int])? {
        let best =
            !instance.needsGeneralMethod
            ? PublishedProblem(instance, PlacementObjective(.aifP)).fewestExtraAccelerators()
            : GeneralProblem(instance, PlacementObjective(.aifP)).fewestExtraAccelerators()
        guard let best else { return nil }
        if !instance.coverage.isEmpty {
            // Which nodes get them depends on the sets; their number does not.
            return (best.extra, instance.acceleratorLimit + best.extra, [])
        }
        // Who would need one: list the nodes once for the winning server and worker count.
        let limit = instance.budgetSeconds + PlacementObjective.toleranceSeconds
        let p = instance.trainingTime.seconds(workers: best.workers)
        var plain = 0
        var equipped = 0
        var bare: [Int] = []
        for (i, node) in instance.nodes.enumerated() where node.canHost {
            let slots = node.capacity - (i == best.server ? 1 : 0)
            let time = node.trainingTimeFactor * p
            let latency = instance.latency[best.server, i]
            if slots < 1 { continue }
            if time + latency <= limit {
                plain += slots
            } else if instance.accelerationFactor * time + latency <= limit {
                if node.accelerator { equipped += 1 } else { bare.append(i) }
            }
        }
        let needed = best.workers - plain
        return (
            best.extra, max(needed, instance.acceleratorLimit), Array(bare.prefix(max(0, needed - equipped)))
        )
    }
}

extension PublishedProblem {
    /// The smallest largest loop time over all servers and worker counts within the limit. O(n² log n).
    func smallestMaxLoop() -> Double? {
        var best = Double.infinity
        for j in servers {
            var row: SortedRow?
            var highest = maximumWorkers
            while highest >= 2 {
                let k = fastest[highest]
                let bound = min(limit, best.nextDown)
                let most = reach(server: j, workers: k, limit: bound).workers(acceleratorLimit: acceleratorLimit)
                guard most >= k else {
                    highest = most
                    continue
                }
                let sorted = row ?? SortedRow(self, server: j)
                row = sorted
                guard let loop = smallestMaxLoop(sorted, workers: k, limit: limit), loop < best else {
                    // Only rounding lets the count and the sum disagree.
                    highest = k - 1
                    continue
                }
                best = loop
            }
        }
        return best < .infinity ? best : nil
    }

    /// The server and k for which the fewest accelerated workers beyond the present ones meet the limit, if any node
    /// may be given an accelerator. O(n²) in practice.
    func fewestExtraAccelerators() -> (extra: Int, server: Int, workers: Int)? {
        var equippedEverywhere = instance
        for i in equippedEverywhere.nodes.indices { equippedEverywhere.nodes[i].accelerator = true }
        equippedEverywhere.acceleratorLimit = count
        let everyone = PublishedProblem(equippedEverywhere, objective)
        var best: (extra: Int, server: Int, workers: Int)?
        for j in servers {
            var highest = maximumWorkers
            while highest >= 2 {
                let k = fastest[highest]
                let now = reach(server: j, workers: k, limit: limit).workers(acceleratorLimit: acceleratorLimit)
                if let best, best.extra + now - 1 < k {
                    // A smaller k trains longer and has no more candidates: only k below this can need fewer.
                    highest = min(k - 1, best.extra + now - 1)
                    continue
                }
                let most = everyone.reach(server: j, workers: k, limit: limit).workers(acceleratorLimit: count)
                if most < k {
                    highest = most
                } else {
                    best = (k - now, j, k)
                    highest = k - 1
                }
            }
        }
        return best
    }
}

/// A number of seconds for people: six significant digits, no trailing zeros.
func decimal(_ value: Double) -> String {
    guard value.isFinite else { return value > 0 ? "infinitely many" : "\(value)" }
    if value == 0 { return "0" }
    var scale = 1.0
    var digits = 0
    while digits < 12, (abs(value) * scale) < 100_000 {
        scale *= 10
        digits += 1
    }
    return "\((value * scale).rounded() / scale)"
}
