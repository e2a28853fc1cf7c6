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
}
