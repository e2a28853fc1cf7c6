import Platform

/// The buckets of an exponential histogram (opentelemetry-proto, `ExponentialHistogramDataPoint`), whose bounds are powers
/// of 2^(2^−scale) and change as what is observed does. They are added up to bounds that stay: powers of two.
struct ExponentialBuckets {
    private var scale = 0
    /// Observations at 0 and below it.
    private var low = 0.0
    private var offset = 0
    private var counts: [Double] = []

    /// Exponents of the bounds: from a millionth to a thousand million.
    private static let exponents = -20...30

    /// No observation.
    init() {}

    /// Takes one of a point's fields 6 to 9.
    ///
    /// - Throws: `ProtobufReader.Malformed` where it is none.
    mutating func take(field: Int, _ value: ProtobufReader.Value) throws(ProtobufReader.Malformed) {
        switch field {
        case 6: scale = Self.signed(value.integer)
        case 7: low += value.integer.map { Double(UInt64(bitPattern: $0)) } ?? 0
        default:
            guard let part = value.bytes else { return }
            var reader = ProtobufReader(part)
            var (first, numbers): (Int, [Double]) = (0, [])
            while let (inner, value) = try reader.next() {
                if inner == 1 {
                    first = Self.signed(value.integer)
                } else if inner == 2, let packed = value.bytes {
                    numbers += try ProtobufReader.varints(packed).map { Double($0) }
                } else if inner == 2, let number = value.integer {
                    numbers.append(Double(UInt64(bitPattern: number)))
                }
            }
            if field == 8 { (offset, counts) = (first, numbers) } else { low += numbers.reduce(0, +) }
        }
    }

    /// The buckets of a point in the JSON form.
    init(_ json: ParsedJSON) {
        func whole(_ value: ParsedJSON) -> Int { value.anyNumber.map { Int(Int64(clampingTo: $0)) } ?? 0 }
        scale = whole(json["scale"])
        offset = whole(json["positive"]["offset"])
        counts = json["positive"]["bucketCounts"].elements.map { $0.anyNumber ?? 0 }
        low =
            (json["zeroCount"].anyNumber ?? 0)
            + json["negative"]["bucketCounts"].elements.reduce(0) { $0 + ($1.anyNumber ?? 0) }
    }

    /// A number in zigzag form.
    private static func signed(_ value: Int64?) -> Int {
        let bits = UInt64(bitPattern: value ?? 0)
        return Int(bits >> 1) ^ -Int(bits & 1)
    }

    /// The observations up to each bound, with `+Inf` last; `nil` for a scale that the specification does not have.
    ///
    /// - Parameter count: of all observations.
    func cumulative(count: Double?) -> [(bound: String, count: Double)]? {
        guard (-10...20).contains(scale), offset.magnitude < 1 << 40 else { return nil }
        var added = [Double](repeating: 0, count: Self.exponents.count + 1)
        for (index, number) in counts.enumerated() {
            let upper = offset + index + 1
            // Whole exponents, rounded up: the bound below which all of the bucket lies.
            let exponent = scale >= 0 ? -((-upper) >> scale) : upper << -scale
            let place = min(max(exponent, Self.exponents.lowerBound), Self.exponents.upperBound + 1)
            added[place - Self.exponents.lowerBound] += number
        }
        var upTo = low
        var result: [(bound: String, count: Double)] = []
        for (place, exponent) in Self.exponents.enumerated() {
            upTo += added[place]
            result.append(("\(Double(sign: .plus, exponent: exponent, significand: 1))", upTo))
        }
        result.append(("+Inf", count ?? upTo + added[added.count - 1]))
        return result
    }
}
