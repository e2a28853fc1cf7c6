import Glibc
internal import Platform

/// How far the parts of the shipped detector usually see metrics reach, over many entities: what an entity with few rows of
/// its own has from the others.
///
/// Of each metric and part there are four figures: the logarithms of how far the normal range (``NormalRange``) reaches
/// below and above its middle, in the entity's own spreads, and the Hill indices of both tails. Entities differ in their
/// levels and spreads, and much less in the shapes of their tails; it is these that minutes of rows do not show. Before
/// them stands which part of the rows knows the metric at all: figures are multiplied by that, so that vectors add up, in any
/// order and wherever they were summed, and the mean over all is what the mean over sites' means is.
package struct UsualRanges: Equatable, Sendable {
    /// The parts that it knows of. The rhythm needs days of rows, and with it there are enough of an entity's own; what
    /// autoencoders say is known to all anyway.
    static let parts: [EvidencePart] = [.level, .jump, .step, .shift, .relation, .mean]
    /// Figures of a metric.
    package static let figures = 1 + 4 * parts.count
    /// An entity's own rows count as they are, the usual ranges as if by so many.
    static let weight = 500.0
    /// No logarithm of a reach is larger.
    static let longestReach = 8.0
    /// No Hill index is larger.
    private static let largestIndex = 1.0

    /// The metrics, M, as ``name(of:in:)`` has them.
    package let metrics: [String]
    /// The figures, `[M × figures]`; all 0 where nobody knows a metric.
    package private(set) var values: [Float]
    /// Rows of all entities behind them; `nil`: those of a federation, of which nobody says how many they are.
    package var rows: Int?

    /// A metric's name among those of all groups.
    package static func name(of metric: String, in group: String) -> String { group + "/" + metric }

    /// Ranges from what was summed up elsewhere.
    ///
    /// - Returns: `nil` where there are not as many figures as the metrics have.
    package init?(metrics: [String], values: [Float]) {
        guard values.count == metrics.count * Self.figures else { return nil }
        self.metrics = metrics
        self.values = values
    }

    /// The ranges of one entity's detector; a metric that it does not have, or that stood still, is not known.
    ///
    /// - Parameter spreads: of each of the detector's metrics; `nil` for one that stood still.
    init(metrics: [String], of detector: EvidenceDetector, spreads: [Double?]) {
        self.metrics = metrics
        values = [Float](repeating: 0, count: metrics.count * Self.figures)
        let places = Dictionary(
            zip(detector.metrics, detector.groups).enumerated().map {
                (Self.name(of: $0.element.0, in: $0.element.1), $0.offset)
            }, uniquingKeysWith: { first, _ in first })
        for (index, metric) in metrics.enumerated() {
            guard let place = places[metric], let spread = spreads[place],
                !zip(detector.parts, detector.ranges).contains(where: {
                    Self.parts.contains($0) && $1.isEndless(place)
                })
            else { continue }
            var figures: [Double] = [1]
            for part in Self.parts {
                guard let known = detector.parts.firstIndex(of: part) else { break }
                let range = detector.ranges[known]
                let unit = part.isScaled ? 1 : spread
                let reaches = [range.middle[place] - range.low[place], range.high[place] - range.middle[place]]
                figures += reaches.map { log($0 / unit) }
                figures += [1 / range.rarityBelow[place], 1 / range.rarityAbove[place]]
            }
            guard figures.count == Self.figures, figures.allSatisfy(\.isFinite) else { continue }
            for (offset, figure) in figures.enumerated() {
                values[index * Self.figures + offset] = Float(min(max(figure, -Self.longestReach), Self.longestReach))
            }
        }
    }

    /// Whether nobody knows any metric.
    package var isEmpty: Bool { values.allSatisfy { $0 == 0 } }

    /// What the others say: the mean without what some rows contributed to it.
    ///
    /// - Returns: `nil` where there are no others.
    /// - Precondition: both are of the same metrics.
    func without(_ own: UsualRanges, rows ownRows: Int) -> UsualRanges? {
        guard let rows, rows > ownRows else { return nil }
        var result = self
        result.rows = rows - ownRows
        let (all, mine, others) = (Double(rows), Double(ownRows), Double(rows - ownRows))
        for first in stride(from: 0, to: values.count, by: Self.figures) {
            let figures = (first..<first + Self.figures).map {
                Float((Double(values[$0]) * all - Double(own.values[$0]) * mine) / others)
            }
            // What is left of rounding is no knowledge.
            let isKnown = figures[0] > Self.leastKnown
            for (offset, figure) in figures.enumerated() { result.values[first + offset] = isKnown ? figure : 0 }
        }
        return result.isEmpty ? nil : result
    }

    /// The least part of the rows that has to know a metric, so that rounding does not.
    private static let leastKnown: Float = 1e-4

    /// The mean of several, each of so many rows; `nil` of none.
    ///
    /// - Precondition: all are of the same metrics.
    static func mean(_ several: [(ranges: UsualRanges, rows: Int)]) -> UsualRanges? {
        guard let first = several.first?.ranges else { return nil }
        let total = Double(several.reduce(0) { $0 + $1.rows })
        var result = first
        for index in result.values.indices {
            let sum = several.reduce(0.0) { $0 + Double($1.ranges.values[index]) * Double($1.rows) }
            result.values[index] = Float(sum / total)
        }
        result.rows = several.reduce(0) { $0 + $1.rows }
        return result
    }

    /// What is usual of one metric's part.
    struct Reach: Codable, Sendable {
        /// Logarithm of how far a range reaches below its middle, in spreads.
        let below: Double
        /// The same above.
        let above: Double
        /// The Hill index below.
        let indexBelow: Double
        /// The Hill index above.
        let indexAbove: Double
    }

    /// What is usual of the parts of some metrics; `nil` where nobody knows.
    func reaches(of wanted: [String], in groups: [String]) -> [EvidencePart: [Reach?]] {
        let places = Dictionary(
            metrics.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var result: [EvidencePart: [Reach?]] = [:]
        for (place, part) in Self.parts.enumerated() {
            result[part] = zip(wanted, groups).map { metric, group in
                places[Self.name(of: metric, in: group)].flatMap { reach(at: $0 * Self.figures, offset: 1 + 4 * place) }
            }
        }
        return result
    }

    /// Figures of another's making are bounded again: nothing that arrives can make a range endless.
    private func reach(at first: Int, offset: Int) -> Reach? {
        let known = Double(values[first])
        guard known > 1e-6, known <= 1.001 else { return nil }
        let figures = (0..<4).map { Double(values[first + offset + $0]) / known }
        guard figures.allSatisfy(\.isFinite) else { return nil }
        func index(_ value: Double) -> Double { min(max(value, NormalRange.leastIndex), Self.largestIndex) }
        func length(_ value: Double) -> Double { min(max(value, -Self.longestReach), Self.longestReach) }
        return Reach(
            below: length(figures[0]), above: length(figures[1]), indexBelow: index(figures[2]),
            indexAbove: index(figures[3]))
    }
}

extension UsualRanges: Codable {
    private enum CodingKeys: CodingKey { case metrics, values, rows }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let metrics = try container.decode([String].self, forKey: .metrics)
        var values = try container.decode(PackedNumbers.self, forKey: .values).values.map { Float($0) }
        if values.count == metrics.count * (Self.figures - 4) { values = Self.withMean(values) }
        guard var made = UsualRanges(metrics: metrics, values: values) else {
            throw DecodingError.dataCorruptedError(
                forKey: .values, in: container, debugDescription: "as many figures as the metrics have")
        }
        made.rows = try container.decodeIfPresent(Int.self, forKey: .rows)
        self = made
    }

    /// The figures of a model that was written before there was a part `mean`: no mean of a metric reaches farther than its
    /// values do.
    private static func withMean(_ older: [Float]) -> [Float] {
        let size = figures - 4
        return stride(from: 0, to: older.count, by: size).flatMap { first in
            older[first..<first + size] + older[first + 1..<first + 5]
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(metrics, forKey: .metrics)
        try container.encode(PackedNumbers(values.map { Double($0) }), forKey: .values)
        try container.encodeIfPresent(rows, forKey: .rows)
    }
}

extension NormalRange {
    /// The range shrunk towards what is usual, which counts as if by ``UsualRanges/weight`` rows.
    ///
    /// - Parameters:
    ///   - usual: of each metric; `nil`: nobody knows, and it stays as it is.
    ///   - spreads: in which what is usual is given, `[F]`.
    ///   - rows: behind the range, `[F]`.
    func drawn(to usual: [UsualRanges.Reach?], spreads: [Double], rows: [Int]) -> NormalRange {
        var (low, high) = (low, high)
        var (below, above) = (rarityBelow, rarityAbove)
        for (metric, reach) in usual.enumerated() {
            // Where there are no rows, there is no spread either that the others' reach would be in.
            guard let reach, rows[metric] > 0, !isEndless(metric) else { continue }
            let share = UsualRanges.weight / (UsualRanges.weight + Double(rows[metric]))
            let unit = log(spreads[metric])
            func drawn(_ own: Double, _ other: Double) -> Double { (1 - share) * own + share * other }
            low[metric] = middle[metric] - exp(drawn(log(middle[metric] - low[metric]), reach.below + unit))
            high[metric] = middle[metric] + exp(drawn(log(high[metric] - middle[metric]), reach.above + unit))
            below[metric] = 1 / drawn(1 / below[metric], reach.indexBelow)
            above[metric] = 1 / drawn(1 / above[metric], reach.indexAbove)
        }
        let result = NormalRange(
            low: low, middle: middle, high: high, rarityBelow: below, rarityAbove: above, floors: floors)
        // Beside a middle that is huge a small reach can vanish.
        return result.isConsistent(width: usual.count) ? result : self
    }
}
