/// Sorts latencies: the numbers that a placement spends its time with.
///
/// Non-negative floating-point numbers are in the order of their bit patterns, so that they can be put into place digit by
/// digit: O(n) for each of six digits of eleven bits, of which those that all numbers share are passed over. Below some
/// hundred numbers comparing is faster.
package enum AscendingLatencies {
    private static let digitBits = 11
    private static let leastCount = 400

    /// Sorts numbers that are 0 or more, infinity among them.
    package static func sort(_ values: inout [Double]) {
        guard values.count >= leastCount else { return values.sort() }
        // The one with a sign that is 0 all the same.
        var keys = values.map { ($0 + 0).bitPattern }
        var other = [UInt64](repeating: 0, count: keys.count)
        let size = 1 << digitBits
        let digits = (UInt64.bitWidth + digitBits - 1) / digitBits
        var counts = [Int](repeating: 0, count: size * digits)
        for key in keys {
            for digit in 0..<digits {
                counts[digit * size + Int(truncatingIfNeeded: key >> UInt64(digit * digitBits)) & (size - 1)] += 1
            }
        }
        for digit in 0..<digits {
            let shift = UInt64(digit * digitBits)
            let first = digit * size
            if counts[first + Int(truncatingIfNeeded: keys[0] >> shift) & (size - 1)] == keys.count { continue }
            var start = 0
            for index in first..<first + size {
                let count = counts[index]
                counts[index] = start
                start += count
            }
            for key in keys {
                let index = first + Int(truncatingIfNeeded: key >> shift) & (size - 1)
                other[counts[index]] = key
                counts[index] += 1
            }
            swap(&keys, &other)
        }
        for index in values.indices { values[index] = Double(bitPattern: keys[index]) }
    }
}
