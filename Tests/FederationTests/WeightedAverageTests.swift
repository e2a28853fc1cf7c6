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

    /// The quick arithmetic against the standard library's, for values of every size.
    @Test func termsAndQuotientsAreTheStandardLibrarys() {
        var generator = CounterBasedGenerator(seed: 3, purpose: "terms")
        for _ in 0..<20_000 {
            let exponent = Int.random(in: -90...15, using: &generator)
            let value = Float(generator.uniform() + 1) * Float(sign: .plus, exponent: exponent, significand: 1)
            let signed = Bool.random(using: &generator) ? value : -value
            let weight = UInt64.random(in: 1...(1 << Int.random(in: 0...28, using: &generator)), using: &generator)
            let whole = Int128((Double(signed) * 0x1p64).rounded(.toNearestOrEven))
            let term = WeightedAverage.term(signed, weight)
            #expect(term == whole * Int128(weight), "\(signed) times \(weight)")
            let divisor = UInt64.random(in: 1...(1 << Int.random(in: 0...46, using: &generator)), using: &generator)
            for sum in [term, term * 1_003, Int128(divisor) / 2, -Int128(divisor) / 2] {
                let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: Int128(divisor))
                let rounded = remainder.magnitude * 2 >= UInt128(divisor) ? quotient + sum.signum() : quotient
                #expect(WeightedAverage.quotient(sum, divisor) == rounded, "\(sum) by \(divisor)")
            }
        }
    }

    @Test func theLargestSumFits() {
        var average = WeightedAverage()
        for _ in 0..<1_000 { average.add([65_536, -65_536], weight: 1 << 28) }
        #expect(average.mean() == [65_536, -65_536])
    }
}
