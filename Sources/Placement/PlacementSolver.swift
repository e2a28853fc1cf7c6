/// Exact placement, a value in and a value out: no clock, no randomness, no I/O.
///
/// Ties are broken in stages, each keeping what is within a tolerance of its best: the objective, the number of
/// workers, the largest loop time (1e-9 s), the number of accelerators, then the server that stands first in the file,
/// then the workers (their ascending positions compared one by one), then the accelerated ones likewise.
public enum PlacementSolver {
    /// The best placement, or what stands in the way of one.
    ///
    /// Complexity for n nodes: `baseline` and `aif-p` O(n²) in practice; `aif-p-var` O(n² log n) and O(n) for each
    /// server and worker count that the objective's bound cannot exclude. With speed factors, capacities or sets that
    /// need a worker the same where only workers count; with a spread O(n³ log n), with availability weights O(n⁵) at
    /// worst, see `GeneralProblem`.
    ///
    /// - Throws: `PlacementError` where the model as published is asked for together with an extension it has no
    ///   meaning for.
    public static func solve(
        _ instance: PlacementInstance, _ objective: PlacementObjective
    ) throws(PlacementError) -> PlacementOutcome {
        try instance.validate()
        if let placement = try bestPlacement(instance, objective) { return .optimal(placement) }
        return .infeasible(explanation(instance, objective))
    }

    /// The best placement, without an explanation where there is none. `upperBound` is the objective of a placement
    /// known to exist; it cuts the variant's search short.
    package static func bestPlacement(
        _ instance: PlacementInstance, _ objective: PlacementObjective, upperBound: Double? = nil
    ) throws(PlacementError) -> Placement? {
        let extended = instance.needsGeneralMethod || objective.availabilityWeight > 0
        if !instance.coverage.isEmpty, objective.availabilityWeight > 0 {
            throw PlacementError(
                .unsupportedCombination, field: "availability-weight",
                reason: "sets of nodes that need a worker are solved for equally dear workers only")
        }
        if extended, objective.countsIdleNodes {
            throw PlacementError(
                .unsupportedCombination, field: "as-published",
                reason:
                    "the printed model knows neither speed factors, capacities, availability weights nor sets that need a worker"
            )
        }
        if extended { return GeneralProblem(instance, objective).solve() }
        let problem = PublishedProblem(instance, objective)
        return objective.model == .aifPVariant
            ? problem.solveVariant(upperBound: upperBound ?? .infinity) : problem.solveCounting()
    }

    /// The same by the general method, whatever the instance; the tests compare both.
    package static func solveByGeneralMethod(
        _ instance: PlacementInstance, _ objective: PlacementObjective
    ) -> Placement? {
        precondition(!objective.countsIdleNodes, "the general method knows active workers only")
        return GeneralProblem(instance, objective).solve()
    }
}
