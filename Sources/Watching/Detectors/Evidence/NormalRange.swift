import Glibc
internal import Platform

/// Where one part of each metric normally is, and how fast it becomes rare beyond: what turns a number into evidence.
///
/// A value beyond an end of the range is r = (x − middle) / (end − middle) ranges away; the tail beyond is Pareto with
/// the Hill index γ of the training part, so that −ln P(beyond x | beyond the end) = ln r / γ. That is the evidence,
/// the same unit for every metric and part: no weight is needed to add them.
///
/// What is never below zero is an *amount*, and falls by factors: of a rate that goes up and down between 30 and 200, 0 is
/// no farther from the middle than 200 in requests a second, and yet all that there was. Below an amount's range distances
/// are logarithms, of the value and a thirtieth of the middle, so that nothing is endless.
///
/// Source: Hill, "A simple general approach to inference about the tail of a distribution", Annals of Statistics 3, 1975;
/// deviation: γ is shrunk towards ``usualIndex``, as if by ``usualCount`` more exceedances.
package struct NormalRange: Sendable {
    /// The lower end of each metric, `[F]`.
    package let low: [Double]
    /// The middle, `[F]`; between the ends.
    package let middle: [Double]
    /// The upper end, `[F]`.
    package let high: [Double]
    /// 1/γ below the range, `[F]`; positive.
    package let rarityBelow: [Double]
    /// 1/γ above it, `[F]`; positive.
    package let rarityAbove: [Double]
    /// What is added to an amount before its fall is taken as a factor, `[F]`; 0 of metrics that are none.
    package let floors: [Double]

    /// The share of normal values beyond each end.
    package static let tail = 0.005
    /// The most evidence of one part of one metric that scores count: e⁻¹⁰ of what is beyond the end.
    package static let cap = 10.0
    /// What γ is shrunk to.
    static let usualIndex = 0.3
    /// As if by so many more exceedances.
    static let usualCount = 20.0
    /// γ is at least this.
    static let leastIndex = 0.1
    /// The part of an amount's middle that is as good as nothing.
    static let nothing = 1.0 / 30
    /// How far the range of a metric that nobody has seen reaches.
    static let endless = 1e300

    /// The ranges that sketches of normal values give.
    ///
    /// - Parameters:
    ///   - sketches: one a metric; of one that was never there it is empty, and nothing is beyond the range.
    ///   - held: further ones of values that count more, of the same metrics: a range reaches as far as either says.
    ///   - widths: the least distance from the middle to an end, `[F]`; positive.
    ///   - zeros: where zero is among the sketches' values, `[F]`; `nil`: they are differences, and no amounts.
    init(
        _ sketches: ArraySlice<DistributionSketch>, held: ArraySlice<DistributionSketch>? = nil, widths: [Double],
        zeros: [Double]? = nil
    ) {
        var floors = [Double](repeating: 0, count: widths.count)
        var (low, middle, high): ([Double], [Double], [Double]) = ([], [], [])
        var (below, above): ([Double], [Double]) = ([], [])
        for (index, sketch) in sketches.enumerated() {
            var ends =
                sketch.isEmpty
                ? [-Self.endless, 0, Self.endless] : sketch.quantiles([Self.tail, 0.5, 1 - Self.tail])
            var counted = sketch
            if let held, !held[held.startIndex + index].isEmpty {
                counted = held[held.startIndex + index]
                let others = counted.quantiles([Self.tail, 1 - Self.tail])
                ends[0] = min(ends[0], others[0])
                ends[2] = max(ends[2], others[1])
            }
            ends[0] = min(ends[0], ends[1] - widths[index])
            ends[2] = max(ends[2], ends[1] + widths[index])
            if let zeros, ends[0] >= zeros[index] { floors[index] = Self.nothing * (ends[1] - zeros[index]) }
            let indices = Self.hill(
                counted, ends,
                below: { Self.depth(of: $0, ends[0], ends[1], floor: floors[index], zero: zeros?[index] ?? 0) })
            low.append(ends[0])
            middle.append(ends[1])
            high.append(ends[2])
            below.append(1 / indices.below)
            above.append(1 / indices.above)
        }
        (self.low, self.middle, self.high) = (low, middle, high)
        (rarityBelow, rarityAbove) = (below, above)
        self.floors = floors
    }

    private static func hill(
        _ sketch: DistributionSketch, _ ends: [Double], below depth: (Double) -> Double
    ) -> (below: Double, above: Double) {
        var (below, above) = (usualIndex * usualCount, usualIndex * usualCount)
        var (countBelow, countAbove) = (usualCount, usualCount)
        sketch.forEach(beyond: ends[0], ends[2]) { value, count in
            if value > ends[2] {
                above += Double(count) * log((value - ends[1]) / (ends[2] - ends[1]))
                countAbove += Double(count)
            } else {
                below += Double(count) * log(depth(value))
                countBelow += Double(count)
            }
        }
        return (max(leastIndex, below / countBelow), max(leastIndex, above / countAbove))
    }

    /// How many ranges a value below the range is away from the middle.
    ///
    /// - Parameters:
    ///   - floor: see ``floors``.
    ///   - zero: what is zero.
    private static func depth(
        of value: Double, _ low: Double, _ middle: Double, floor: Double, zero: Double = 0
    ) -> Double {
        let distance = (middle - value) / (middle - low)
        guard floor > 0 else { return distance }
        func height(_ value: Double) -> Double { max(0, value - zero) + floor }
        return max(distance, log(height(middle) / height(value)) / log(height(middle) / height(low)))
    }

    /// The evidence that a value gives, however much that is: 0 within the range; positive above it, negative below.
    @inline(__always)
    func evidence(_ value: Double, _ metric: Int) -> Double {
        if value > high[metric] {
            let ratio = (value - middle[metric]) / (high[metric] - middle[metric])
            return log(ratio) * rarityAbove[metric]
        }
        if value < low[metric] {
            let ratio = Self.depth(of: value, low[metric], middle[metric], floor: floors[metric])
            return -log(ratio) * rarityBelow[metric]
        }
        return 0
    }

    /// Whether nothing is known of a metric: no value is beyond its range.
    func isEndless(_ metric: Int) -> Bool { high[metric] - low[metric] >= Self.endless }

    /// Whether it has `width` usable ranges.
    func isConsistent(width: Int) -> Bool {
        low.areFinite(width) && middle.areFinite(width) && high.areFinite(width)
            && rarityBelow.arePositive(width) && rarityAbove.arePositive(width) && floors.areFinite(width)
            && (0..<width).allSatisfy {
                low[$0] < middle[$0] && middle[$0] < high[$0] && (floors[$0] == 0 || floors[$0] > 0 && low[$0] >= 0)
            }
    }
}

extension NormalRange: Codable {
    private enum CodingKeys: CodingKey { case low, middle, high, rarityBelow, rarityAbove, floors }

    /// Reads ranges.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func numbers(_ key: CodingKeys) throws -> [Double] { try values.decode(PackedNumbers.self, forKey: key).values }
        low = try numbers(.low)
        middle = try numbers(.middle)
        high = try numbers(.high)
        rarityBelow = try numbers(.rarityBelow)
        rarityAbove = try numbers(.rarityAbove)
        // Ranges of older models measure every fall as a distance.
        floors =
            try values.decodeIfPresent(PackedNumbers.self, forKey: .floors)?.values
            ?? [Double](repeating: 0, count: low.count)
    }

    /// Writes them; there are many.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(PackedNumbers(low), forKey: .low)
        try values.encode(PackedNumbers(middle), forKey: .middle)
        try values.encode(PackedNumbers(high), forKey: .high)
        try values.encode(PackedNumbers(rarityBelow), forKey: .rarityBelow)
        try values.encode(PackedNumbers(rarityAbove), forKey: .rarityAbove)
        if floors.contains(where: { $0 > 0 }) { try values.encode(PackedNumbers(floors), forKey: .floors) }
    }
}
