import Federation
import Numerics
import Testing

@Suite struct WeightedAverageTests {
    @Test func aSingleVectorKeepsItsBits() {
        var average = WeightedAverage()
        let values: [Float] = [-0.0, .leastNonzeroMagnitude, 1e-30, 0.1, -65_536, 3.14159]
        average.add(values, weight: 12_345)
        #expect(average.mean()?.map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test func orderDoesNotMatter() {
        for seed in 0..<200 {
            var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "average")
            let vectors = (0..<7).map { _ in
                (
                    values: (0..<20).map { _ in Float(generator.normal() * 1e3) },
                    weight: UInt64.random(in: 1...(1 << 28), using: &generator)
                )
            }
            func mean(_ order: [Int]) -> [UInt32]? {
                var average = WeightedAverage()
                for index in order { average.add(vectors[index].values, weight: vectors[index].weight) }
                return average.mean()?.map(\.bitPattern)
            }
            let reference = mean(Array(0..<7))
            #expect(mean((0..<7).shuffled(using: &generator)) == reference, "seed \(seed)")
        }
    }

    /// Against double arithmetic, which is exact to 2⁻⁵⁰ here: never more than a unit in the last place of a float away.
    @Test func meansAreRight() throws {
        for seed in 0..<200 {
            var generator = CounterBasedGenerator(seed: UInt64(seed), purpose: "mean")
            var average = WeightedAverage()
            var sum = 0.0
            var total = 0.0
            for _ in 0..<5 {
                let value = Float(generator.normal())
                let weight = UInt64.random(in: 1...100_000, using: &generator)
                average.add([value], weight: weight)
                sum += Double(value) * Double(weight)
                total += Double(weight)
            }
            let mean = try #require(average.mean()?.first)
            #expect(abs(Double(mean) - sum / total) <= Double(mean.ulp), "seed \(seed)")
        }
    }

    @Test func theLargestSumFits() {
        var average = WeightedAverage()
        for _ in 0..<1_000 { average.add([65_536, -65_536], weight: 1 << 28) }
        #expect(average.mean() == [65_536, -65_536])
    }
}
