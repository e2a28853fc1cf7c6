internal import Numerics

/// The fit of ``EvidenceDetector`` in passes, each of which merges exactly: where each metric lies; how its values are
/// distributed; the products of scaled values with each other and with the waves of the day; and one for what each other part
/// sees, so that the numbers of only one of them are in memory.
package struct EvidenceFit: DetectorFit {
    private enum Pass: Codable {
        case centres
        case levels(Start)
        case products(Start, Levels)
        /// With the ranges of those of ``viewParts(_:)`` that were looked at so far.
        case views(Start, Levels, Products, [NormalRange])
    }

    /// What the first pass finds.
    private struct Start: Codable {
        /// Sketches are of distances from here: the mean of each metric.
        let reference: [Double]
        /// Rows of the longest entity.
        let samples: Double
        /// Days that the longest entity's rows span.
        let days: Double
        let leastWidths: [Double]
        /// Places of metrics that have one value, and not 0.
        let still: [Int]
    }

    /// What the second pass finds.
    private struct Levels: Codable {
        /// The range of the values.
        let range: NormalRange
        /// The least distance from the middle to an end, of all parts in the metrics' units.
        let widths: [Double]
        let scale: Scale
    }

    /// What the third pass finds.
    private struct Products: Codable {
        let coefficients: [[Double]]
        var rhythm: DailyRhythm?
    }

    /// How values are scaled before they are held against each other.
    struct Scale: Codable {
        let centre: [Double]
        let spread: [Double]
    }

    private let metrics: [String]
    private let groups: [String]
    private let parts: [EvidencePart]
    private let precision: Int
    private let blocks: [[Int]]
    /// What is usual of each part of each metric; empty: nobody knows.
    private let usual: [EvidencePart: [UsualRanges.Reach?]]
    private var pass: Pass = .centres

    /// Cells of views that are kept exactly while ranges are learned; beyond, coarser sketches bound the memory.
    package static let largestExactFit = 10_000_000
    /// The precision of those, and of what leaves a site: a range is off by at most one part in 256 of its distance
    /// from the mean.
    package static let coarsePrecision = 7
    /// Rows whose views are collected before they are sketched.
    private static let chunk = 4096

    /// A fit of some parts.
    ///
    /// - Parameters:
    ///   - groups: the resource group of each metric.
    ///   - precision: of the sketches; see ``DistributionSketch``.
    ///   - usual: what is known of these metrics from other entities; `nil`: nothing.
    package init(
        metrics: [String], groups: [String], parts: [EvidencePart] = EvidencePart.allCases,
        precision: Int = coarsePrecision, usual: UsualRanges? = nil
    ) {
        precondition(metrics.count == groups.count, "one group for each metric")
        precondition(!parts.isEmpty, "a detector of no part sees nothing")
        self.metrics = metrics
        self.groups = groups
        self.parts = parts
        self.precision = precision
        blocks = MetricRelations.blocks(groups: groups)
        self.usual = usual?.reaches(of: metrics, in: groups) ?? [:]
    }

    /// The parts that are looked at one by one. Levels are looked at before, and always: the scale follows from them.
    private func viewParts(_ products: Products) -> [EvidencePart] {
        parts.filter { $0 != .level && ($0 != .rhythm || products.rhythm != nil) }
    }

    private func wantsRhythm(_ start: Start) -> Bool {
        parts.contains(.rhythm) && start.days >= DailyRhythm.leastDays
    }

    package func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary {
        try part.samples.require(metrics)
        switch pass {
        case .centres:
            var result = part.sums()
            result.maxima += [Double(part.samples.count), part.samples.days]
            return result
        case .levels(let start): return levelSummary(part, start)
        case .products(let start, let levels):
            return productSummary(part, levels.scale, withWaves: wantsRhythm(start))
        case .views(let start, let levels, let products, let found):
            return viewSummary(of: viewParts(products)[found.count], in: part, start, levels, products)
        }
    }

    package mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector? {
        try advance(with: summary, like: nil).map(FittedDetector.evidence)
    }

    /// - Parameter other: the fit that the summaries were made with, advanced by its own; `nil`: this one.
    mutating func advance(
        with summary: FitSummary, like other: EvidenceFit?
    ) throws(DetectionError) -> EvidenceDetector? {
        switch pass {
        case .centres:
            let means = try summary.means()
            guard summary.maxima.count == metrics.count + 2 else { throw Self.otherMetrics }
            pass = .levels(
                Start(
                    reference: means, samples: summary.maxima[metrics.count], days: summary.maxima[metrics.count + 1],
                    leastWidths: metrics.indices.map { metric in
                        summary.maxima[metric] > summary.minima[metric]
                            ? 2e-3 * (summary.maxima[metric] - summary.minima[metric])
                            : max(1e-2 * abs(means[metric]), 1e-3)
                    },
                    still: metrics.indices.filter {
                        summary.maxima[$0] == summary.minima[$0] && summary.minima[$0] != 0
                    }))
        case .levels(let start): pass = .products(start, try levels(summary, start, other?.scale))
        case .products(let start, let levels):
            var found = try products(summary, start, levels.scale)
            // Both look at the same parts.
            if let other { found.rhythm = other.rhythm == nil ? nil : found.rhythm ?? other.rhythm }
            pass = .views(start, levels, found, [])
        case .views(let start, let levels, let products, let found):
            let part = viewParts(products)[found.count]
            pass = .views(start, levels, products, found + [try range(of: part, summary, start, levels)])
        }
        return detector
    }

    /// Whether nothing has been learned yet.
    var isFirstPass: Bool { if case .centres = pass { true } else { false } }

    /// The rhythm that the third pass found.
    private var rhythm: DailyRhythm? { if case .views(_, _, let products, _) = pass { products.rhythm } else { nil } }

    /// The scale that the second pass found.
    private var scale: Scale? {
        switch pass {
        case .centres, .levels: nil
        case .products(_, let levels), .views(_, let levels, _, _): levels.scale
        }
    }

    private func relations(_ scale: Scale, _ products: Products) -> MetricRelations? {
        guard parts.contains(.relation) else { return nil }
        return MetricRelations(centre: scale.centre, scale: scale.spread, coefficients: products.coefficients)
    }

    /// The range of what a part sees.
    private func range(
        of part: EvidencePart, _ summary: FitSummary, _ start: Start, _ levels: Levels
    ) throws(DetectionError) -> NormalRange {
        let width = metrics.count
        guard summary.sketches.count == (part == .autoencoder ? 2 : 1) * width else { throw Self.otherMetrics }
        let sketches = summary.sketches[..<width]
        if part == .standstill { return NormalRange(standstills: sketches) }
        let range = NormalRange(
            sketches, held: part == .autoencoder ? summary.sketches[width...] : nil,
            widths: part.leastWidth.map { [Double](repeating: $0, count: width) } ?? levels.widths,
            zeros: part.isPlace ? start.reference.map(-) : nil)
        // What autoencoders know of each other's metrics is shared already.
        if part == .autoencoder { return range }
        let drawn = drawn(range, part, levels.scale, sketches)
        return part.isPlace ? drawn.moved(by: start.reference) : drawn
    }

    /// What was fitted; `nil` while a part was not looked at.
    private var detector: EvidenceDetector? {
        guard case .views(let start, let levels, let products, let found) = pass else { return nil }
        let seen = viewParts(products)
        guard found.count == seen.count else { return nil }
        let known = parts.filter { $0 == .level || seen.contains($0) }
        return EvidenceDetector(
            metrics: metrics, groups: groups, parts: known,
            ranges: known.map { part in seen.firstIndex(of: part).map { found[$0] } ?? levels.range },
            relations: relations(levels.scale, products), rhythm: products.rhythm, trainingSamples: start.samples,
            still: start.still)
    }

    private static var otherMetrics: DetectionError {
        DetectionError(.mismatch, "merging summaries", "a summary of other metrics")
    }
}

// MARK: - Values

extension EvidenceFit {
    /// Sketches of the values.
    private func levelSummary(_ part: TrainingPart, _ start: Start) -> FitSummary {
        var sketcher = ColumnSketcher(columns: metrics.count, chunk: Self.chunk, precision: precision)
        part.forEachRow(warmUp: 0) { _, row, _, counts in
            guard counts else { return }
            for metric in metrics.indices where row.ages[metric] > 0 {
                sketcher.add(row.values[metric] - start.reference[metric], to: metric)
            }
            sketcher.endRow()
        }
        return FitSummary(sketches: sketcher.finish())
    }

    private func levels(
        _ summary: FitSummary, _ start: Start, _ scale: Scale?
    ) throws(DetectionError) -> Levels {
        let width = metrics.count
        guard summary.sketches.count == width, summary.sketches.contains(where: { !$0.isEmpty }) else {
            throw DetectionError(.insufficientData, "fitting a detector", "no rows to learn from")
        }
        let wanted = [0.001, NormalRange.tail, 0.25, 0.5, 0.75, 1 - NormalRange.tail, 0.999]
        let quartiles = summary.sketches.map {
            $0.isEmpty ? wanted.map { _ in 0 } : $0.quantiles(wanted)
        }
        let widths = metrics.indices.map { metric in
            let ends = quartiles[metric]
            return max(
                Self.leastWidth(
                    start.leastWidths[metric], body: ends[5] - ends[1], middle: start.reference[metric] + ends[3]),
                0.02 * (ends[6] - ends[0]))
        }
        let found = Scale(
            centre: metrics.indices.map { start.reference[$0] + quartiles[$0][3] },
            spread: metrics.indices.map { metric in
                let ends = quartiles[metric]
                return max((ends[4] - ends[2]) / 1.349, (ends[5] - ends[1]) / 5.15, widths[metric])
            })
        let sketches = summary.sketches[...]
        let range = drawn(
            NormalRange(sketches, widths: widths, zeros: start.reference.map(-)), .level, scale ?? found, sketches)
        return Levels(range: range.moved(by: start.reference), widths: widths, scale: scale ?? found)
    }

    /// The least distance from a metric's middle to an end: a five-hundredth of all that was seen, unless that is of one
    /// glitch, which would make the metric blind.
    ///
    /// - Parameters:
    ///   - body: from one end of what is normal to the other.
    ///   - middle: of the values; beside it a body may be of rounding alone.
    private static func leastWidth(_ ofAll: Double, body: Double, middle: Double) -> Double {
        body > 0 ? min(ofAll, max(0.5 * body, 1e-9 * abs(middle))) : ofAll
    }

    /// A part's range shrunk towards what is usual of it.
    private func drawn(
        _ range: NormalRange, _ part: EvidencePart, _ scale: Scale, _ sketches: ArraySlice<DistributionSketch>
    ) -> NormalRange {
        guard let usual = usual[part] else { return range }
        let spreads = part.isScaled ? [Double](repeating: 1, count: metrics.count) : scale.spread
        return range.drawn(to: usual, spreads: spreads, rows: sketches.map(\.count))
    }
}

// MARK: - What belongs together

extension EvidenceFit {
    private func productSummary(_ part: TrainingPart, _ scale: Scale, withWaves: Bool) -> FitSummary {
        guard withWaves || parts.contains(.relation) else { return FitSummary() }
        var result = FitSummary()
        let ages = part.samples.ages
        for members in blocks {
            let columns = members.count + (withWaves ? DailyRhythm.columns : 0)
            var scaled: [Double] = []
            scaled.reserveCapacity(part.count * columns)
            var waves = [Double](repeating: 0, count: 2 * DailyRhythm.harmonics)
            for row in part.rows.joined() {
                let base = row * metrics.count
                for metric in members {
                    // As in streams: a stand-in says nothing of the others.
                    let isAway = !ages.isEmpty && ages[base + metric] == 0
                    scaled.append(
                        isAway
                            ? 0
                            : MetricRelations.scaled(
                                part.samples.values[base + metric], centre: scale.centre[metric],
                                scale: scale.spread[metric]))
                }
                guard withWaves else { continue }
                DailyRhythm.write(at: part.samples.times[row], to: &waves)
                scaled += waves
                scaled.append(1)
            }
            result.sums += FitSummary.products(of: Tensor(scaled, shape: [part.count, columns])).sums
        }
        return result
    }

    private func products(
        _ summary: FitSummary, _ start: Start, _ scale: Scale
    ) throws(DetectionError) -> Products {
        let withWaves = wantsRhythm(start)
        guard withWaves || parts.contains(.relation) else { return Products(coefficients: [], rhythm: nil) }
        var coefficients: [[Double]] = []
        var amplitudes = [Double](repeating: 0, count: 2 * DailyRhythm.harmonics * metrics.count)
        var hasRhythm = withWaves
        var first = 0
        for members in blocks {
            let extent = members.count + (withWaves ? DailyRhythm.columns : 0)
            let length = extent * (extent + 1) / 2 + 1
            guard first + length <= summary.sums.count else { throw Self.otherMetrics }
            let block = try FitSummary(sums: Array(summary.sums[first..<first + length])).matrix(extent: extent)
            first += length
            if parts.contains(.relation) {
                coefficients.append(try MetricRelations.coefficients(block, of: members.count))
            }
            guard hasRhythm else { continue }
            let found = try DailyRhythm.amplitudes(block, spread: members.map { scale.spread[$0] }, days: start.days)
            hasRhythm = found != nil
            for (place, value) in (found ?? []).enumerated() {
                let (wave, member) = place.quotientAndRemainder(dividingBy: members.count)
                amplitudes[wave * metrics.count + members[member]] = value
            }
        }
        return Products(
            coefficients: coefficients, rhythm: hasRhythm ? DailyRhythm(amplitudes: amplitudes) : nil)
    }

    /// Sketches of what a part sees; of the autoencoders also of what they say of rows that they were not trained on.
    private func viewSummary(
        of seen: EvidencePart, in part: TrainingPart, _ start: Start, _ levels: Levels, _ products: Products
    ) -> FitSummary {
        let width = metrics.count
        let relations = relations(levels.scale, products)
        var sketcher = ColumnSketcher(
            columns: (seen == .autoencoder ? 2 : 1) * width, chunk: Self.chunk, precision: precision)
        var view = EvidenceView(parts: [seen], width: width)
        // As in streams: what has just come back counts when no part looks back on a stand-in.
        let youngest = seen == .autoencoder ? 0 : Int32(EvidencePart.longestLookBack)
        part.forEachRow(warmUp: EvidencePart.longestLookBack) { index, row, isFirst, counts in
            if isFirst { view.restart() }
            view.update(row, relations: relations, rhythm: products.rhythm, blocks: blocks)
            guard counts else { return }
            for metric in 0..<width where row.ages[metric] > youngest {
                let value = view.values[metric]
                guard !value.isNaN else { continue }
                sketcher.add(value - (seen.isPlace ? start.reference[metric] : 0), to: metric)
                if seen == .autoencoder, index >= part.samples.heldOutStart { sketcher.add(value, to: width + metric) }
            }
            sketcher.endRow()
        }
        return FitSummary(sketches: sketcher.finish())
    }
}

extension NormalRange {
    /// The range of values that are larger by an offset.
    func moved(by offsets: [Double]) -> NormalRange {
        func moved(_ values: [Double]) -> [Double] { zip(values, offsets).map(+) }
        return NormalRange(
            low: moved(low), middle: moved(middle), high: moved(high), rarityBelow: rarityBelow,
            rarityAbove: rarityAbove, floors: zip(floors, moved(low)).map { $1 >= 0 ? $0 : 0 })
    }

    init(
        low: [Double], middle: [Double], high: [Double], rarityBelow: [Double], rarityAbove: [Double], floors: [Double]
    ) {
        (self.low, self.middle, self.high) = (low, middle, high)
        (self.rarityBelow, self.rarityAbove) = (rarityBelow, rarityAbove)
        self.floors = floors
    }
}

/// Sketches of columns of numbers that come row by row: so many rows are kept, then sketched together.
private struct ColumnSketcher {
    private var sketches: [DistributionSketch]
    private var columns: [[Double]]
    private let chunk: Int
    private var rows = 0

    init(columns: Int, chunk: Int, precision: Int) {
        sketches = [DistributionSketch](repeating: DistributionSketch(precision: precision), count: columns)
        self.columns = [[Double]](repeating: [], count: columns)
        self.chunk = chunk
    }

    mutating func add(_ value: Double, to column: Int) { columns[column].append(value) }

    mutating func endRow() {
        rows += 1
        if rows == chunk { flush() }
    }

    mutating func finish() -> [DistributionSketch] {
        flush()
        return sketches
    }

    private mutating func flush() {
        for index in columns.indices where !columns[index].isEmpty {
            sketches[index].merge(DistributionSketch(columns[index], precision: sketches[index].precision))
            columns[index].removeAll(keepingCapacity: true)
        }
        rows = 0
    }
}

extension TrainingPart {
    /// Hands over the rows that count, and up to `warmUp` before each stretch of them.
    func forEachRow(
        warmUp: Int, _ body: (_ index: Int, _ row: StreamRow, _ isFirst: Bool, _ counts: Bool) -> Void
    ) {
        let cells = samples.cells
        for range in rows {
            for segment in samples.segments {
                let wanted = segment.clamped(to: range)
                guard !wanted.isEmpty else { continue }
                let first = max(segment.lowerBound, wanted.lowerBound - warmUp)
                cells.forEach(first..<wanted.upperBound) { index, row in
                    body(index, row, index == first, index >= wanted.lowerBound)
                }
            }
        }
    }
}
