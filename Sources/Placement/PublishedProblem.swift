/// The published problem in the form the solvers work on: at most one AIF per node, one training time for all.
///
/// Per server j and worker count k, node i is *plain* where p_k + d_ij ≤ limit and *accelerated only* where it has an
/// accelerator and just α·p_k + d_ij ≤ limit. A limit L allows k workers iff
/// `plain + min(H, acceleratedOnly) ≥ k`: the choice needs counts, no search.
struct PublishedProblem {
    let instance: PlacementInstance
    let objective: PlacementObjective
    /// n.
    let count: Int
    /// The nodes that may be the server, in file order.
    let servers: [Int]
    /// The nodes that may host at all.
    let canHost: [Bool]
    /// canHost and has an accelerator.
    let canAccelerate: [Bool]
    /// Added to a row: 0 where the node may work, infinity where not. Keeps the counting loop free of branches.
    let plainPenalty: [Double]
    /// The same for accelerated work.
    let acceleratedPenalty: [Double]
    /// p_k at index k; index 0 is unused.
    let trainingTime: [Double]
    /// For each k, the worker count in 2…k with the smallest training time, the lowest on ties.
    let fastest: [Int]
    /// α.
    let factor: Double
    /// H; 0 for the baseline.
    let acceleratorLimit: Int
    /// τ and the tolerance: no loop time may exceed it.
    let limit: Double
    /// The largest k worth trying.
    let maximumWorkers: Int

    init(_ instance: PlacementInstance, _ objective: PlacementObjective) {
        self.instance = instance
        self.objective = objective
        count = instance.nodes.count
        canHost = instance.nodes.map(\.canHost)
        let accelerates = objective.model != .baseline
        canAccelerate = instance.nodes.map { accelerates && $0.canHost && $0.accelerator }
        if let server = instance.fixedServer {
            servers = canHost[server] ? [server] : []
        } else {
            servers = canHost.indices.filter { instance.nodes[$0].canHost }
        }
        plainPenalty = canHost.map { $0 ? 0 : .infinity }
        acceleratorLimit = accelerates ? instance.acceleratorLimit : 0
        let usesAccelerators = acceleratorLimit > 0
        acceleratedPenalty = canAccelerate.map { $0 && usesAccelerators ? 0 : .infinity }
        factor = instance.accelerationFactor
        limit = instance.budgetSeconds + PlacementObjective.toleranceSeconds
        maximumWorkers = instance.maximumWorkers
        trainingTime = [0] + instance.trainingTime.values(count: maximumWorkers)
        var fastest = [Int](repeating: 0, count: maximumWorkers + 1)
        for k in stride(from: 2, through: maximumWorkers, by: 1) {
            let before = fastest[k - 1]
            fastest[k] = before >= 2 && trainingTime[before] <= trainingTime[k] ? before : k
        }
        self.fastest = fastest
    }

    /// Nodes that can work for a server within a loop-time limit.
    struct Reach: Equatable {
        /// Nodes that make it without an accelerator.
        var plain: Int
        /// Nodes that make it only with one.
        var acceleratedOnly: Int

        /// The most workers with up to `limit` accelerators.
        func workers(acceleratorLimit limit: Int) -> Int { plain + min(limit, acceleratedOnly) }
    }

    /// Counts who can work for server j when k workers share the data and no loop may exceed the limit. O(n).
    ///
    /// The loop times are the sums that every other comparison uses: a difference from the limit rounds otherwise, and
    /// would leave out who just meets the budget.
    func reach(server j: Int, workers k: Int, limit: Double) -> Reach {
        let p = trainingTime[k]
        let q = factor * p
        if q > limit { return Reach(plain: 0, acceleratedOnly: 0) }
        let n = count
        let counted =
            instance.latency.withRow(j) { row in
                plainPenalty.withUnsafeBufferPointer { plainPenalty in
                    acceleratedPenalty.withUnsafeBufferPointer { acceleratedPenalty in
                        var plain = 0
                        var either = 0
                        for i in 0..<n {
                            let isPlain = p + row[i] + plainPenalty[i] <= limit
                            let isAccelerated = q + row[i] + acceleratedPenalty[i] <= limit
                            plain &+= isPlain ? 1 : 0
                            either &+= (isPlain ? 1 : 0) | (isAccelerated ? 1 : 0)
                        }
                        return (plain, either)
                    }
                }
            }
        var reach = Reach(plain: counted.0, acceleratedOnly: counted.1 - counted.0)
        // The server itself lies at distance 0 and is no worker.
        if plainPenalty[j] == 0, p <= limit {
            reach.plain -= 1
        } else if acceleratedPenalty[j] == 0 {
            reach.acceleratedOnly -= 1
        }
        return reach
    }

    /// The smallest limit, at most `limit`, within which server j has k workers; nil if there is none. O(n log n).
    func smallestMaxLoop(server j: Int, workers k: Int, limit: Double) -> Double? {
        smallestMaxLoop(SortedRow(self, server: j, shortest: factor * trainingTime[k]), workers: k, limit: limit)
    }

    /// The same on a row that is sorted already. O(log² n).
    func smallestMaxLoop(
        _ row: SortedRow, workers k: Int, limit: Double, acceleratorLimit: Int? = nil
    ) -> Double? {
        let acceleratorLimit = acceleratorLimit ?? self.acceleratorLimit
        let p = trainingTime[k]
        let q = factor * p
        func workers(_ bound: Double) -> Int {
            let plain = SortedRow.count(row.plain, atMost: bound, shift: p)
            let alsoPlain = SortedRow.count(row.accelerated, atMost: bound, shift: p)
            let either = SortedRow.count(row.accelerated, atMost: bound, shift: q)
            return plain + min(acceleratorLimit, either - alsoPlain)
        }
        // The answer is one of the values themselves: the first plain one or the first accelerated one that is enough.
        func first(_ values: [Double], _ shift: Double) -> Double? {
            let index = partitionPoint(values.count) { workers(values[$0] + shift) >= k }
            guard index < values.count, values[index] + shift <= limit else { return nil }
            return values[index] + shift
        }
        switch (first(row.plain, p), first(row.accelerated, q)) {
        case (let a?, let b?): return min(a, b)
        case (let a, let b): return a ?? b
        }
    }
}

/// The latencies towards one server in ascending order: all possible workers, and those with an accelerator.
struct SortedRow {
    let plain: [Double]
    let accelerated: [Double]

    /// Sorts the finite latencies towards server j with which a loop that trains for the shortest time meets the
    /// problem's limit. O(n log n).
    init(_ problem: PublishedProblem, server j: Int, shortest: Double = 0) {
        let limit = problem.limit
        var plain: [Double] = []
        var accelerated: [Double] = []
        problem.instance.latency.withRow(j) { row in
            for i in 0..<problem.count
            where i != j && problem.canHost[i] && row[i] < .infinity && shortest + row[i] <= limit {
                plain.append(row[i])
                if problem.acceleratedPenalty[i] == 0 { accelerated.append(row[i]) }
            }
        }
        AscendingLatencies.sort(&plain)
        AscendingLatencies.sort(&accelerated)
        self.plain = plain
        self.accelerated = accelerated
    }

    /// How many of the ascending values are, with `shift` added, at most `bound`.
    static func count(_ values: [Double], atMost bound: Double, shift: Double) -> Int {
        partitionPoint(values.count) { values[$0] + shift > bound }
    }
}

/// The first index of 0..<count at which a condition holds that stays true once it is; `count` if it never holds.
func partitionPoint(_ count: Int, _ holds: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
        let middle = (low + high) / 2
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
}
