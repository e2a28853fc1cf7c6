/// A solution: who serves, who works, who is accelerated, and what a round then takes.
public struct Placement: Sendable, Equatable {
    /// j: the server's position in the instance's nodes.
    public let server: Int
    /// S: the workers' positions, ascending; a node of capacity c may appear up to c times.
    public let workers: [Int]
    /// W: the accelerated workers' positions, ascending.
    public let accelerated: [Int]
    /// Idle nodes marked accelerated; only the variant as published ever does that.
    public let idleAccelerated: [Int]
    /// The objective's value.
    public let objective: Double
    /// p_k for the chosen k, in seconds, before acceleration and speed factors.
    public let trainingSeconds: Double
    /// max ℓ_i over the workers, in seconds.
    public let maxLoopSeconds: Double
    /// min ℓ_i over the workers, in seconds.
    public let minLoopSeconds: Double

    /// max ℓ − min ℓ over the workers, in seconds.
    public var spreadSeconds: Double { maxLoopSeconds - minLoopSeconds }
    /// k: the number of workers.
    public var count: Int { workers.count }
    /// All accelerators in use, those of idle nodes included.
    public var acceleratorsUsed: Int { accelerated.count + idleAccelerated.count }

    package init(
        server: Int, workers: [Int], accelerated: [Int], idleAccelerated: [Int] = [], objective: Double,
        trainingSeconds: Double, maxLoopSeconds: Double, minLoopSeconds: Double
    ) {
        self.server = server
        self.workers = workers
        self.accelerated = accelerated
        self.idleAccelerated = idleAccelerated
        self.objective = objective
        self.trainingSeconds = trainingSeconds
        self.maxLoopSeconds = maxLoopSeconds
        self.minLoopSeconds = minLoopSeconds
    }
}

/// What a solver says.
public enum PlacementOutcome: Sendable, Equatable {
    /// The best placement, ties broken.
    case optimal(Placement)
    /// No placement meets the budget; what would make one possible.
    case infeasible(InfeasibilityExplanation)

    /// The placement, if there is one.
    public var placement: Placement? {
        if case .optimal(let placement) = self { return placement }
        return nil
    }
}

/// Which single change would make an infeasible instance feasible. Each value holds with everything else unchanged.
public struct InfeasibilityExplanation: Sendable, Equatable {
    /// The reason in one sentence.
    public let reason: String
    /// The smallest T that would do; nil where no time is enough (too few hosts, or hosts that cannot reach each other).
    public let smallestTargetSeconds: Double?
    /// The largest R that would do; nil where not even one round fits.
    public let largestRounds: Int?
    /// The fewest accelerated workers beyond what the instance allows that would do; nil where no number is enough or
    /// the model uses none.
    public let fewestExtraAccelerators: Int?
    /// The accelerator limit H that goes with it.
    public let acceleratorLimit: Int?
    /// The nodes, first in file order, that would need an accelerator they do not have; empty where raising H is enough.
    public let installAccelerators: [Int]
    /// The server, workers and loop time of the placement with the smallest loop time; nil where there is none.
    public let nearest: Placement?
}
