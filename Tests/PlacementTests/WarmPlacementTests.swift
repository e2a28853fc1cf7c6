import Numerics
import Placement
import Testing

@Suite("Warm re-solving")
struct WarmPlacementTests {
    @Test("Equal to a cold solve after every change", arguments: [0, 1, 2, 3])
    func equalsCold(kind: Int) throws {
        let objectives = [
            PlacementObjective(.baseline), PlacementObjective(.aifP), PlacementObjective(.aifPVariant),
            PlacementObjective(.aifPVariant, asPublished: true),
        ]
        var efforts: [String: Int] = [:]
        for index in 0..<60 {
            var random = RandomInstances(seed: 31, index)
            let instance = try random.instance(nodes: 4...14)
            var generator = CounterBasedGenerator(seed: 31, purpose: "changes", index)
            var warm = try WarmPlacement(instance, objectives[kind])
            for step in 0..<25 {
                let n = instance.nodes.count
                let a = Int.random(in: 0..<n, using: &generator)
                let b = (a + Int.random(in: 1..<n, using: &generator)) % n
                let change: WarmPlacement.Change
                switch Int.random(in: 0..<6, using: &generator) {
                case 0: change = .latency(a, b, seconds: 0.3 * generator.uniform())
                case 1:
                    let others = Set([b, (b + 1) % n, (b + 2) % n].prefix(1 + step % 3)).subtracting([a]).sorted()
                    var seconds: [Int: Double] = [:]
                    for other in others { seconds[other] = 0.3 * generator.uniform() }
                    change = .latencies(a, seconds)
                case 2: change = .canHost(a, Bool.random(using: &generator))
                case 3: change = .accelerator(a, Bool.random(using: &generator))
                case 4:
                    change = .target(
                        seconds: warm.instance.targetSeconds * (0.8 + 0.4 * generator.uniform()),
                        rounds: warm.instance.rounds)
                default:
                    change = .trainingTime(warm.instance.trainingTime.scaled(by: 0.9 + 0.2 * generator.uniform()))
                }
                let effort = try warm.apply(change)
                efforts["\(effort)".prefix(4).lowercased(), default: 0] += 1
                let cold = try PlacementSolver.solve(warm.instance, objectives[kind]).placement
                let context = "seed 31 instance \(index) step \(step): \(change), \(effort)"
                #expect((cold == nil) == (warm.placement == nil), "\(context)")
                guard let cold, let kept = warm.placement else { continue }
                #expect(abs(cold.objective - kept.objective) < 1e-8, "\(context)")
                #expect(cold.server == kept.server, "\(context)")
                #expect(cold.workers == kept.workers, "\(context)")
                #expect(cold.accelerated == kept.accelerated, "\(context)")
            }
        }
        // Every way of saving work was taken.
        #expect(Set(efforts.keys) == ["kept", "serv", "boun", "full"])
    }

    @Test("A change that makes no sense leaves the state alone")
    func invalid() throws {
        var random = RandomInstances(seed: 32, 0)
        var warm = try WarmPlacement(try random.instance(nodes: 5...5), PlacementObjective(.aifP))
        let before = warm.instance
        #expect(throws: PlacementError.self) { try warm.apply(.target(seconds: 1, rounds: 0)) }
        #expect(warm.instance == before)
    }
}
