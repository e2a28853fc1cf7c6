/// A mergeable sketch of a distribution: bins over the bit patterns of doubles, as fine as a bound on their number
/// allows.
///
/// Doubles sort like the integers that their bit patterns make (with negative ones turned around). A bin holds all
/// doubles whose pattern agrees in all but the lowest `droppedBits` bits, so a bin's width is relative to its values;
/// with few different values every bin is exact. When there are more than ``maximumBins`` bins, one more bit is
/// dropped, which joins neighbours in pairs. The number of bits dropped is the smallest that fits the whole data, and
/// so neither the order of additions nor that of merges can change the state.
///
/// Source: the collapsing of Epicoco et al., "UDDSketch: accurate tracking of quantiles in data streams", IEEE Access
/// 8, 2020, on the bins of HdrHistogram-like binary floating point instead of logarithms.
public struct QuantileSketch: Hashable, Sendable {
    /// Most bins kept.
    public static let maximumBins = 1024

    /// Bits of the pattern that a bin does not look at.
    public private(set) var droppedBits = 0
    private var bins: [Int64: UInt64] = [:]
    /// Number of values.
    public private(set) var count: UInt64 = 0

    /// The sketch of nothing.
    public init() {}

    /// The integer that sorts as the double does.
    private static func key(_ value: Double) -> Int64 {
        let pattern = Int64(bitPattern: (value == 0 ? 0 : value).bitPattern)
        return pattern >= 0 ? pattern : Int64.min &- pattern
    }

    private static func value(_ key: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: key >= 0 ? key : Int64.min &- key))
    }

    /// Adds a value. O(1) expected.
    ///
    /// - Precondition: the value is finite.
    public mutating func add(_ value: Double) {
        precondition(value.isFinite, "a sketch takes finite values")
        bins[Self.key(value) >> Int64(droppedBits), default: 0] &+= 1
        count &+= 1
        collapse()
    }

    /// Adds another sketch.
    public mutating func merge(_ other: QuantileSketch) {
        let target = max(droppedBits, other.droppedBits)
        drop(to: target)
        for (key, weight) in other.bins { bins[key >> Int64(target - other.droppedBits), default: 0] &+= weight }
        count &+= other.count
        collapse()
    }

    /// Lets a part of the values count, spread evenly over their ranks: of all together as many as the part is.
    mutating func weigh(_ weight: StatisticsComparison.Weight) {
        var (sum, before): (UInt64, UInt64) = (0, 0)
        var kept: [Int64: UInt64] = [:]
        for (key, number) in bins.sorted(by: { $0.key < $1.key }) {
            sum += number
            let counted = weight.share(of: sum)
            if counted > before { kept[key] = counted - before }
            before = counted
        }
        (bins, count) = (kept, before)
    }

    private mutating func collapse() {
        while bins.count > Self.maximumBins { drop(to: droppedBits + 1) }
    }

    private mutating func drop(to target: Int) {
        guard target > droppedBits else { return }
        let shift = Int64(target - droppedBits)
        var coarser: [Int64: UInt64] = [:]
        coarser.reserveCapacity(bins.count)
        for (key, weight) in bins { coarser[key >> shift, default: 0] &+= weight }
        bins = coarser
        droppedBits = target
    }

    /// The bins in ascending order: the middle of each and how many values it holds.
    public var sortedBins: [(value: Double, weight: UInt64)] {
        bins.sorted { $0.key < $1.key }.map { (Self.middle($0.key, droppedBits), $0.value) }
    }

    private static func middle(_ bin: Int64, _ droppedBits: Int) -> Double {
        if droppedBits == 0 { return value(bin) }
        let low = bin << Int64(droppedBits)
        let high = low + ((Int64(1) << Int64(droppedBits)) - 1)
        // Zero is a bin of its own in spirit: many metrics rest there, and it must not move.
        if low <= 0 && high >= 0 { return 0 }
        let (a, b) = (value(low), value(high))
        let middle = a / 2 + b / 2
        return middle.isFinite ? middle : (a.isFinite ? a : b)
    }

    /// Whether the lowest bin is that of `low` and the highest that of `high`.
    func reaches(from low: Double, to high: Double) -> Bool {
        guard let first = bins.keys.min(), let last = bins.keys.max() else { return false }
        return first == Self.key(low) >> Int64(droppedBits) && last == Self.key(high) >> Int64(droppedBits)
    }

    /// Between which numbers the sum of all values lies.
    var sumBounds: (low: Double, high: Double) {
        var (low, high) = (0.0, 0.0)
        for (bin, weight) in bins {
            let first = bin << Int64(droppedBits)
            low += Self.value(first) * Double(weight)
            high += Self.value(first + ((Int64(1) << Int64(droppedBits)) - 1)) * Double(weight)
        }
        return (low, high)
    }

    /// The value below which a share `q` of the values lies (rank ⌈q·n⌉, at least 1); `nil` when empty.
    ///
    /// The rank is exact, the value is within a bin: relative error at most 2^(droppedBits − 53).
    ///
    /// - Precondition: `q` lies in 0 … 1.
    public func quantile(_ q: Double) -> Double? { quantiles([q])?.first }

    /// Several quantiles in one pass; they may be asked for in any order.
    public func quantiles(_ shares: [Double]) -> [Double]? {
        Self.quantiles(shares, of: sortedBins)
    }

    /// Several quantiles of bins in ascending order; `nil` without any.
    static func quantiles(_ shares: [Double], of sorted: [(value: Double, weight: UInt64)]) -> [Double]? {
        precondition(shares.allSatisfy { $0 >= 0 && $0 <= 1 }, "quantiles lie in 0 … 1")
        guard !sorted.isEmpty else { return nil }
        var cumulative: [UInt64] = []
        var total: UInt64 = 0
        for bin in sorted {
            total &+= bin.weight
            cumulative.append(total)
        }
        return shares.map { share in
            let wanted = (share * Double(total)).rounded(.up)
            let rank = wanted >= 0x1p63 ? total : min(total, max(1, UInt64(wanted)))
            var (low, high) = (0, cumulative.count - 1)
            while low < high {
                let middle = (low + high) / 2
                if cumulative[middle] >= rank { high = middle } else { low = middle + 1 }
            }
            return sorted[low].value
        }
    }
}

extension QuantileSketch: Codable {
    private enum CodingKeys: String, CodingKey { case droppedBits, keys, weights }

    /// Reads a sketch.
    ///
    /// - Throws: `DecodingError` for bins that no sketch has.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let dropped = try container.decode(Int.self, forKey: .droppedBits)
        let keys = try container.decode([Int64].self, forKey: .keys)
        let weights = try container.decode([UInt64].self, forKey: .weights)
        guard let sketch = QuantileSketch(droppedBits: dropped, keys: keys, weights: weights) else {
            throw DecodingError.dataCorruptedError(
                forKey: .keys, in: container, debugDescription: "these are not the bins of a quantile sketch")
        }
        self = sketch
    }

    /// The sketch with these bins; `nil` for bins that no sketch has.
    init?(droppedBits dropped: Int, keys: [Int64], weights: [UInt64]) {
        // A bit is dropped only where there are too many bins, and then they are more than half of the most: what is coarser
        // than its values need would make every sketch coarse that it is merged with.
        guard (0...62).contains(dropped), keys.count == weights.count, keys.count <= Self.maximumBins,
            dropped == 0 || keys.count > Self.maximumBins / 2
        else { return nil }
        bins.reserveCapacity(keys.count)
        for (key, weight) in zip(keys, weights) {
            let (sum, overflow) = count.addingReportingOverflow(weight)
            let isFinite =
                key == (key << Int64(dropped)) >> Int64(dropped) && Self.value(key << Int64(dropped)).isFinite
            guard isFinite, weight > 0, !overflow, sum <= 1 << 53, bins.updateValue(weight, forKey: key) == nil else {
                return nil
            }
            count = sum
        }
        droppedBits = dropped
    }

    /// Writes the bins in ascending order.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        let sorted = bins.sorted { $0.key < $1.key }
        try container.encode(droppedBits, forKey: .droppedBits)
        try container.encode(sorted.map(\.key), forKey: .keys)
        try container.encode(sorted.map(\.value), forKey: .weights)
    }
}
