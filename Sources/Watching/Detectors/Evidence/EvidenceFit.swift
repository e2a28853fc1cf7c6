internal import Numerics

/// The fit of ``EvidenceDetector`` in four passes, each of which merges exactly: where each metric lies; what its parts
/// see; the products of scaled values; what relations leave.
package struct EvidenceFit: DetectorFit {
    private enum Pass: Codable {
        case centres
        case views(Start)
        case products(Start, Views)
        case relations(Start, Views, [[Double]])
    }

    /// What the first pass finds.
    private struct Start: Codable {
        /// Sketches are of distances from here: the mean of each metric.
        let reference: [Double]
        /// Rows of the longest entity.
        let samples: Double
        let leastWidths: [Double]
    }

    /// What the second pass finds.
    private struct Views: Codable {
        /// The ranges of all parts but relations.
        let ranges: [EvidencePart: NormalRange]
        let scale: Scale
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
    package init(
        metrics: [String], groups: [String], parts: [EvidencePart] = EvidencePart.allCases,
        precision: Int = coarsePrecision
    ) {
        precondition(metrics.count == groups.count, "one group for each metric")
        precondition(!parts.isEmpty, "a detector of no part sees nothing")
        self.metrics = metrics
        self.groups = groups
        self.parts = parts
        self.precision = precision
        blocks = MetricRelations.blocks(groups: groups)
    }

    /// The parts that a row shows without knowing how the metrics belong together.
    private var plainParts: [EvidencePart] { parts.filter { $0 != .relation } }

    package func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary {
        try part.samples.require(metrics)
        switch pass {
        case .centres:
            var result = part.sums()
            result.maxima.append(Double(part.samples.count))
            return result
        case .views(let start): return viewSummary(part, start)
        case .products(_, let views): return productSummary(part, views.scale)
        case .relations(_, let views, let coefficients):
            return relationSummary(part, relations(views.scale, coefficients))
        }
    }

    package mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector? {
        try advance(with: summary, scale: nil).map(FittedDetector.evidence)
    }

    /// - Parameter scale: that of the summaries, where they were made with another fit's.
    mutating func advance(with summary: FitSummary, scale: Scale?) throws(DetectionError) -> EvidenceDetector? {
        switch pass {
        case .centres:
            let means = try summary.means()
            guard summary.maxima.count == metrics.count + 1 else { throw Self.otherMetrics }
            pass = .views(
                Start(
                    reference: means, samples: summary.maxima[metrics.count],
                    leastWidths: metrics.indices.map { metric in
                        summary.maxima[metric] > summary.minima[metric]
                            ? 2e-3 * (summary.maxima[metric] - summary.minima[metric])
                            : max(1e-2 * abs(means[metric]), 1e-3)
                    }))
        case .views(let start): pass = .products(start, try views(summary, start, scale))
        case .products(let start, let views):
            pass = .relations(start, views, try products(summary))
            if !parts.contains(.relation) { return detector(start, views, coefficients: [], relations: nil) }
        case .relations(let start, let views, let coefficients):
            try summary.requireSketches(metrics.count)
            let range = NormalRange(
                summary.sketches[...],
                widths: [Double](repeating: EvidencePart.relation.leastWidth ?? 0, count: metrics.count))
            return detector(start, views, coefficients: coefficients, relations: range)
        }
        return nil
    }

    /// Whether nothing has been learned yet.
    var isFirstPass: Bool { if case .centres = pass { true } else { false } }

    /// The scale that the second pass found.
    var scale: Scale? {
        switch pass {
        case .centres, .views: nil
        case .products(_, let views), .relations(_, let views, _): views.scale
        }
    }

    private func relations(_ scale: Scale, _ coefficients: [[Double]]) -> MetricRelations {
        MetricRelations(centre: scale.centre, scale: scale.spread, coefficients: coefficients)
    }

    private func detector(
        _ start: Start, _ views: Views, coefficients: [[Double]], relations range: NormalRange?
    ) -> EvidenceDetector {
        EvidenceDetector(
            metrics: metrics, groups: groups, parts: parts,
            ranges: parts.compactMap { $0 == .relation ? range : views.ranges[$0] },
            relations: range == nil ? nil : relations(views.scale, coefficients), trainingSamples: start.samples)
    }

    private static var otherMetrics: DetectionError {
        DetectionError(.mismatch, "merging summaries", "a summary of other metrics")
    }
}

// MARK: - What parts see

extension EvidenceFit {
    private func viewSummary(_ part: TrainingPart, _ start: Start) -> FitSummary {
        let width = metrics.count
        let plain = plainParts
        let levels = plain.firstIndex(of: .level)
        let autoencoder = plain.firstIndex(of: .autoencoder)
        var sketcher = ColumnSketcher(
            columns: (plain.count + (autoencoder == nil ? 0 : 1)) * width, chunk: Self.chunk, precision: precision)
        var view = EvidenceView(parts: plain, width: width)
        part.forEachRow(warmUp: EvidencePart.longestLookBack) { index, row, isFirst, counts in
            if isFirst { view.restart() }
            view.update(row, relations: nil, blocks: [])
            guard counts else { return }
            for (place, _) in plain.enumerated() {
                for metric in 0..<width {
                    let reference = place == levels ? start.reference[metric] : 0
                    sketcher.add(view.values[place * width + metric] - reference, to: place * width + metric)
                }
            }
            if let autoencoder {
                for metric in 0..<width where index >= part.samples.heldOutStart {
                    sketcher.add(view.values[autoencoder * width + metric], to: plain.count * width + metric)
                }
            }
            sketcher.endRow()
        }
        return FitSummary(sketches: sketcher.finish())
    }

    private func views(
        _ summary: FitSummary, _ start: Start, _ scale: Scale?
    ) throws(DetectionError) -> Views {
        let width = metrics.count
        let plain = plainParts
        let isComplete = summary.sketches.count == (plain.count + (plain.contains(.autoencoder) ? 1 : 0)) * width
        guard isComplete, summary.sketches[..<(plain.count * width)].allSatisfy({ !$0.isEmpty }) else {
            throw DetectionError(.insufficientData, "fitting a detector", "no rows to learn from")
        }
        var ranges: [EvidencePart: NormalRange] = [:]
        var widths = start.leastWidths
        var found: Scale?
        for (place, part) in plain.enumerated() {
            let sketches = summary.sketches[place * width..<(place + 1) * width]
            if part == .level {
                let quartiles = sketches.map {
                    $0.quantiles([0.001, NormalRange.tail, 0.25, 0.5, 0.75, 1 - NormalRange.tail, 0.999])
                }
                widths = metrics.indices.map {
                    max(start.leastWidths[$0], 0.02 * (quartiles[$0][6] - quartiles[$0][0]))
                }
                found = Scale(
                    centre: metrics.indices.map { start.reference[$0] + quartiles[$0][3] },
                    spread: metrics.indices.map { metric in
                        let ends = quartiles[metric]
                        return max((ends[4] - ends[2]) / 1.349, (ends[5] - ends[1]) / 5.15, widths[metric])
                    })
            }
        }
        for (place, part) in plain.enumerated() {
            let sketches = summary.sketches[place * width..<(place + 1) * width]
            let least = part.leastWidth.map { [Double](repeating: $0, count: width) } ?? widths
            let held = part == .autoencoder ? summary.sketches[(plain.count * width)...] : nil
            let range = NormalRange(sketches, held: held, widths: least)
            ranges[part] = part == .level ? range.moved(by: start.reference) : range
        }
        let usual = Scale(centre: start.reference, spread: widths)
        return Views(ranges: ranges, scale: scale ?? found ?? usual)
    }
}

// MARK: - Relations

extension EvidenceFit {
    private func productSummary(_ part: TrainingPart, _ scale: Scale) -> FitSummary {
        guard parts.contains(.relation) else { return FitSummary() }
        var result = FitSummary()
        for members in blocks {
            var scaled: [Double] = []
            scaled.reserveCapacity(part.count * members.count)
            for range in part.rows {
                for row in range {
                    let base = row * metrics.count
                    for metric in members {
                        scaled.append(
                            MetricRelations.scaled(
                                part.samples.values[base + metric], centre: scale.centre[metric],
                                scale: scale.spread[metric]))
                    }
                }
            }
            result.sums += FitSummary.products(of: Tensor(scaled, shape: [part.count, members.count])).sums
        }
        return result
    }

    private func products(_ summary: FitSummary) throws(DetectionError) -> [[Double]] {
        guard parts.contains(.relation) else { return [] }
        var result: [[Double]] = []
        var start = 0
        for members in blocks {
            let length = members.count * (members.count + 1) / 2 + 1
            guard start + length <= summary.sums.count else { throw Self.otherMetrics }
            let block = FitSummary(sums: Array(summary.sums[start..<start + length]))
            start += length
            result.append(try MetricRelations.coefficients(block.matrix(extent: members.count)))
        }
        return result
    }

    private func relationSummary(_ part: TrainingPart, _ relations: MetricRelations) -> FitSummary {
        let width = metrics.count
        var sketcher = ColumnSketcher(columns: width, chunk: Self.chunk, precision: precision)
        var view = EvidenceView(parts: [.relation], width: width)
        part.forEachRow(warmUp: 0) { _, row, _, counts in
            guard counts else { return }
            view.update(row, relations: relations, blocks: blocks)
            for metric in 0..<width { sketcher.add(view.values[metric], to: metric) }
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
            rarityAbove: rarityAbove)
    }

    private init(low: [Double], middle: [Double], high: [Double], rarityBelow: [Double], rarityAbove: [Double]) {
        (self.low, self.middle, self.high) = (low, middle, high)
        (self.rarityBelow, self.rarityAbove) = (rarityBelow, rarityAbove)
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
