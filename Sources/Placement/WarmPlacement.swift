/// A placement that is kept up to date while the problem changes, without solving it anew where that can be avoided.
///
/// Always exact: the result equals that of `PlacementSolver` on the changed instance, ties included.
public struct WarmPlacement: Sendable {
    /// One change of the problem.
    public enum Change: Sendable, Equatable {
        /// The round trip between two nodes is now this many seconds.
        case latency(Int, Int, seconds: Double)
        /// The round trips between one node and several others are now these many seconds.
        case latencies(Int, [Int: Double])
        /// A node may host from now on, or may not: joined or left, came back or failed.
        case canHost(Int, Bool)
        /// A node has an accelerator from now on, or has none.
        case accelerator(Int, Bool)
        /// A node trains this many times as long as the profile says.
        case trainingTimeFactor(Int, Double)
        /// The loop's target time and number of rounds.
        case target(seconds: Double, rounds: Int)
        /// New training times, as measured.
        case trainingTime(TrainingTimeProfile)
        /// Another problem altogether; nodes keep their positions, further ones stand behind them.
        case problem(PlacementInstance)
    }

    /// How much had to be solved for a change.
    public enum Effort: Sendable, Equatable {
        /// The placement was shown to stay the best one. O(1), O(k) with the membership test.
        case kept
        /// Only placements with one of these servers were looked at. O(n log n) each.
        case servers([Int])
        /// Everything, but with the old placement as a bound to start from.
        case bounded
        /// Everything.
        case full
    }

    /// The problem as it stands.
    public private(set) var instance: PlacementInstance
    /// What is minimised.
    public let objective: PlacementObjective
    /// The best placement; nil where there is none.
    public private(set) var placement: Placement?

    /// Solves a problem for the first time.
    ///
    /// - Throws: `PlacementError` as `PlacementSolver.solve` does.
    public init(_ instance: PlacementInstance, _ objective: PlacementObjective) throws(PlacementError) {
        try instance.validate()
        self.instance = instance
        self.objective = objective
        placement = try PlacementSolver.bestPlacement(instance, objective)
    }

    /// Applies a change and brings the placement up to date.
    ///
    /// - Throws: `PlacementError` where the changed instance is not valid; the state is then as before.
    @discardableResult
    public mutating func apply(_ change: Change) throws(PlacementError) -> Effort {
        var changed = instance
        switch change {
        case .latency(let a, let b, let seconds):
            changed.latency.set(a, b, seconds)
            // The links do not say where the change came from; the matrix holds from now on.
            changed.links = []
            return try updateLatency(changed, a, b)
        case .latencies(let node, let seconds):
            if seconds.count == 1, let one = seconds.first {
                return try apply(.latency(node, one.key, seconds: one.value))
            }
            for (other, seconds) in seconds { changed.latency.set(node, other, seconds) }
            changed.links = []
            return try solve(changed, bound: nil)
        case .canHost(let node, let value):
            changed.nodes[node].canHost = value
            return try updateNode(changed, node, restricts: !value, isSame: instance.nodes[node].canHost == value) {
                $0.server == node || $0.workers.contains(node)
            }
        case .accelerator(let node, let value):
            changed.nodes[node].accelerator = value
            return try updateNode(changed, node, restricts: !value, isSame: instance.nodes[node].accelerator == value) {
                $0.accelerated.contains(node) || $0.idleAccelerated.contains(node)
            }
        case .trainingTimeFactor(let node, let factor):
            let old = instance.nodes[node].trainingTimeFactor
            changed.nodes[node].trainingTimeFactor = factor
            try changed.validate()
            // A node that became slower can only do worse where it works already, unless it narrows a spread.
            let isHarmless = factor >= old && objective.spreadCost == 0
            if factor == old || (isHarmless && !(placement?.workers.contains(node) ?? false)) {
                instance = changed
                return .kept
            }
            return try solve(changed, bound: nil)
        case .target(let seconds, let rounds):
            changed.targetSeconds = seconds
            changed.rounds = rounds
            try changed.validate()
            // A tighter target keeps the best placement as long as it still fits: all others only became fewer.
            if changed.budgetSeconds <= instance.budgetSeconds {
                guard let placement else {
                    instance = changed
                    return .kept
                }
                if placement.maxLoopSeconds <= changed.budgetSeconds {
                    instance = changed
                    return .kept
                }
                return try solve(changed, bound: nil)
            }
            return try solve(changed, bound: placement)
        case .trainingTime(let profile):
            changed.trainingTime = profile
            try changed.validate()
            return try solve(changed, bound: nil)
        case .problem(let problem):
            try problem.validate()
            return try solve(problem, bound: nil)
        }
    }

    /// One node was restricted or relaxed; `uses` says whether a placement depends on it.
    private mutating func updateNode(
        _ changed: PlacementInstance, _ node: Int, restricts: Bool, isSame: Bool, uses: (Placement) -> Bool
    ) throws(PlacementError) -> Effort {
        if isSame { return .kept }
        if restricts {
            // Placements became fewer; the best one stays the best if it is still there.
            let isLost = placement.map(uses) ?? false
            if !isLost {
                instance = changed
                return .kept
            }
            return try solve(changed, bound: nil)
        }
        // Placements became more; the old one is still there and bounds the search.
        return try solve(changed, bound: placement)
    }

    private mutating func updateLatency(
        _ changed: PlacementInstance, _ a: Int, _ b: Int
    ) throws(PlacementError) -> Effort {
        func uses(_ placement: Placement) -> Bool {
            (placement.server == a && placement.workers.contains(b))
                || (placement.server == b && placement.workers.contains(a))
        }
        // Only placements that serve from one end and work at the other are concerned. If the best one is, another
        // server's may be better now; if not, it can only be beaten from these two servers.
        if let placement, uses(placement) { return try solve(changed, bound: nil) }
        var best = placement
        for server in [a, b] where changed.fixedServer == nil || changed.fixedServer == server {
            var restricted = changed
            restricted.fixedServer = server
            guard let candidate = try PlacementSolver.bestPlacement(restricted, objective) else { continue }
            if let current = best, !candidate.isPreferred(to: current) { continue }
            best = candidate
        }
        instance = changed
        placement = best
        return .servers([a, b])
    }

    private mutating func solve(_ changed: PlacementInstance, bound: Placement?) throws(PlacementError) -> Effort {
        placement = try PlacementSolver.bestPlacement(changed, objective, upperBound: bound?.objective)
        instance = changed
        return bound == nil ? .full : .bounded
    }
}

extension Placement {
    /// Whether the tie-break order puts this placement before another one of the same instance.
    func isPreferred(to other: Placement) -> Bool {
        let tolerance = PlacementObjective.tolerance(of: min(objective, other.objective))
        if abs(objective - other.objective) > tolerance { return objective < other.objective }
        if count != other.count { return count < other.count }
        if abs(maxLoopSeconds - other.maxLoopSeconds) > PlacementObjective.toleranceSeconds {
            return maxLoopSeconds < other.maxLoopSeconds
        }
        if acceleratorsUsed != other.acceleratorsUsed { return acceleratorsUsed < other.acceleratorsUsed }
        if server != other.server { return server < other.server }
        if workers != other.workers { return workers.lexicographicallyPrecedes(other.workers) }
        return accelerated.lexicographicallyPrecedes(other.accelerated)
    }
}
