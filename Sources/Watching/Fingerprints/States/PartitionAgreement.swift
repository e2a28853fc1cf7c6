/// How far two divisions of the same things agree, whatever their parts are called.
package struct PartitionAgreement: Sendable {
    /// The share of things that are of the most frequent second part within their first part.
    package let purity: Double
    /// Pairs on which the divisions agree, less what chance would give: 1 for the same division, 0 for chance (Hubert
    /// and Arabie, Comparing partitions, 1985, equation 5). 1 where both leave no choice.
    package let adjustedRandIndex: Double

    /// Compares two divisions.
    ///
    /// - Precondition: both are of the same things, at least one.
    package init<First: Hashable, Second: Hashable>(_ first: [First], _ second: [Second]) {
        precondition(first.count == second.count && !first.isEmpty, "two divisions of the same things")
        var rows: [First: [Second: Int]] = [:]
        for (a, b) in zip(first, second) { rows[a, default: [:]][b, default: 0] += 1 }
        purity = Double(rows.values.reduce(0) { $0 + ($1.values.max() ?? 0) }) / Double(first.count)
        func pairs(_ counts: some Sequence<Int>) -> Double {
            counts.reduce(0.0) { $0 + Double($1) * Double($1 - 1) / 2 }
        }
        let together = pairs(rows.values.flatMap(\.values))
        let inFirst = pairs(rows.values.map { $0.values.reduce(0, +) })
        let inSecond = pairs(Dictionary(grouping: second, by: \.self).values.map(\.count))
        let all = pairs(CollectionOfOne(first.count))
        let expected = all > 0 ? inFirst * inSecond / all : 0
        let most = (inFirst + inSecond) / 2
        adjustedRandIndex = most > expected ? (together - expected) / (most - expected) : 1
    }
}
