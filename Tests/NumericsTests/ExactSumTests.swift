import Foundation
import Numerics
import Testing

/// Sums that do not depend on order.
struct ExactSumTests {
    /// Values over the whole range of doubles, in pairs that cancel but for little.
    static func values(_ seed: UInt64, count: Int) -> [Double] {
        var generator = CounterBasedGenerator(seed: seed, purpose: "exact sum")
        var values: [Double] = []
        while values.count < count {
            let exponent = Int(generator.next() % 600) - 300
            let value = Double(sign: .plus, exponent: exponent, significand: generator.uniform() - 0.5)
            values.append(value)
            if generator.next() % 3 == 0 { values.append(-value * (1 + 0x1p-50)) }
        }
        return values
    }

    @Test("Any order and any grouping give the same state and the same value", arguments: 1...20)
    func orderDoesNotMatter(seed: UInt64) {
        var generator = CounterBasedGenerator(seed: seed, purpose: "shuffle")
        let values = Self.values(seed, count: 3000)
        let expected = ExactSum(values)
        let shuffled = values.shuffled(using: &generator)
        #expect(ExactSum(shuffled) == expected)
        var merged = ExactSum()
        for start in stride(from: 0, to: shuffled.count, by: 97) {
            merged.merge(ExactSum(shuffled[start..<min(start + 97, shuffled.count)]))
        }
        #expect(merged == expected)
        #expect(merged.value.bitPattern == expected.value.bitPattern)
    }

    @Test("The result is the true sum, rounded once")
    func correctRounding() {
        #expect(ExactSum([0x1p1000, 1, -0x1p1000]).value == 1)
        #expect(ExactSum([1, 0x1p-53]).value == 1)
        #expect(ExactSum([1, 0x1p-53, 0x1p-1074]).value == 1 + 0x1p-52)
        #expect(ExactSum([1, 0x1p-52, 0x1p-53]).value == 1 + 0x1p-51)
        #expect(ExactSum(repeatElement(0.1, count: 10)).value == 1)
        #expect(ExactSum([.greatestFiniteMagnitude, .greatestFiniteMagnitude]).value == .infinity)
        #expect(
            ExactSum([.greatestFiniteMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude]).value
                == .greatestFiniteMagnitude)
        #expect(ExactSum([.leastNonzeroMagnitude, .leastNonzeroMagnitude]).value == 0x1p-1073)
        #expect(ExactSum([-.leastNonzeroMagnitude]).value == -.leastNonzeroMagnitude)
        #expect(ExactSum([]).value == 0)
    }

    @Test("Whole numbers far beyond 53 bits are summed as integers are")
    func integers() {
        var generator = CounterBasedGenerator(seed: 5, purpose: "integers")
        var total = 0
        var sum = ExactSum()
        for _ in 0..<100_000 {
            let value = Int(truncatingIfNeeded: generator.next() >> 11) - (1 << 52)
            total += value
            sum.add(Double(value))
        }
        #expect(sum.value == Double(total))
    }

    @Test("Squares are added without a rounding error")
    func squares() {
        var sum = ExactSum()
        sum.addSquare(of: 1 + 0x1p-40)
        sum.add(-1)
        sum.add(-0x1p-39)
        #expect(sum.value == 0x1p-80)
    }

    @Test("Infinities and NaN behave as in ordinary sums")
    func nonFinite() {
        #expect(ExactSum([1, .infinity]).value == .infinity)
        #expect(ExactSum([1, -.infinity]).value == -.infinity)
        #expect(ExactSum([.infinity, -.infinity]).value.isNaN)
        #expect(ExactSum([1, .nan]).value.isNaN)
    }

    @Test("The expansion adds up to the sum")
    func expansion() {
        let sum = ExactSum(Self.values(9, count: 500))
        #expect(ExactSum(sum.expansion) == sum)
        #expect(ExactSum([]).expansion.isEmpty)
        #expect(ExactSum([.nan]).expansion.count == 1)
    }

    @Test("Coded and read again it is the same; digits that no sum has are refused")
    func coding() throws {
        for seed in 1...5 {
            var sum = ExactSum(Self.values(UInt64(seed), count: 200))
            if seed == 3 { sum.add(.infinity) }
            let data = try JSONEncoder().encode(sum)
            #expect(try JSONDecoder().decode(ExactSum.self, from: data) == sum)
        }
        for bad in [
            #"{"first":-1,"digits":[1]}"#, #"{"first":60,"digits":[1,2,3,4,5,6,7,8,9]}"#,
            #"{"first":0,"digits":[4294967296]}"#, #"{"first":0,"digits":[-1]}"#,
            #"{"first":67,"digits":[9223372036854775807]}"#,
        ] {
            #expect(throws: DecodingError.self) { try JSONDecoder().decode(ExactSum.self, from: Data(bad.utf8)) }
        }
    }
}
