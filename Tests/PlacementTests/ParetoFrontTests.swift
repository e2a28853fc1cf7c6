import Placement
import Testing

@Suite("Pareto front")
struct ParetoFrontTests {
    @Test("Equal to enumeration on 400 random instances")
    func enumeration() throws {
        for index in 0..<400 {
            var random = RandomInstances(seed: 21, index)
            let instance = try random.instance(nodes: 2...6, extended: index % 4 == 3)
            guard instance.nodes.reduce(0, { $0 + $1.capacity }) <= 9 else { continue }
            let front = try PlacementSolver.paretoFront(instance)
            var objective = PlacementObjective(.aifP)
            objective.asPublished = false
            let all = BruteForce.candidates(instance, objective)
            func values(_ c: BruteForce.Candidate) -> (Int, Double, Double, Int) {
                (c.workers.count, c.maxLoop, c.spread, c.accelerated.count)
            }
            // Nothing that exists beats a point of the front, and every placement is matched by one.
            let tolerance = 3e-9
            for candidate in all {
                let (k, loop, spread, used) = values(candidate)
                #expect(
                    front.contains {
                        $0.workers <= k && $0.maxLoopSeconds <= loop + tolerance
                            && $0.spreadSeconds <= spread + tolerance && $0.accelerators <= used
                    }, "seed 21 instance \(index): (\(k), \(loop), \(spread), \(used)) is not covered")
            }
            for point in front {
                #expect(
                    all.contains {
                        $0.workers.count == point.workers && abs($0.maxLoop - point.maxLoopSeconds) < 1e-9
                            && abs($0.spread - point.spreadSeconds) < 1e-9
                            && $0.accelerated.count == point.accelerators
                    }, "seed 21 instance \(index): \(point) does not exist")
                let beaten = front.contains { other in
                    other != point && other.workers <= point.workers
                        && other.maxLoopSeconds <= point.maxLoopSeconds
                        && other.spreadSeconds <= point.spreadSeconds && other.accelerators <= point.accelerators
                }
                #expect(!beaten, "seed 21 instance \(index): \(point) is beaten")
            }
        }
    }

    @Test("More nodes than are served")
    func tooLarge() throws {
        let n = PlacementSolver.maximumParetoNodes + 1
        let instance = try PlacementInstance(
            nodes: (0..<n).map { PlacementInstance.Node(id: "\($0)") },
            latency: LatencyMatrix(count: n, values: [Double](repeating: 0, count: n * n)),
            trainingTime: TrainingTimeProfile(breakpoints: [.init(workers: 1, seconds: 1)]), targetSeconds: 1,
            rounds: 1)
        #expect(throws: PlacementError.self) { try PlacementSolver.paretoFront(instance) }
    }
}
