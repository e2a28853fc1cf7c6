/// The extended problem: nodes that train at different speeds, host several AIFs, or are not always there, and sets of
/// nodes that need a worker.
///
/// Minimises A·k + V·Σ(1 − availability) + B·spread. For a fixed server, k and window of loop times the choice is still
/// a truncated partition matroid (workers that need an accelerator are capped by H), so taking the cheapest nodes first
/// is exact; the search goes over all windows. Polynomial, and exact: O(n³ log n) without availability weights and
/// O(n⁵) with them at worst, both cut down by the objective's bound. Where only workers are counted, counting decides how
/// many there are (see `fewestWorkers`).
struct GeneralProblem {
    let instance: PlacementInstance
    let objective: PlacementObjective
    let acceleratorLimit: Int
    let limit: Double
    let maximumWorkers: Int
    let trainingTime: [Double]
    let servers: [Int]
    /// The hosting nodes, the cheapest first, in file order where equally cheap.
    let hosts: [Host]

    /// A node that may host, with what the search needs of it.
    struct Host {
        let node: Int
        let factor: Double
        let capacity: Int
        let hasAccelerator: Bool
        let cost: Double
    }

    init(_ instance: PlacementInstance, _ objective: PlacementObjective) {
        self.instance = instance
        self.objective = objective
        acceleratorLimit = objective.model == .baseline ? 0 : instance.acceleratorLimit
        limit = instance.budgetSeconds + PlacementObjective.toleranceSeconds
        maximumWorkers = instance.maximumWorkers
        trainingTime = [0] + instance.trainingTime.values(count: maximumWorkers)
        let hosts = instance.nodes.enumerated().filter { $0.element.canHost }.map { index, node in
            Host(
                node: index, factor: node.trainingTimeFactor, capacity: node.capacity,
                hasAccelerator: node.accelerator, cost: objective.availabilityWeight * (1 - node.availability))
        }
        servers = hosts.map(\.node).filter { instance.fixedServer == nil || instance.fixedServer == $0 }
        self.hosts =
            objective.availabilityWeight > 0 ? hosts.sorted { ($0.cost, $0.node) < ($1.cost, $1.node) } : hosts
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
        let factor = instance.accelerationFactor
        var places: [Place] = []
        places.reserveCapacity(hosts.count)
        instance.latency.withRow(j) { row in
            for host in hosts {
                let slots = host.capacity - (host.node == j ? 1 : 0)
                let latency = row[host.node]
                guard slots > 0, latency < .infinity else { continue }
                let time = host.factor * p
                let plain = time + latency
                var accelerated = Double.infinity
                if acceleratorLimit > 0, host.hasAccelerator { accelerated = factor * time + latency }
                guard min(plain, accelerated) <= limit else { continue }
                places.append(
                    Place(
                        node: host.node, slots: slots, cost: host.cost, plain: plain <= limit ? plain : .infinity,
                        accelerated: accelerated <= limit ? accelerated : .infinity))
            }
        }
        return places
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

    /// The loop times of all, each once, ascending.
    func times(_ places: [Place]) -> [Double] {
        var times: [Double] = []
        times.reserveCapacity(places.count)
        for place in places {
            if place.plain < .infinity { times.append(place.plain) }
            if place.accelerated < .infinity { times.append(place.accelerated) }
        }
        times.sort()
        var count = 0
        for time in times where count == 0 || times[count - 1] != time {
            times[count] = time
            count += 1
        }
        times.removeSubrange(count...)
        return times
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
        if objective.spreadCost == 0, objective.availabilityWeight == 0 {
            return fewestWorkers().flatMap { earliest(workers: $0, objectiveBound: .infinity) }
        }
        var best = Double.infinity
        for k in 2...maximumWorkers where objective.workerCost * Double(k) <= best {
            for j in servers {
                let places = self.places(server: j, workers: k)
                best = min(best, smallestObjective(places, workers: k, below: best))
            }
        }
        guard best < .infinity else { return nil }
        let bound = best + PlacementObjective.tolerance(of: best)

        // Stage 1: the fewest workers.
        for k in 2...maximumWorkers where objective.workerCost * Double(k) <= bound {
            if let placement = earliest(workers: k, objectiveBound: bound) { return placement }
        }
        return nil
    }

    /// Stage 2, the smallest largest loop time of k workers, and what follows.
    private func earliest(workers k: Int, objectiveBound bound: Double) -> Placement? {
        var highs: [Int: Double] = [:]
        for j in servers {
            highs[j] = earliestMaxLoop(self.places(server: j, workers: k), workers: k, objectiveBound: bound)
        }
        guard let maxLoop = highs.values.min() else { return nil }
        let highest = min(limit, maxLoop + PlacementObjective.toleranceSeconds)
        return finish(
            servers.filter { highs[$0].map { $0 <= highest } ?? false }, workers: k, highest: highest,
            objectiveBound: bound)
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
