/// The extended problem: nodes that train at different speeds, host several AIFs, or are not always there, and sets of
/// nodes that need a worker.
///
/// Minimises A·k + V·Σ(1 − availability) + B·spread. For a fixed server, k and window of loop times the choice is still
/// a truncated partition matroid (workers that need an accelerator are capped by H), so taking the cheapest nodes first
/// is exact; the search goes over all windows. Polynomial, and exact: O(n³ log n) without availability weights and
/// O(n⁵) with them at worst, both cut down by the objective's bound.
struct GeneralProblem {
    let instance: PlacementInstance
    let objective: PlacementObjective
    let acceleratorLimit: Int
    let limit: Double
    let maximumWorkers: Int
    let trainingTime: [Double]
    let servers: [Int]
    /// The hosting nodes, the cheapest first, in file order where equally cheap.
    private let byCost: [Int]

    init(_ instance: PlacementInstance, _ objective: PlacementObjective) {
        self.instance = instance
        self.objective = objective
        acceleratorLimit = objective.model == .baseline ? 0 : instance.acceleratorLimit
        limit = instance.budgetSeconds + PlacementObjective.toleranceSeconds
        maximumWorkers = instance.maximumWorkers
        trainingTime = [0] + instance.trainingTime.values(count: maximumWorkers)
        let hosts = instance.nodes.indices.filter { instance.nodes[$0].canHost }
        servers = hosts.filter { instance.fixedServer == nil || instance.fixedServer == $0 }
        let costs = instance.nodes.map { objective.availabilityWeight * (1 - $0.availability) }
        byCost = hosts.sorted { costs[$0] != costs[$1] ? costs[$0] < costs[$1] : $0 < $1 }
    }

    /// One node as a worker of one server at one k.
    struct Place {
        let node: Int
        /// How many workers it can host without an accelerator.
        let slots: Int
        let cost: Double
        /// Loop times; infinity where the node cannot work that way.
        let plain: Double
        let accelerated: Double
    }

    /// All possible workers of a server at one k, the cheapest first.
    func places(server j: Int, workers k: Int) -> [Place] {
        let p = trainingTime[k]
        return byCost.compactMap { i in
            let node = instance.nodes[i]
            let slots = node.capacity - (i == j ? 1 : 0)
            let latency = instance.latency[j, i]
            guard slots > 0, latency < .infinity else { return nil }
            let plain = node.trainingTimeFactor * p + latency
            var accelerated = Double.infinity
            if acceleratorLimit > 0, node.accelerator {
                accelerated = instance.accelerationFactor * (node.trainingTimeFactor * p) + latency
            }
            guard min(plain, accelerated) <= limit else { return nil }
            return Place(
                node: i, slots: slots, cost: objective.availabilityWeight * (1 - node.availability),
                plain: plain <= limit ? plain : .infinity, accelerated: accelerated <= limit ? accelerated : .infinity)
        }
    }

    /// The cheapest k workers within a window; nil if there are not k.
    func choice(
        _ places: [Place], workers k: Int, low: Double, high: Double, acceleratorLimit: Int
    ) -> (cost: Double, accelerators: Int, selection: Selection)? {
        if !instance.coverage.isEmpty {
            var first: Selection?
            for family in instance.coverage.families {
                guard
                    let found = coveringChoice(
                        places, workers: k, low: low, high: high, acceleratorLimit: acceleratorLimit, family: family)
                else { continue }
                if let current = first, !found.precedes(current) { continue }
                first = found
            }
            first?.workers.sort()
            first?.accelerated.sort()
            return first.map { (0, $0.accelerated.count, $0) }
        }
        var free = acceleratorLimit
        var cost = 0.0
        var selection = Selection(workers: [], accelerated: [])
        for place in places {
            if place.plain >= low, place.plain <= high {
                let taken = min(place.slots, k - selection.workers.count)
                for _ in 0..<taken { selection.workers.append(place.node) }
                cost += place.cost * Double(taken)
            } else if free > 0, place.accelerated >= low, place.accelerated <= high {
                selection.workers.append(place.node)
                selection.accelerated.append(place.node)
                free -= 1
                cost += place.cost
            }
            if selection.workers.count == k { break }
        }
        guard selection.workers.count == k else { return nil }
        selection.workers.sort()
        selection.accelerated.sort()
        return (cost, selection.accelerated.count, selection)
    }

    private func times(_ places: [Place]) -> [Double] {
        Set(places.flatMap { [$0.plain, $0.accelerated] }).filter { $0 < .infinity }.sorted()
    }

    /// A·k + V·Σ(1 − availability) + B·spread of a choice within a window.
    private func value(workers k: Int, cost: Double, low: Double, high: Double) -> Double {
        let spread = objective.spreadCost > 0 ? objective.spreadCost * (high - low) : 0
        return objective.workerCost * Double(k) + cost + spread
    }

    /// The best placement; nil if there is none.
    func solve() -> Placement? {
        guard maximumWorkers >= 2 else { return nil }
        // Stage 0: the smallest objective.
        var best = Double.infinity
        for k in 2...maximumWorkers where objective.workerCost * Double(k) <= best {
            for j in servers {
                let places = self.places(server: j, workers: k)
                best = min(best, smallestObjective(places, workers: k, below: best))
            }
        }
        guard best < .infinity else { return nil }
        let bound = best + PlacementObjective.tolerance(of: best)

        // Stages 1 and 2: the fewest workers, then the smallest largest loop time.
        for k in 2...maximumWorkers where objective.workerCost * Double(k) <= bound {
            var highs: [Int: Double] = [:]
            for j in servers {
                highs[j] = earliestMaxLoop(self.places(server: j, workers: k), workers: k, objectiveBound: bound)
            }
            guard let maxLoop = highs.values.min() else { continue }
            let highest = min(limit, maxLoop + PlacementObjective.toleranceSeconds)
            return finish(
                servers.filter { highs[$0].map { $0 <= highest } ?? false }, workers: k, highest: highest,
                objectiveBound: bound)
        }
        return nil
    }

    /// The smallest largest loop time over all servers and worker counts within the limit.
    func smallestMaxLoop() -> Double? {
        var best = Double.infinity
        for k in stride(from: 2, through: maximumWorkers, by: 1) {
            for j in servers {
                let places = self.places(server: j, workers: k)
                let times = self.times(places).filter { $0 < best }
                let index = partitionPoint(times.count) {
                    choice(
                        places, workers: k, low: -.infinity, high: times[$0], acceleratorLimit: acceleratorLimit)
                        != nil
                }
                if index < times.count { best = times[index] }
            }
        }
        return best < .infinity ? best : nil
    }

    /// The server and k for which the fewest accelerated workers beyond the present ones meet the limit, if any node
    /// may be given an accelerator.
    func fewestExtraAccelerators() -> (extra: Int, server: Int, workers: Int)? {
        var best: (extra: Int, server: Int, workers: Int)?
        guard instance.coverage.isEmpty else { return fewestExtraAcceleratorsWithCoverage() }
        for j in servers {
            for k in stride(from: 2, through: maximumWorkers, by: 1) {
                var plain = 0
                var equipped = 0
                var bare = 0
                for (i, node) in instance.nodes.enumerated() where node.canHost {
                    let slots = node.capacity - (i == j ? 1 : 0)
                    let time = node.trainingTimeFactor * trainingTime[k]
                    if slots < 1 { continue }
                    if time + instance.latency[j, i] <= limit {
                        plain += slots
                    } else if instance.accelerationFactor * time + instance.latency[j, i] <= limit {
                        if node.accelerator { equipped += 1 } else { bare += 1 }
                    }
                }
                let extra = k - plain - min(acceleratorLimit, equipped)
                guard k - plain <= equipped + bare, extra < best?.extra ?? .max else { continue }
                best = (extra, j, k)
            }
        }
        return best
    }

    private func smallestObjective(_ places: [Place], workers k: Int, below bound: Double) -> Double {
        let slots = places.reduce(0) { $0 + (($1.plain < .infinity) ? $1.slots : 1) }
        guard slots >= k else { return .infinity }
        guard objective.spreadCost > 0 else {
            let all = choice(
                places, workers: k, low: -.infinity, high: limit, acceleratorLimit: acceleratorLimit)
            return all.map { value(workers: k, cost: $0.cost, low: 0, high: 0) } ?? .infinity
        }
        guard
            let cheapest = choice(
                places, workers: k, low: -.infinity, high: limit, acceleratorLimit: acceleratorLimit)?.cost
        else { return .infinity }
        var best = bound
        let times = self.times(places)
        var end = 0
        for (start, low) in times.enumerated() {
            end = max(end, start)
            while end < times.count,
                choice(places, workers: k, low: low, high: times[end], acceleratorLimit: acceleratorLimit) == nil
            {
                end += 1
            }
            if end == times.count { break }
            // A wider window pays only through cheaper workers.
            for high in times[end...] {
                if value(workers: k, cost: cheapest, low: low, high: high) >= best { break }
                guard let found = choice(places, workers: k, low: low, high: high, acceleratorLimit: acceleratorLimit)
                else { continue }
                best = min(best, value(workers: k, cost: found.cost, low: low, high: high))
                if objective.availabilityWeight == 0 { break }
            }
        }
        return best < bound ? best : .infinity
    }

    /// The lowest start of a window that ends at `high` for which the objective can be within the bound without
    /// counting the workers' cost.
    private func lows(_ times: [Double], workers k: Int, high: Double, objectiveBound bound: Double) -> [Double] {
        guard objective.spreadCost > 0 else { return [-.infinity] }
        return times.filter { $0 <= high && value(workers: k, cost: 0, low: $0, high: high) <= bound }
    }

    private func earliestMaxLoop(_ places: [Place], workers k: Int, objectiveBound bound: Double) -> Double? {
        let times = self.times(places)
        func holds(_ high: Double) -> Bool {
            lows(times, workers: k, high: high, objectiveBound: bound).contains { low in
                guard let found = choice(places, workers: k, low: low, high: high, acceleratorLimit: acceleratorLimit)
                else { return false }
                return value(workers: k, cost: found.cost, low: low, high: high) <= bound
            }
        }
        if objective.spreadCost == 0 {
            // Without a spread a larger limit only adds choices.
            let index = partitionPoint(times.count) { holds(times[$0]) }
            return index < times.count ? times[index] : nil
        }
        return times.first(where: holds)
    }

    /// Stages 3 to 5: fewest accelerators, first server, first workers.
    private func finish(
        _ servers: [Int], workers k: Int, highest: Double, objectiveBound bound: Double
    ) -> Placement? {
        for accelerators in 0...acceleratorLimit {
            for j in servers {
                let places = self.places(server: j, workers: k)
                let times = self.times(places)
                var first: Selection?
                let highs = objective.spreadCost == 0 ? [highest] : times.filter { $0 <= highest }
                for high in highs {
                    for low in lows(times, workers: k, high: high, objectiveBound: bound) {
                        guard
                            let found = choice(
                                places, workers: k, low: low, high: high, acceleratorLimit: accelerators),
                            value(workers: k, cost: found.cost, low: low, high: high) <= bound
                        else { continue }
                        if let current = first, !found.selection.precedes(current) { continue }
                        first = found.selection
                    }
                }
                if let first { return placement(server: j, workers: k, first) }
            }
        }
        return nil
    }

    func placement(server j: Int, workers k: Int, _ selection: Selection) -> Placement {
        let p = trainingTime[k]
        let accelerated = Set(selection.accelerated)
        var loops: [Double] = []
        var cost = 0.0
        for i in selection.workers {
            let time = instance.nodes[i].trainingTimeFactor * p
            let training = accelerated.contains(i) ? instance.accelerationFactor * time : time
            loops.append(training + instance.latency[j, i])
            cost += objective.availabilityWeight * (1 - instance.nodes[i].availability)
        }
        let longest = loops.max() ?? 0
        let shortest = loops.min() ?? 0
        return Placement(
            server: j, workers: selection.workers, accelerated: selection.accelerated,
            objective: value(workers: k, cost: cost, low: shortest, high: longest), trainingSeconds: p,
            maxLoopSeconds: longest, minLoopSeconds: shortest)
    }
}
