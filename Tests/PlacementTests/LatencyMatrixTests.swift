import Numerics
import Placement
import Testing

@Suite("Shortest paths")
struct LatencyMatrixTests {
    @Test("Dijkstra and Floyd–Warshall agree, and both are symmetric")
    func agreement() throws {
        for index in 0..<40 {
            var generator = CounterBasedGenerator(seed: 11, purpose: "links", index)
            let n = Int.random(in: 1...40, using: &generator)
            var links: [PlacementInstance.Link] = []
            for _ in 0..<Int.random(in: 0...(3 * n), using: &generator) {
                let a = Int.random(in: 0..<n, using: &generator)
                let b = Int.random(in: 0..<n, using: &generator)
                if a != b {
                    links.append(PlacementInstance.Link(a: a, b: b, latencySeconds: generator.uniform()))
                }
            }
            let first = LatencyMatrix.dijkstra(n, links)
            let second = LatencyMatrix.floydWarshall(n, links)
            for cell in first.indices {
                #expect(first[cell] == second[cell] || abs(first[cell] - second[cell]) < 1e-12)
                #expect(first[cell] == first[cell % n * n + cell / n])
            }
            _ = try LatencyMatrix(count: n, values: first)
        }
    }

    @Test("Nodes that meet at a hub are what the matrix of their sums is, changed or not")
    func star() throws {
        for index in 0..<40 {
            var random = CounterBasedGenerator(seed: 12, purpose: "star", index)
            let n = Int.random(in: 1...9, using: &random)
            let hub = Int.random(in: 0..<n, using: &random)
            let distances = (0..<n).map { node -> Double in
                node == hub ? 0 : random.uniform() < 0.2 ? .infinity : random.uniform()
            }
            var star = try LatencyMatrix(hub: hub, distances: distances)
            func agrees(_ dense: LatencyMatrix) -> Bool {
                (0..<n).allSatisfy { a in (0..<n).allSatisfy { star[a, $0] == dense[a, $0] } }
                    && star.largestFinite == dense.largestFinite && star.isConnected == dense.isConnected
            }
            func sums(_ distances: [Double]) throws -> LatencyMatrix {
                var values = [Double](repeating: 0, count: n * n)
                for a in 0..<n { for b in 0..<n where a != b { values[a * n + b] = distances[a] + distances[b] } }
                return try LatencyMatrix(count: n, values: values)
            }
            #expect(agrees(try sums(distances)), "\(index)")
            guard n > 2 else { continue }
            var changed = distances
            let other = (hub + 1) % n
            changed[other] = 0.25
            star.set(index % 2 == 0 ? hub : other, index % 2 == 0 ? other : hub, 0.25)
            #expect(agrees(try sums(changed)), "\(index)")
            // Between two others it is a matrix like any.
            var dense = try sums(changed)
            let third = (hub + 2) % n
            dense.set(other, third, 0.125)
            star.set(other, third, 0.125)
            #expect(agrees(dense), "\(index)")
        }
        #expect(throws: PlacementError.self) { try LatencyMatrix(hub: 0, distances: [0, -1]) }
        #expect(throws: PlacementError.self) { try LatencyMatrix(hub: 0, distances: [0, .nan]) }
    }

    @Test("An instance has the same placement, whichever way its latencies are kept")
    func starIsSolvedAlike() throws {
        for index in 0..<200 {
            var random = RandomInstances(seed: 13, index)
            var instance = try random.instance(nodes: 2...7, extended: index % 2 == 0)
            instance.fixedServer = index % instance.nodes.count
            let distances = instance.nodes.indices.map { instance.latency[index % instance.nodes.count, $0] }
            let hub = index % instance.nodes.count
            var values: [Double] = []
            for a in distances.indices {
                for b in distances.indices { values.append(a == b ? 0 : distances[a] + distances[b]) }
            }
            instance.latency = try LatencyMatrix(count: distances.count, values: values)
            let objective = random.objective(PlacementModel.allCases[index % 3])
            let dense = try PlacementSolver.bestPlacement(instance, objective)
            instance.latency = try LatencyMatrix(hub: hub, distances: distances)
            #expect(try PlacementSolver.bestPlacement(instance, objective) == dense, "instance \(index)")
        }
    }
}
