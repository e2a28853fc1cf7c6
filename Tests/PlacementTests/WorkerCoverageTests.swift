import Numerics
import Placement
import Testing

/// Sets of nodes that must hold a worker, against enumeration.
@Suite("Worker coverage")
struct WorkerCoverageTests {
    /// Disjoint sets, as domains are, or any.
    private func sets(
        _ count: Int, disjoint: Bool, _ generator: inout CounterBasedGenerator
    ) -> [[Int]] {
        let number = Int.random(in: 1...3, using: &generator)
        var sets = [[Int]](repeating: [], count: number)
        for node in 0..<count {
            if disjoint {
                let set = Int.random(in: 0...number, using: &generator)
                if set < number { sets[set].append(node) }
            } else {
                for set in 0..<number where generator.uniform() < 0.5 { sets[set].append(node) }
            }
        }
        return sets
    }

    @Test("Equal to enumeration, ties included: 2,400 random instances", arguments: [true, false])
    func equalsEnumeration(disjoint: Bool) throws {
        var met = 0
        for index in 0..<1200 {
            var random = RandomInstances(seed: disjoint ? 71 : 72, index)
            var instance = try random.instance(nodes: 3...6, extended: index % 2 == 0)
            var generator = CounterBasedGenerator(seed: 71, purpose: "sets", index)
            instance.coverage = try WorkerCoverage(sets(instance.nodes.count, disjoint: disjoint, &generator))
            let objective = random.objective(PlacementModel.allCases[index % 3])
            let placement = try PlacementSolver.bestPlacement(instance, objective)
            let expected = BruteForce.solve(instance, objective)
            let context = "disjoint \(disjoint) instance \(index) \(instance.coverage.sets)"
            PlacementSolverTests.agree(placement, expected, context)
            if let placement {
                met += 1
                #expect(instance.coverage.isMet(by: placement.workers), "\(context)")
                #expect(placement.reevaluated(in: instance, objective) != nil, "\(context)")
            } else if objective.model != .baseline, index % 2 == 1 {
                try explain(instance, objective, context)
            }
        }
        #expect(met > 200, "only \(met) instances could be solved")
    }

    /// The fewest extra accelerators are enough, and one fewer is not.
    private func explain(_ instance: PlacementInstance, _ objective: PlacementObjective, _ context: String) throws {
        guard case .infeasible(let explanation) = try PlacementSolver.solve(instance, objective),
            let extra = explanation.fewestExtraAccelerators
        else { return }
        func isPossible(_ installed: Int) -> Bool {
            let bare = instance.nodes.indices.filter { !instance.nodes[$0].accelerator }
            var found = false
            for subset in 0..<(1 << bare.count) where subset.nonzeroBitCount <= installed && !found {
                var changed = instance
                changed.acceleratorLimit += installed
                for (bit, node) in bare.enumerated() where subset >> bit & 1 == 1 {
                    changed.nodes[node].accelerator = true
                }
                found = BruteForce.solve(changed, PlacementObjective(.aifP)) != nil
            }
            return found
        }
        #expect(isPossible(extra), "\(context): \(extra) accelerators")
        #expect(extra == 0 || !isPossible(extra - 1), "\(context): \(extra) accelerators")
    }

    @Test("Sets that overlap too much are refused, not approximated")
    func refusal() throws {
        let pairs = (0..<12).flatMap { a in (0..<a).map { [a, $0] } }
        // A vertex cover of the complete graph: all but one node, twelve ways.
        #expect(throws: Never.self) { try WorkerCoverage(pairs) }
        let cycle = (0..<60).map { [$0, ($0 + 1) % 60] }
        #expect(throws: PlacementError.self) { try WorkerCoverage(cycle) }
        #expect(try WorkerCoverage([[]]).isMet(by: [0]) == false)
    }
}
