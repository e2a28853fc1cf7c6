import Placement
import Testing

@Suite("Explanations of infeasible instances")
struct ExplanationTests {
    @Test("Each figure is the smallest change that works", arguments: [PlacementModel.baseline, .aifP])
    func minimal(model: PlacementModel) throws {
        let objective = PlacementObjective(model)
        var explained = 0
        for index in 0..<1500 {
            var random = RandomInstances(seed: 41, index)
            let instance = try random.instance(nodes: 3...7, extended: index % 5 == 4)
            guard case .infeasible(let explanation) = try PlacementSolver.solve(instance, objective) else { continue }
            func feasible(_ change: (inout PlacementInstance) -> Void) throws -> Bool {
                var changed = instance
                change(&changed)
                return try PlacementSolver.solve(changed, objective).placement != nil
            }
            let context = "seed 41 instance \(index)"
            if let target = explanation.smallestTargetSeconds {
                explained += 1
                #expect(try feasible { $0.targetSeconds = target }, "\(context)")
                #expect(try !feasible { $0.targetSeconds = target * (1 - 1e-6) - 1e-7 }, "\(context)")
            } else {
                #expect(try !feasible { $0.targetSeconds = 1e9 }, "\(context)")
            }
            if let rounds = explanation.largestRounds {
                #expect(rounds < instance.rounds, "\(context)")
                #expect(try feasible { $0.rounds = rounds }, "\(context)")
                #expect(try !feasible { $0.rounds = rounds + 1 }, "\(context)")
            } else {
                #expect(try !feasible { $0.rounds = 1 }, "\(context)")
            }
            guard model != .baseline else {
                #expect(explanation.fewestExtraAccelerators == nil)
                continue
            }
            // As many more accelerators, wherever they are put, with H raised by their number.
            func possible(_ extra: Int) throws -> Bool {
                let bare = instance.nodes.indices.filter { !instance.nodes[$0].accelerator }
                for subset in 0..<(1 << bare.count) where subset.nonzeroBitCount <= extra {
                    let works = try feasible { changed in
                        for (bit, node) in bare.enumerated() where subset >> bit & 1 == 1 {
                            changed.nodes[node].accelerator = true
                        }
                        changed.acceleratorLimit += extra
                    }
                    if works { return true }
                }
                return false
            }
            if let extra = explanation.fewestExtraAccelerators {
                #expect(
                    try feasible { changed in
                        for node in explanation.installAccelerators { changed.nodes[node].accelerator = true }
                        changed.acceleratorLimit = explanation.acceleratorLimit ?? 0
                    }, "\(context)")
                #expect(explanation.installAccelerators.count <= extra, "\(context)")
                #expect(try extra >= 1 && !possible(extra - 1), "\(context)")
            } else {
                #expect(try !possible(instance.nodes.count), "\(context)")
            }
        }
        #expect(explained > 100)
    }

    @Test("Reasons that no time can mend")
    func structural() throws {
        func instance(_ nodes: [PlacementInstance.Node], server: Int? = nil) throws -> PlacementInstance {
            let n = nodes.count
            var values = [Double](repeating: .infinity, count: n * n)
            for i in 0..<n { values[i * n + i] = 0 }
            return try PlacementInstance(
                nodes: nodes, latency: LatencyMatrix(count: n, values: values),
                trainingTime: TrainingTimeProfile(breakpoints: [.init(workers: 1, seconds: 1)]), fixedServer: server,
                targetSeconds: 10, rounds: 1)
        }
        func reason(_ instance: PlacementInstance) throws -> String {
            guard case .infeasible(let explanation) = try PlacementSolver.solve(instance, PlacementObjective(.aifP))
            else { return "" }
            #expect(explanation.smallestTargetSeconds == nil)
            return explanation.reason
        }
        #expect(try reason(instance([.init(id: "a"), .init(id: "b")])).contains("3 places"))
        #expect(try reason(instance([.init(id: "a"), .init(id: "b"), .init(id: "c")])).contains("not connected"))
        #expect(
            try reason(
                instance([.init(id: "a", canHost: false), .init(id: "b"), .init(id: "c"), .init(id: "d")], server: 0)
            ).contains("may not host"))
    }
}
