internal import Numerics

/// Which metrics an event is most likely about: those whose deviation is rare, and those that went far.
///
/// What is rare is not always large: a metric that hardly ever moved is beyond all that was seen with every small step,
/// and one that has been restless for days goes on to be. What is large is not always rare. So a metric counts by the sum
/// of two shares: that of the deviations of all metrics during the event, and that of their excursions. An excursion is how
/// far a metric went beyond what it showed just before (98 % of the rows before the onset, on each side), as a part of the
/// whole span that it has ever been seen in. Where nobody says where values lie (``MetricDeviations/extents``), the
/// deviation decides.
package struct SuspectRanking: Sendable {
    /// How suspicious each metric is, `[F]`, 0…2.
    package let scores: [Double]

    /// Rows before an event in which its onset is looked for, and what was usual before it.
    package static let lookBack = 60
    /// An alarm is late by at most so many of them.
    private static let latest = 30
    /// What was usual: without so much at each end.
    private static let tail = 0.02

    /// Ranks the metrics by an event's rows.
    ///
    /// - Parameters:
    ///   - rows: the event's rows; not empty. Earlier ones say what was usual.
    ///   - deviations: how far each metric deviates, `[N × F]`, row-major.
    ///   - places: where each value lies, `[N × F]`.
    ///   - extents: in what span of places each metric was seen up to each row, `[N × F]`; 0: nobody says.
    ///   - onsetShare: rows before the event belong to it as long as the metrics together reach this share of its peak.
    package init(
        _ rows: Range<Int>, width: Int, deviations: [Double], places: [Float], extents: [Float],
        lookBack: Int = lookBack, onsetShare: Double = 0.25
    ) {
        precondition(!rows.isEmpty && rows.lowerBound >= 0, "an event has rows")
        precondition(rows.upperBound * width <= deviations.count, "rows of these")
        precondition(
            places.count == deviations.count && extents.count == deviations.count, "a place for each deviation")
        func whole(_ row: Int) -> Double { (0..<width).reduce(0) { $0 + deviations[row * width + $1] } }
        let limit = onsetShare * (rows.map(whole).max() ?? 0)
        let first = max(0, rows.lowerBound - lookBack)
        var onset = rows.lowerBound
        if limit > 0, whole(onset) >= limit {
            let earliest = max(first, rows.lowerBound - min(lookBack, Self.latest))
            while onset > earliest, whole(onset - 1) >= limit { onset -= 1 }
        }
        let totals = (0..<width).map { metric in rows.reduce(0) { $0 + deviations[$1 * width + metric] } }
        let excursions = (0..<width).map { metric -> Double in
            func cell(_ row: Int) -> Int { row * width + metric }
            guard let last = (onset..<rows.upperBound).last(where: { extents[cell($0)] > 0 }) else { return 0 }
            let before = (first..<onset).filter { extents[cell($0)] > 0 }.map { Double(places[cell($0)]) }.sorted()
            let usual =
                before.isEmpty
                ? (low: 0, high: 1) : (low: before.quantile(Self.tail), high: before.quantile(1 - Self.tail))
            let farthest = (onset...last).reduce(0.0) { farthest, row in
                guard extents[cell(row)] > 0 else { return farthest }
                let place = Double(places[cell(row)])
                return max(farthest, place - usual.high, usual.low - place)
            }
            return farthest / Double(extents[cell(last)])
        }
        scores = zip(Self.shares(totals), Self.shares(excursions)).map(+)
    }

    /// All metrics, most suspicious first; ties in their order.
    package var order: [Int] { Self.descending(scores) }

    /// Every one's part in the sum; all 0 where that is 0.
    private static func shares(_ values: [Double]) -> [Double] {
        let sum = values.reduce(0, +)
        return sum > 0 ? values.map { $0 / sum } : values
    }

    /// Indices by descending value, ties in ascending order.
    static func descending(_ values: [Double]) -> [Int] {
        values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    }
}
