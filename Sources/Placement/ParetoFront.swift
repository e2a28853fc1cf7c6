/// One placement that nothing beats in every respect at once.
public struct ParetoPoint: Sendable, Equatable {
    /// The placement; its objective is the number of workers.
    public let placement: Placement

    /// k.
    public var workers: Int { placement.count }
    /// max ℓ, in seconds.
    public var maxLoopSeconds: Double { placement.maxLoopSeconds }
    /// max ℓ − min ℓ, in seconds.
    public var spreadSeconds: Double { placement.spreadSeconds }
    /// Accelerators in use.
    public var accelerators: Int { placement.accelerated.count }
}

extension PlacementSolver {
    /// The most nodes for which the Pareto front is computed; beyond it the answer would take hours, not minutes.
    public static let maximumParetoNodes = 400

    /// The exact Pareto front over (workers, longest loop, spread, accelerators) of the placements within the budget:
    /// every combination that no other equals or beats in all four, one placement for each, in ascending order of
    /// workers, longest loop, spread and accelerators. Values within 1e-9 s count as equal.
    ///
    /// For every server and k the windows of loop times are swept once for each start; O(n⁴) at worst, so an instance
    /// may have 400 nodes at most.
    ///
    /// - Throws: `PlacementError` for an instance with more nodes.
    public static func paretoFront(
        _ instance: PlacementInstance, acceleratorsAllowed: Bool = true, progress: (Int, Int) -> Void = { _, _ in }
    ) throws(PlacementError) -> [ParetoPoint] {
        try instance.validate()
        if instance.nodes.count > maximumParetoNodes {
            throw PlacementError(
                .tooLarge, field: "nodes",
                reason: "found \(instance.nodes.count); the exact Pareto front is computed for at most"
                    + " \(maximumParetoNodes)")
        }
        guard instance.coverage.isEmpty else {
            throw PlacementError(
                .unsupportedCombination, field: "coverage", reason: "the front knows no sets that need a worker")
        }
        let objective = PlacementObjective(acceleratorsAllowed ? .aifP : .baseline)
        return GeneralProblem(instance, objective).paretoFront(progress)
    }
}

/// A point of the front before its workers are chosen.
struct ParetoCandidate {
    var server: Int
    var workers: Int
    var low: Double
    var high: Double
    var accelerators: Int
    var spread: Double { high - low }
}

/// The points found so far, by number of accelerators: for each, (longest loop, spread) pairs that are reached with
/// that many accelerators or fewer and that no other pair beats, loops ascending and spreads descending.
struct ParetoStairs {
    private var stairs: [[(high: Double, spread: Double)]]

    init(accelerators: Int) { stairs = Array(repeating: [], count: accelerators + 1) }

    /// Whether a point found before is as good in every respect.
    func dominates(high: Double, spread: Double, accelerators: Int) -> Bool {
        let tolerance = PlacementObjective.toleranceSeconds
        let steps = stairs[accelerators]
        let after = partitionPoint(steps.count) { steps[$0].high > high + tolerance }
        return after > 0 && steps[after - 1].spread <= spread + tolerance
    }

    /// Adds a point.
    mutating func insert(high: Double, spread: Double, accelerators: Int) {
        for a in accelerators..<stairs.count {
            let place = partitionPoint(stairs[a].count) { stairs[a][$0].high >= high }
            if place > 0, stairs[a][place - 1].spread <= spread { continue }
            if place < stairs[a].count, stairs[a][place].high == high, stairs[a][place].spread <= spread { continue }
            var end = place
            while end < stairs[a].count, stairs[a][end].spread >= spread { end += 1 }
            stairs[a].replaceSubrange(place..<end, with: [(high, spread)])
        }
    }
}
