/// The mean of parameter vectors, weighted by sample counts, in one streaming pass and independent of the order in
/// which they arrive.
///
/// Each parameter becomes a multiple of 2⁻⁶⁴ and is summed, times its weight, in 128-bit integers: integer addition is
/// associative, so order cannot matter. A value below 2⁻⁴⁰ loses what lies beyond 2⁻⁶⁴, nothing that the sum of
/// parameters of usual size could show. A single vector is its own mean, bit for bit.
package struct WeightedAverage: Sendable {
    /// The largest magnitude of a value.
    package static let largestValue: Float = 0x1p16
    /// The largest weight of a vector.
    package static let largestWeight: UInt64 = 1 << 28
    /// The most vectors: 2⁶⁴ · 2¹⁶ · 2²⁸ · 2¹⁸ = 2¹²⁶ is what 127 bits hold.
    package static let largestCount = 1 << 18
    private static let scale: Double = 0x1p64

    private var only: [Float]?
    private var sums: [Int128] = []
    private var totalWeight: UInt64 = 0
    /// Vectors added so far.
    package private(set) var count = 0

    /// The mean of nothing yet.
    package init() {}

    /// Adds a vector.
    ///
    /// - Precondition: every vector has the same length; values, weight and number of vectors keep to the bounds above.
    package mutating func add(_ values: [Float], weight: UInt64) {
        precondition(weight > 0 && weight <= Self.largestWeight && count < Self.largestCount, "out of bounds")
        if count == 0 {
            only = values
            sums = [Int128](repeating: 0, count: values.count)
        } else {
            only = nil
        }
        precondition(values.count == sums.count, "\(values.count) values, \(sums.count) are expected")
        for index in values.indices {
            precondition(values[index].magnitude <= Self.largestValue, "out of bounds")
            sums[index] &+= Self.term(values[index], weight)
        }
        totalWeight += weight
        count += 1
    }

    /// The mean, each value rounded to the nearest float; `nil` when nothing was added.
    package func mean() -> [Float]? {
        guard count > 0 else { return nil }
        if let only { return only }
        return sums.map { Self.nearest(Self.quotient($0, totalWeight)) * 0x1p-64 }
    }

    // The standard library converts and divides 128-bit integers by generic code, which took most of a commit's time.

    /// A value as a multiple of 2⁻⁶⁴, times a weight.
    package static func term(_ value: Float, _ weight: UInt64) -> Int128 {
        let exponent = Int64(value.bitPattern >> 23 & 0xff)
        guard exponent >= 86 else {
            // Below 2⁻⁴⁰. Exact but for the rounding to a whole number: a power of two changes the exponent only.
            return integer((Double(value) * scale).rounded(.toNearestOrEven)) &* Int128(Int64(weight))
        }
        // The value is its 24 bits times 2^(exponent − 150).
        let product = Int64(value.bitPattern & 0x7f_ffff | 0x80_0000) &* Int64(weight)
        return Int128(value.sign == .minus ? -product : product) &<< Int128(exponent - 86)
    }

    /// The quotient, rounded to the nearest integer, halves away from nought.
    ///
    /// - Precondition: the divisor is not nought and below 2⁶³.
    package static func quotient(_ sum: Int128, _ divisor: UInt64) -> Int128 {
        let magnitude = sum.magnitude
        let high = UInt64(truncatingIfNeeded: magnitude &>> 64).quotientAndRemainder(dividingBy: divisor)
        let low = divisor.dividingFullWidth((high.remainder, UInt64(truncatingIfNeeded: magnitude)))
        let whole = UInt128(high.quotient) &<< 64 | UInt128(low.quotient)
        let rounded = Int128(truncatingIfNeeded: low.remainder * 2 >= divisor ? whole &+ 1 : whole)
        return sum < 0 ? -rounded : rounded
    }

    /// A whole number as an integer.
    ///
    /// - Precondition: its magnitude is below 2¹¹⁵.
    static func integer(_ value: Double) -> Int128 {
        guard value.magnitude >= 0x1p62 else { return Int128(Int64(value)) }
        let beyond = value.exponent - 52
        let scaled = value * Double(sign: .plus, exponent: -beyond, significand: 1)
        return Int128(Int64(scaled)) &<< Int128(Int64(beyond))
    }

    /// The float that is nearest to an integer, of two the even one.
    static func nearest(_ value: Int128) -> Float {
        let magnitude = value.magnitude
        var top = UInt64(truncatingIfNeeded: magnitude)
        let high = UInt64(truncatingIfNeeded: magnitude &>> 64)
        var exponent = 0
        if high > 0 {
            exponent = 64 - high.leadingZeroBitCount
            let rest = top
            top = UInt64(truncatingIfNeeded: magnitude &>> UInt128(UInt64(exponent)))
            // What falls off still says on which side of the middle it is.
            if exponent == 64 ? rest != 0 : rest &<< UInt64(64 - exponent) != 0 { top |= 1 }
        }
        let result = Float(top) * Float(sign: .plus, exponent: exponent, significand: 1)
        return value < 0 ? -result : result
    }
}
