/// A multiset of numbers from which quantiles can be read, and which merges exactly: the union of two sketches is the
/// sketch of the union, whatever the order.
///
/// Numbers are cut to `precision` bits after the leading one, so that a quantile is off by at most 2^−(precision+1)
/// of its magnitude; with 52 bits nothing is cut and quantiles are exact (and the sketch as large as the data: for use
/// inside one domain only).
package struct DistributionSketch: Codable, Sendable, Equatable {
    /// Bits kept after the leading one.
    package let precision: Int
    /// Distinct keys in ascending order; a key is the cut number's bits in an order-preserving form.
    private var keys: [Int64]
    /// How many numbers have each key.
    private var counts: [Int]
    /// The smallest number; 0 when there is none.
    package private(set) var minimum = 0.0
    /// The largest number; 0 when there is none.
    package private(set) var maximum = 0.0

    /// Number of numbers.
    package var count: Int { counts.reduce(0, +) }

    /// Whether there is no number.
    package var isEmpty: Bool { keys.isEmpty }

    /// Hands over the numbers below `low` and above `high`, and how often each occurs.
    func forEach(beyond low: Double, _ high: Double, _ body: (_ value: Double, _ count: Int) -> Void) {
        for index in keys.indices {
            let value = representative(keys[index])
            if value >= low { break }
            body(value, counts[index])
        }
        for index in keys.indices.reversed() {
            let value = representative(keys[index])
            if value <= high { break }
            body(value, counts[index])
        }
    }

    /// An empty sketch.
    ///
    /// - Precondition: 0 ≤ `precision` ≤ 52.
    package init(precision: Int) {
        precondition((0...52).contains(precision), "a number has 52 bits after the leading one")
        self.precision = precision
        keys = []
        counts = []
    }

    /// The sketch of some numbers; those that are not finite are left out. O(n log n).
    package init(_ values: some Sequence<Double>, precision: Int) {
        self.init(precision: precision)
        var found: [Int64] = []
        for value in values where value.isFinite {
            minimum = found.isEmpty ? value : min(minimum, value)
            maximum = found.isEmpty ? value : max(maximum, value)
            found.append(Self.key(value) >> Int64(52 - precision))
        }
        found.sort()
        for key in found {
            if keys.last == key {
                counts[counts.count - 1] += 1
            } else {
                keys.append(key)
                counts.append(1)
            }
        }
    }

    /// Takes in the numbers of another sketch. O(distinct keys).
    ///
    /// - Precondition: both have the same precision.
    package mutating func merge(_ other: DistributionSketch) {
        precondition(precision == other.precision, "sketches of different precision do not merge")
        if other.keys.isEmpty { return }
        minimum = keys.isEmpty ? other.minimum : min(minimum, other.minimum)
        maximum = keys.isEmpty ? other.maximum : max(maximum, other.maximum)
        var mergedKeys: [Int64] = []
        var mergedCounts: [Int] = []
        // No more than it takes: sketches are many, and live long.
        let distinct = keys.count + other.keys.count - sharedKeys(with: other)
        mergedKeys.reserveCapacity(distinct)
        mergedCounts.reserveCapacity(distinct)
        var (i, j) = (0, 0)
        while i < keys.count || j < other.keys.count {
            if j == other.keys.count || (i < keys.count && keys[i] < other.keys[j]) {
                mergedKeys.append(keys[i])
                mergedCounts.append(counts[i])
                i += 1
            } else if i == keys.count || other.keys[j] < keys[i] {
                mergedKeys.append(other.keys[j])
                mergedCounts.append(other.counts[j])
                j += 1
            } else {
                mergedKeys.append(keys[i])
                mergedCounts.append(counts[i] + other.counts[j])
                i += 1
                j += 1
            }
        }
        keys = mergedKeys
        counts = mergedCounts
    }

    private func sharedKeys(with other: DistributionSketch) -> Int {
        var (i, j, shared) = (0, 0, 0)
        while i < keys.count, j < other.keys.count {
            let (mine, others) = (keys[i], other.keys[j])
            if mine == others { shared += 1 }
            if mine <= others { i += 1 }
            if others <= mine { j += 1 }
        }
        return shared
    }

    /// The quantiles at ascending probabilities, linear between order statistics (NumPy's default).
    ///
    /// - Precondition: the sketch is not empty; the probabilities ascend within 0…1.
    package func quantiles(_ probabilities: [Double]) -> [Double] {
        let total = count
        precondition(total > 0, "an empty sketch has no quantiles")
        var result: [Double] = []
        var index = 0
        var before = 0
        func orderStatistic(_ rank: Int) -> Double {
            while before + counts[index] <= rank {
                before += counts[index]
                index += 1
            }
            return representative(keys[index])
        }
        for probability in probabilities {
            let position = probability * Double(total - 1)
            let rank = Int(position)
            // Ranks that two probabilities share need the walk to step back.
            if rank < before { (index, before) = (0, 0) }
            let low = orderStatistic(rank)
            let saved = (index, before)
            let high = rank + 1 < total ? orderStatistic(rank + 1) : low
            (index, before) = saved
            result.append(low + (high - low) * (position - Double(rank)))
        }
        return result
    }

    /// The middle of the numbers that have a key, within what occurred.
    private func representative(_ key: Int64) -> Double {
        let shift = Int64(52 - precision)
        let low = Self.value(key << shift)
        guard shift > 0 else { return low }
        let high = Self.value(((key + 1) << shift) - 1)
        return Swift.max(minimum, Swift.min(maximum, low + (high - low) / 2))
    }

    /// An integer that orders as the number does: the bits of a positive one, the complemented magnitude of a
    /// negative one.
    private static func key(_ value: Double) -> Int64 {
        let bits = Int64(bitPattern: (value + 0).bitPattern)
        return bits >= 0 ? bits : ~(bits & .max)
    }

    private static func value(_ key: Int64) -> Double {
        Double(bitPattern: UInt64(bitPattern: key >= 0 ? key : (~key) | .min))
    }
}
