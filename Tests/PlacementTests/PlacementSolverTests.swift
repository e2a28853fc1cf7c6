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

    /// A target whose budget, tolerance included, is a loop time to the last bit.
    private static func target(meeting loop: Double) -> Double? {
        var target = loop - PlacementObjective.toleranceSeconds
        while target + PlacementObjective.toleranceSeconds < loop { target = target.nextUp }
        while target + PlacementObjective.toleranceSeconds > loop { target = target.nextDown }
        return target + PlacementObjective.toleranceSeconds == loop ? target : nil
    }

    @Test("who meets the budget to the last bit may work, and who misses it by one may not, in every model")
    func lastBit() throws {
        var tried = 0
        for index in 0..<400 {
            var generator = CounterBasedGenerator(seed: 11, purpose: "instance", index)
            let scale = [1, 30, 1e4, 1e9][index % 4]
            let isAccelerated = index % 3 == 0
            let latency = 0.1 * scale * generator.uniform()
            let training = scale * (0.01 + generator.uniform())
            let loop = (isAccelerated ? 0.7 * training : training) + latency
            guard let target = Self.target(meeting: loop) else { continue }
            tried += 1
            let nodes = ["server", "a", "b"].map { PlacementInstance.Node(id: $0, accelerator: isAccelerated) }
            var instance = try PlacementInstance(
                nodes: nodes,
                latency: LatencyMatrix(
                    count: 3, values: [0, latency, latency, latency, 0, .infinity, latency, .infinity, 0]),
                trainingTime: TrainingTimeProfile(table: [training, training, training]), fixedServer: 0,
                targetSeconds: target, rounds: 1, acceleratorLimit: 2, accelerationFactor: 0.7)
            let objectives = [
                PlacementObjective(.aifP), PlacementObjective(.aifPVariant),
                PlacementObjective(.aifPVariant, asPublished: true),
            ]
            for objective in objectives {
                let placement = try PlacementSolver.bestPlacement(instance, objective)
                #expect(placement?.workers == [1, 2], "\(objective.model) instance \(index)")
            }
            #expect(PlacementSolver.solveByGeneralMethod(instance, objectives[0])?.workers == [1, 2], "\(index)")
            while instance.targetSeconds + PlacementObjective.toleranceSeconds >= loop {
                instance.targetSeconds = instance.targetSeconds.nextDown
            }
            for objective in objectives {
                #expect(
                    try PlacementSolver.bestPlacement(instance, objective) == nil, "\(objective.model) \(index)")
            }
        }
        #expect(tried > 100)
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
