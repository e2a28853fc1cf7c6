import Numerics
import Placement
import Testing

@Suite("Sorting latencies")
struct AscendingLatenciesTests {
    @Test("As comparing sorts them: ties, zeros of both signs, the smallest and the largest numbers, infinity")
    func equalsComparing() {
        for index in 0..<60 {
            var generator = CounterBasedGenerator(seed: 21, purpose: "latencies", index)
            let count = [0, 1, 399, 400, 401, 1500][index % 6]
            let values = (0..<count).map { _ -> Double in
                switch Int.random(in: 0..<(index % 2 == 0 ? 2 : 8), using: &generator) {
                case 0: generator.uniform()
                case 1: 0.001 * Double(Int.random(in: 0..<5, using: &generator))
                case 2: 0
                case 3: -0.0
                case 4: .leastNonzeroMagnitude
                case 5: .greatestFiniteMagnitude * generator.uniform()
                case 6: .infinity
                default: 1e-300 * generator.uniform()
                }
            }
            var sorted = values
            AscendingLatencies.sort(&sorted)
            #expect(sorted == values.sorted(), "instance \(index)")
        }
    }
}
