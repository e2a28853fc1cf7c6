/// An exact sum of doubles: whatever the order in which values are added and sums are merged, the state is the same,
/// and the result is the true sum rounded once.
///
/// The sum is a fixed-point number wide enough for every double, in 32-bit digits held in 64-bit words, so that a
/// thousand additions may pass before carries are passed on ("small superaccumulator").
///
/// Source: Neal, "Fast exact summation using small and large superaccumulators", arXiv:1505.05571, 2015, section 2.
/// Deviation: words are kept in canonical form for comparison and coding (every digit but the highest in 0 ..< 2³²).
public struct ExactSum: Sendable {
    /// Digits: 2098 bits of all doubles' range, plus carries.
    private static let digitCount = 68
    /// Each addition adds less than 2⁵³ to a word, whose canonical content is below 2³².
    private static let additionsBetweenCarries = 1000

    /// Word `i` counts units of 2^(32·i − 1074).
    private var words = [Int64](repeating: 0, count: ExactSum.digitCount)
    private var pending = 0
    private var positiveInfinities: UInt64 = 0
    private var negativeInfinities: UInt64 = 0
    private var invalids: UInt64 = 0

    /// The sum of nothing: zero.
    public init() {}

    /// The sum of a sequence.
    public init(_ values: some Sequence<Double>) {
        for value in values { add(value) }
    }

    /// Adds a value. O(1); exact for every finite value. Infinities and NaN decide the result as in ordinary addition.
    public mutating func add(_ value: Double) {
        let bits = value.bitPattern
        let exponent = Int((bits >> 52) & 0x7ff)
        var mantissa = bits & 0xf_ffff_ffff_ffff
        if exponent == 0x7ff {
            if mantissa != 0 {
                invalids &+= 1
            } else if bits >> 63 == 0 {
                positiveInfinities &+= 1
            } else {
                negativeInfinities &+= 1
            }
            return
        }
        // The lowest mantissa bit of a normal number with exponent field e weighs 2^(e − 1 − 1074).
        var shift = 0
        if exponent != 0 {
            mantissa |= 1 << 52
            shift = exponent - 1
        }
        let digit = shift >> 5
        let low = Int64(bitPattern: (mantissa << UInt64(shift & 31)) & 0xffff_ffff)
        let high = Int64(bitPattern: mantissa >> UInt64(32 - (shift & 31)))
        if bits >> 63 == 0 {
            words[digit] += low
            words[digit + 1] += high
        } else {
            words[digit] -= low
            words[digit + 1] -= high
        }
        pending += 1
        if pending >= Self.additionsBetweenCarries { propagateCarries() }
    }

    /// Adds the exact square of a value: the rounded square and its rounding error, found by a fused multiply-add.
    ///
    /// Exact unless the square overflows (then infinity is added) or its error falls below the subnormal range.
    public mutating func addSquare(of value: Double) {
        let square = value * value
        add(square)
        guard square.isFinite else { return }
        add((-square).addingProduct(value, value))
    }

    /// Adds the exact product of two values; the same limits as ``addSquare(of:)``.
    public mutating func addProduct(_ a: Double, _ b: Double) {
        let product = a * b
        add(product)
        guard product.isFinite else { return }
        add((-product).addingProduct(a, b))
    }

    /// Doubles whose exact sum is this one: the rounded value, then the rounded rest, and so on; largest first.
    ///
    /// Empty for zero; one non-finite element for a sum that is not finite.
    public var expansion: [Double] {
        var parts: [Double] = []
        var rest = self
        while true {
            let part = rest.value
            if part == 0 { return parts }
            parts.append(part)
            guard part.isFinite else { return parts }
            rest.add(-part)
        }
    }

    /// Adds another sum.
    public mutating func merge(_ other: ExactSum) {
        var other = other
        propagateCarries()
        other.propagateCarries()
        for index in words.indices { words[index] &+= other.words[index] }
        propagateCarries()
        positiveInfinities &+= other.positiveInfinities
        negativeInfinities &+= other.negativeInfinities
        invalids &+= other.invalids
    }

    private mutating func propagateCarries() {
        var carry: Int64 = 0
        for index in 0..<(Self.digitCount - 1) {
            let total = words[index] + carry
            carry = total >> 32
            words[index] = total & 0xffff_ffff
        }
        words[Self.digitCount - 1] &+= carry
        pending = 0
    }

    /// The sum, rounded to the nearest double, ties to even.
    public var value: Double {
        if invalids > 0 || (positiveInfinities > 0 && negativeInfinities > 0) { return .nan }
        if positiveInfinities > 0 { return .infinity }
        if negativeInfinities > 0 { return -.infinity }
        var sum = self
        sum.propagateCarries()
        return Self.rounded(sum.words)
    }

    /// Rounds canonical words to the nearest double.
    private static func rounded(_ canonical: [Int64]) -> Double {
        var digits = canonical
        let negative = digits[digitCount - 1] < 0
        if negative {
            var carry: Int64 = 0
            for index in 0..<(digitCount - 1) {
                let total = carry - digits[index]
                carry = total >> 32
                digits[index] = total & 0xffff_ffff
            }
            digits[digitCount - 1] = carry - digits[digitCount - 1]
        }
        guard let top = digits.lastIndex(where: { $0 != 0 }) else { return 0 }
        let topBits = 64 - digits[top].leadingZeroBitCount
        // Position of the highest bit, and of the lowest bit that a double can keep.
        let highest = 32 * top + topBits - 1
        let lowest = max(0, highest - 52)
        func bit(_ position: Int) -> UInt64 {
            let index = min(position / 32, top)
            return UInt64(bitPattern: digits[index] >> Int64(position - 32 * index)) & 1
        }
        var mantissa: UInt64 = 0
        for position in stride(from: highest, through: lowest, by: -1) { mantissa = mantissa << 1 | bit(position) }
        if lowest > 0 && bit(lowest - 1) == 1 {
            let index = min((lowest - 1) / 32, top)
            let mask = (Int64(1) << Int64(lowest - 1 - 32 * index)) - 1
            let sticky = digits[index] & mask != 0 || digits[..<index].contains { $0 != 0 }
            if sticky || mantissa & 1 == 1 { mantissa += 1 }
        }
        // Exact: the mantissa has at most 53 bits, or is 2^53; too large a power gives infinity as it should.
        let magnitude = Double(sign: .plus, exponent: lowest - 1074, significand: Double(mantissa))
        return negative ? -magnitude : magnitude
    }

    /// The state in its one canonical form.
    private var canonical: ExactSum {
        var result = self
        result.propagateCarries()
        return result
    }
}

extension ExactSum: Equatable {
    /// True when both are sums of the same total (and met the same non-finite values).
    public static func == (a: ExactSum, b: ExactSum) -> Bool {
        a.canonical.words == b.canonical.words && a.positiveInfinities == b.positiveInfinities
            && a.negativeInfinities == b.negativeInfinities && a.invalids == b.invalids
    }
}

extension ExactSum: Codable {
    private enum CodingKeys: String, CodingKey {
        case first, digits, positiveInfinities, negativeInfinities, invalids
    }

    /// Reads a sum.
    ///
    /// - Throws: `DecodingError` for digits that no sum has.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let first = try container.decode(Int.self, forKey: .first)
        let digits = try container.decode([Int64].self, forKey: .digits)
        guard
            let sum = ExactSum(
                first: first, digits: digits,
                positiveInfinities: try container.decodeIfPresent(UInt64.self, forKey: .positiveInfinities) ?? 0,
                negativeInfinities: try container.decodeIfPresent(UInt64.self, forKey: .negativeInfinities) ?? 0,
                invalids: try container.decodeIfPresent(UInt64.self, forKey: .invalids) ?? 0)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .digits, in: container, debugDescription: "the digits are not those of an exact sum")
        }
        self = sum
    }

    /// The sum that is written with these digits, lowest first, of which the lowest is number `first`; `nil` for digits that
    /// no sum has.
    public init?(
        first: Int, digits: [Int64], positiveInfinities: UInt64 = 0, negativeInfinities: UInt64 = 0,
        invalids: UInt64 = 0
    ) {
        let last = Self.digitCount - 1
        guard first >= 0, digits.count <= Self.digitCount, first <= Self.digitCount - digits.count else { return nil }
        for (index, digit) in digits.enumerated() {
            let isSound = first + index == last ? abs(digit / 2) < 1 << 40 : digit >= 0 && digit <= 0xffff_ffff
            guard isSound else { return nil }
            words[first + index] = digit
        }
        self.positiveInfinities = positiveInfinities
        self.negativeInfinities = negativeInfinities
        self.invalids = invalids
    }

    /// Writes the canonical digits, lowest first, without the zeros around them.
    public func encode(to encoder: any Encoder) throws {
        let words = canonical.words
        var container = encoder.container(keyedBy: CodingKeys.self)
        let first = words.firstIndex { $0 != 0 } ?? 0
        let last = words.lastIndex { $0 != 0 } ?? -1
        try container.encode(first, forKey: .first)
        try container.encode(first <= last ? Array(words[first...last]) : [], forKey: .digits)
        if positiveInfinities > 0 { try container.encode(positiveInfinities, forKey: .positiveInfinities) }
        if negativeInfinities > 0 { try container.encode(negativeInfinities, forKey: .negativeInfinities) }
        if invalids > 0 { try container.encode(invalids, forKey: .invalids) }
    }
}
