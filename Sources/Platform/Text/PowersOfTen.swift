/// Powers of ten for decimal conversion.
@usableFromInline
enum PowersOfTen {
    /// 10⁰ … 10²², the powers that a double holds exactly.
    @usableFromInline static let exact: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// Smallest and largest power of ten that can give a finite, non-zero double with a 64-bit mantissa.
    static let range = -342...308

    /// The nearest double to `mantissa` · 10^`exponent`; `nil` when 128 bits of the power cannot decide it.
    ///
    /// Source: Lemire 2021, algorithm 1, in the form of its reference implementation (fast_float, `compute_float`).
    static func scaled(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        if mantissa == 0 || exponent < range.lowerBound { return 0 }
        if exponent > range.upperBound { return .infinity }
        let shift = mantissa.leadingZeroBitCount
        let normalised = mantissa << UInt64(shift)
        let power = FivePowers.table[exponent - range.lowerBound]
        // 55 bits decide: 53, one to round, one lost to an unnormalised product.
        var product = normalised.multipliedFullWidth(by: power.high)
        if product.high & 0x1ff == 0x1ff {
            let second = normalised.multipliedFullWidth(by: power.low)
            let (sum, carry) = product.low.addingReportingOverflow(second.high)
            product.low = sum
            if carry { product.high &+= 1 }
        }
        if product.low == .max && !(exponent >= -27 && exponent <= 55) { return nil }
        let upper = Int(product.high >> 63)
        var significand = product.high >> UInt64(upper + 64 - 52 - 3)
        // ⌊log₂ 10^q⌋ = ⌊q · 217706 / 2¹⁶⌋ in this range.
        var binary = ((217706 * exponent) >> 16) + 63 + upper - shift + 1023
        if binary <= 0 {
            if 1 - binary >= 64 { return 0 }
            significand >>= UInt64(1 - binary)
            significand += significand & 1
            significand >>= 1
            // Rounding up may have made it normal; the bit pattern says so by itself.
            return Double(bitPattern: significand)
        }
        // A tie between two doubles: only for few powers can the product be exact.
        if product.low <= 1 && exponent >= -4 && exponent <= 23 && significand & 3 == 1
            && significand << UInt64(upper + 64 - 52 - 3) == product.high
        {
            significand &= ~1
        }
        significand += significand & 1
        significand >>= 1
        if significand >= 2 << 52 {
            significand = 1 << 52
            binary += 1
        }
        if binary >= 0x7ff { return .infinity }
        return Double(bitPattern: UInt64(binary) << 52 | (significand & ~(1 << 52)))
    }
}

/// The leading 128 bits of the powers of five from 5⁻³⁴² to 5³⁰⁸: truncated for positive exponents; for negative ones
/// the reciprocal rounded up, as the algorithm wants it.
enum FivePowers {
    /// Entry `q + 342` belongs to 5^q.
    static let table: [(high: UInt64, low: UInt64)] = makeTable()

    private static func makeTable() -> [(high: UInt64, low: UInt64)] {
        var negative: [(high: UInt64, low: UInt64)] = []
        // 2¹⁰⁸⁸ / 5^k by repeated exact division: ⌊⌊a / 5⌋ / 5⌋ = ⌊a / 25⌋.
        var quotient = [UInt64](repeating: 0, count: 18)
        quotient[17] = 1
        for _ in 1...342 {
            var remainder: UInt64 = 0
            for index in stride(from: 17, through: 0, by: -1) {
                let division = UInt64(5).dividingFullWidth((remainder, quotient[index]))
                quotient[index] = division.quotient
                remainder = division.remainder
            }
            // Never exact, so rounding up is adding one in the last place.
            var entry = leading(quotient)
            entry.low &+= 1
            if entry.low == 0 { entry.high &+= 1 }
            negative.append(entry)
        }
        var positive: [(high: UInt64, low: UInt64)] = []
        var power = [UInt64](repeating: 0, count: 12)
        power[0] = 1
        for _ in 0...308 {
            positive.append(leading(power))
            var carry: UInt64 = 0
            for index in power.indices {
                let product = power[index].multipliedFullWidth(by: 5)
                let (sum, overflow) = product.low.addingReportingOverflow(carry)
                power[index] = sum
                carry = product.high + (overflow ? 1 : 0)
            }
        }
        return negative.reversed() + positive
    }

    /// The leading 128 bits of a number, its highest bit at the top.
    private static func leading(_ words: [UInt64]) -> (high: UInt64, low: UInt64) {
        let top = words.lastIndex { $0 != 0 } ?? 0
        func word(_ index: Int) -> UInt64 { index < 0 ? 0 : words[index] }
        let shift = UInt64(words[top].leadingZeroBitCount)
        func shifted(_ index: Int) -> UInt64 {
            shift == 0 ? word(index) : word(index) << shift | word(index - 1) >> (64 - shift)
        }
        return (shifted(top), shifted(top - 1))
    }
}
