import Numerics
import Placement

/// Random problems of every awkward kind: p_k that rises and falls, equal latencies, no accelerators, disconnected
/// nodes, barred nodes, fixed servers, budgets that allow nothing, something or everything.
struct RandomInstances {
    var generator: CounterBasedGenerator

    init(seed: UInt64, _ index: Int) { generator = CounterBasedGenerator(seed: seed, purpose: "instance", index) }

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    mutating func instance(nodes range: ClosedRange<Int>, extended: Bool = false) throws -> PlacementInstance {
        let n = Int.random(in: range, using: &generator)
        let accelerated = [0, 0.3, 0.6, 1][below(4)]
        let barred = [0, 0, 0.2][below(3)]
        var nodes: [PlacementInstance.Node] = []
        for i in 0..<n {
            var node = PlacementInstance.Node(
                id: "node-\(i)", accelerator: generator.uniform() < accelerated,
                canHost: generator.uniform() >= barred)
            if extended {
                node.trainingTimeFactor = [1, 1, 0.5, 2, 0.5 + generator.uniform()][below(5)]
                node.availability = [1, 0.9, 0.99, 1 - 0.5 * generator.uniform()][below(4)]
                node.capacity = [1, 1, 1, 2, 3][below(5)]
            }
            nodes.append(node)
        }
        let slots = nodes.reduce(0) { $0 + $1.capacity }

        // Latencies: equal, on a coarse grid (many ties), or continuous.
        let kind = below(3)
        let scale = [0.02, 0.2, 1][below(3)]
        let missing = [0, 0, 0, 0.25][below(4)]
        var values = [Double](repeating: 0, count: n * n)
        for a in 0..<n {
            for b in 0..<a {
                var d =
                    switch kind {
                    case 0: 0.1
                    case 1: Double(below(4)) * 0.1
                    default: generator.uniform()
                    }
                d *= scale
                if generator.uniform() < missing { d = .infinity }
                values[a * n + b] = d
                values[b * n + a] = d
            }
        }

        // Training times: falling then flat, constant, or anything.
        let shape = below(4)
        let table = (1...max(slots, 1)).map { k -> Double in
            switch shape {
            case 0: 0.165 + 0.95 / Double(k)
            case 1: max(0.25, 1 - 0.15 * Double(k))
            case 2: 0.4
            default: 0.1 + Double(below(10)) * 0.1
            }
        }
        let rounds = 1 + below(6)
        let tightness = 0.2 + 1.3 * generator.uniform()
        var instance = try PlacementInstance(
            nodes: nodes, latency: LatencyMatrix(count: n, values: values),
            trainingTime: TrainingTimeProfile(table: table), fixedServer: below(4) == 0 ? below(n) : nil,
            targetSeconds: tightness * Double(rounds), rounds: rounds,
            acceleratorLimit: below(2) == 0 ? n : below(n + 1),
            accelerationFactor: [0.5, 0.5, 0.1 + 0.8 * generator.uniform()][below(3)])
        if extended, below(3) == 0 {
            instance.totalSamples = 1000
            instance.minimumSamplesPerWorker = 100 + below(400)
        }
        return instance
    }

    mutating func objective(_ model: PlacementModel) -> PlacementObjective {
        let a: Double = [1, 1, 0, 0.5][below(4)]
        let b: Double = [1000, 1000, 1, 10, 0][below(5)]
        return PlacementObjective(model, aifWeight: a, spreadWeight: b)
    }
}
