import Numerics
import Placement
import Testing

@Suite("Solvers against enumeration")
struct PlacementSolverTests {
    /// The solver's answer is the enumeration's, tie-breaks included.
    static func agree(
        _ placement: Placement?, _ expected: BruteForce.Candidate?, _ context: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect((placement == nil) == (expected == nil), "\(context)", sourceLocation: sourceLocation)
        guard let placement, let expected else { return }
        #expect(
            abs(placement.objective - expected.objective) <= 2e-9 * max(1, abs(expected.objective)),
            "objective: \(context)", sourceLocation: sourceLocation)
        #expect(placement.workers.count == expected.workers.count, "k: \(context)", sourceLocation: sourceLocation)
        #expect(
            abs(placement.maxLoopSeconds - expected.maxLoop) <= 2e-9, "max loop: \(context)",
            sourceLocation: sourceLocation)
        #expect(
            placement.acceleratorsUsed == expected.accelerators, "accelerators: \(context)",
            sourceLocation: sourceLocation)
        #expect(placement.server == expected.server, "server: \(context)", sourceLocation: sourceLocation)
        #expect(placement.workers == expected.workers, "workers: \(context)", sourceLocation: sourceLocation)
        #expect(
            placement.accelerated == expected.accelerated, "accelerated: \(context)", sourceLocation: sourceLocation)
        #expect(
            placement.idleAccelerated == expected.idleAccelerated, "idle: \(context)", sourceLocation: sourceLocation)
    }

    @Test("baseline and aif-p: 4,000 random instances", arguments: [PlacementModel.baseline, .aifP])
    func counting(model: PlacementModel) throws {
        var feasible = 0
        for index in 0..<2000 {
            var random = RandomInstances(seed: 1, index)
            let instance = try random.instance(nodes: 1...7)
            let objective = PlacementObjective(model)
            let placement = try PlacementSolver.bestPlacement(instance, objective)
            Self.agree(placement, BruteForce.solve(instance, objective), "\(model) seed 1 instance \(index)")
            feasible += placement == nil ? 0 : 1
        }
        #expect(feasible > 600 && feasible < 1900)
    }

    @Test("aif-p-var, corrected: 3,000 random instances")
    func variant() throws {
        for index in 0..<3000 {
            var random = RandomInstances(seed: 2, index)
            let instance = try random.instance(nodes: 2...7)
            let objective = random.objective(.aifPVariant)
            let placement = try PlacementSolver.bestPlacement(instance, objective)
            Self.agree(placement, BruteForce.solve(instance, objective), "variant seed 2 instance \(index)")
        }
    }

    @Test("aif-p-var, as published: 3,000 random instances")
    func variantAsPublished() throws {
        for index in 0..<3000 {
            var random = RandomInstances(seed: 3, index)
            let instance = try random.instance(nodes: 2...6)
            var objective = random.objective(.aifPVariant)
            objective.asPublished = true
            let placement = try PlacementSolver.bestPlacement(instance, objective)
            Self.agree(placement, BruteForce.solve(instance, objective), "as published seed 3 instance \(index)")
        }
    }

    @Test("All models with eight nodes", arguments: [PlacementModel.baseline, .aifP, .aifPVariant], [false, true])
    func eightNodes(model: PlacementModel, asPublished: Bool) throws {
        for index in 0..<60 {
            var random = RandomInstances(seed: 4, index)
            let instance = try random.instance(nodes: 8...8)
            var objective = random.objective(model)
            objective.asPublished = asPublished
            let placement = try PlacementSolver.bestPlacement(instance, objective)
            Self.agree(placement, BruteForce.solve(instance, objective), "\(model) seed 4 instance \(index)")
        }
    }

    @Test("Speeds, capacities, availability, minimum data: 1,500 random instances")
    func extensions() throws {
        for index in 0..<1500 {
            var random = RandomInstances(seed: 5, index)
            let instance = try random.instance(nodes: 1...5, extended: true)
            var objective = random.objective(PlacementModel.allCases[index % 3])
            objective.availabilityWeight = [0, 1, 0.3][index / 3 % 3]
            let placement = try PlacementSolver.bestPlacement(instance, objective)
            let expected = BruteForce.solve(instance, objective)
            let context = "extended seed 5 instance \(index)"
            if objective.availabilityWeight == 0 {
                Self.agree(placement, expected, context)
            } else {
                #expect((placement == nil) == (expected == nil), "\(context)")
                guard let placement, let expected else { continue }
                #expect(abs(placement.objective - expected.objective) < 1e-8, "\(context)")
                #expect(placement.count == expected.workers.count, "\(context)")
            }
        }
    }

    @Test("The fast and the general method agree on instances too large to enumerate")
    func methodsAgree() throws {
        for index in 0..<150 {
            var random = RandomInstances(seed: 6, index)
            let instance = try random.instance(nodes: 10...18)
            for model in PlacementModel.allCases {
                let objective = random.objective(model)
                let fast = try PlacementSolver.bestPlacement(instance, objective)
                let general = PlacementSolver.solveByGeneralMethod(instance, objective)
                #expect((fast == nil) == (general == nil), "\(model) seed 6 instance \(index)")
                guard let fast, let general else { continue }
                #expect(fast.server == general.server, "\(model) seed 6 instance \(index)")
                #expect(fast.workers == general.workers, "\(model) seed 6 instance \(index)")
                #expect(fast.accelerated == general.accelerated, "\(model) seed 6 instance \(index)")
                #expect(abs(fast.objective - general.objective) < 1e-8, "\(model) seed 6 instance \(index)")
            }
        }
    }
}
