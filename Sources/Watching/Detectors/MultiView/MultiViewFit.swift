internal import Numerics

/// The fit of ``MultiViewDetector`` in four passes, each of which merges exactly: means, extremes and daily medians;
/// scales; correlations; the ranges of the views.
package struct MultiViewFit: DetectorFit {
    private enum Pass: Codable {
        case levels
        case scales(Levels)
        case correlations(Levels, ViewParameters)
        case ranges(Levels, ViewParameters)
    }

    /// What the first pass finds.
    private struct Levels: Codable {
        let centre: [Double]
        let floor: [Double]
        let profile: DailyProfile?
        /// Samples of the longest entity.
        let samples: Double
    }

    /// A daily profile needs so many days of training, the time after the last sample included.
    package static let daysForProfile = 3.0
    /// A view needs so many samples for a range.
    package static let samplesForRange = 50
    /// Rows whose views are collected before they are sketched, where sketches are coarse.
    private static let chunk = 8_192

    private let metrics: [String]
    private let groups: [String]
    private let views: [MetricView]
    private let precision: Int
    private var pass: Pass = .levels

    /// A fit of some views.
    ///
    /// - Parameters:
    ///   - groups: the resource group of each metric.
    ///   - precision: of the sketches; see ``DistributionSketch``.
    package init(metrics: [String], groups: [String], views: [MetricView] = MetricView.standard, precision: Int) {
        precondition(metrics.count == groups.count, "one group for each metric")
        self.metrics = metrics
        self.groups = groups
        self.views = views
        self.precision = precision
    }

    private var lags: [Int] {
        views.compactMap { if case .unexplained(let lag) = $0 { lag } else { nil } }
    }

    package func summary(of part: TrainingPart) throws(DetectionError) -> FitSummary {
        try part.samples.require(metrics)
        switch pass {
        case .levels: return levelSummary(part)
        case .scales(let levels): return scaleSummary(part, levels)
        case .correlations(_, let parameters): return correlationSummary(part, parameters)
        case .ranges(_, let parameters): return rangeSummary(part, parameters)
        }
    }

    package mutating func advance(with summary: FitSummary) throws(DetectionError) -> FittedDetector? {
        switch pass {
        case .levels: pass = .scales(try levels(summary))
        case .scales(let levels): pass = .correlations(levels, try scales(summary, levels))
        case .correlations(let levels, let parameters):
            pass = .ranges(levels, try correlations(summary, parameters))
        case .ranges(let levels, let parameters): return try detector(summary, levels, parameters)
        }
        return nil
    }
}

// MARK: - Means, extremes, daily medians

extension MultiViewFit {
    private func levelSummary(_ part: TrainingPart) -> FitSummary {
        var result = part.sums()
        let samples = part.samples
        let width = metrics.count
        // Three days of samples are three days, although the last one begins a step before their end.
        let span = ((samples.times.last ?? 0) - (samples.times.first ?? 0)) * Self.fencePosts(samples.count)
        result.maxima += [span, Double(samples.count)]
        var bins = [[Double]](repeating: [], count: DailyProfile.binCount * width)
        for range in part.rows {
            for row in range {
                let bin = DailyProfile.bin(samples.times[row])
                for metric in 0..<width { bins[bin * width + metric].append(samples.values[row * width + metric]) }
            }
        }
        result.sketches = bins.map { DistributionSketch($0, precision: precision) }
        return result
    }

    /// The time that samples cover over the time from the first to the last one: n / (n − 1).
    private static func fencePosts(_ count: Int) -> Double { count > 1 ? Double(count) / Double(count - 1) : 1 }

    private func levels(_ summary: FitSummary) throws(DetectionError) -> Levels {
        let width = metrics.count
        let centre = try summary.means()
        guard centre.count == width, summary.maxima.count == width + 2,
            summary.sketches.count == DailyProfile.binCount * width
        else { throw DetectionError(.mismatch, "merging summaries", "a summary of other metrics") }
        let floor = (0..<width).map { metric in
            SpreadFloor.floor(
                minimum: summary.minima[metric], maximum: summary.maxima[metric], centre: centre[metric])
        }
        var profile: DailyProfile?
        if summary.maxima[width] >= Self.daysForProfile * DailyProfile.day * (1 - 1e-9) {
            let medians = summary.sketches.enumerated().map { index, sketch in
                if sketch.count > 0 { return sketch.quantiles([0.5])[0] }
                // No sample at this time of day: the median of the whole day.
                var all = DistributionSketch(precision: precision)
                for bin in 0..<DailyProfile.binCount { all.merge(summary.sketches[bin * width + index % width]) }
                return all.quantiles([0.5])[0]
            }
            profile = DailyProfile(medians: medians, width: width)
        }
        return Levels(centre: centre, floor: floor, profile: profile, samples: summary.maxima[width + 1])
    }
}

// MARK: - Scales

extension MultiViewFit {
    /// Runs `body` over the rows whose sample and the one `lag` before it both count, in one unbroken stretch.
    private func forEachChange(_ part: TrainingPart, lag: Int, _ body: (_ row: Int, _ before: Int) -> Void) {
        for segment in part.samples.segments {
            for range in part.rows {
                for row in range.clamped(to: segment) {
                    let before = row - lag
                    guard before >= segment.lowerBound, part.rows.contains(where: { $0.contains(before) }) else {
                        continue
                    }
                    body(row, before)
                }
            }
        }
    }

    /// Squared distances from the mean of each metric and their number, then the same of the changes for each lag.
    private func scaleSummary(_ part: TrainingPart, _ levels: Levels) -> FitSummary {
        let width = metrics.count
        let values = part.samples.values
        var result = part.squares(around: levels.centre)
        for lag in lags where lag > 0 {
            var sums = [ExactSum](repeating: ExactSum(), count: width + 1)
            var count = 0
            forEachChange(part, lag: lag) { row, before in
                count += 1
                for metric in 0..<width {
                    let change = values[row * width + metric] - values[before * width + metric]
                    sums[metric].add(change * change)
                }
            }
            sums[width].add(Double(count))
            result.sums += sums
        }
        return result
    }

    private func scales(_ summary: FitSummary, _ levels: Levels) throws(DetectionError) -> ViewParameters {
        let width = metrics.count
        let block = width + 1
        let changing = lags.filter { $0 > 0 }
        guard summary.sums.count == block * (1 + changing.count), summary.sums[width].value > 0 else {
            throw DetectionError(.insufficientData, "fitting a detector", "no rows to learn from")
        }
        func deviations(_ index: Int) -> [Double] {
            let count = summary.sums[index * block + width].value
            return (0..<width).map { metric in
                let square = count > 0 ? summary.sums[index * block + metric].value / count : 0
                return max(square.squareRoot(), levels.floor[metric])
            }
        }
        let spread = deviations(0)
        let regressions = lags.map { lag in
            let index = changing.firstIndex(of: lag).map { $0 + 1 } ?? 0
            return MetricRegression(lag: lag, scale: deviations(index), coefficients: [])
        }
        return ViewParameters(
            views: views, groups: groups, centre: levels.centre, spread: spread, floor: levels.floor,
            profile: levels.profile, regressions: regressions)
    }
}

// MARK: - Correlations

extension MultiViewFit {
    /// For each lag and block the products of clipped, scaled changes, and their number.
    private func correlationSummary(_ part: TrainingPart, _ parameters: ViewParameters) -> FitSummary {
        let width = metrics.count
        let values = part.samples.values
        var result = FitSummary()
        for regression in parameters.regressions {
            for members in parameters.blocks {
                var rows: [Double] = []
                rows.reserveCapacity(part.count * members.count)
                forEachChange(part, lag: regression.lag) { row, before in
                    for metric in members {
                        let value = values[row * width + metric]
                        let origin =
                            regression.lag == 0 ? parameters.centre[metric] : values[before * width + metric]
                        let scaled = (value - origin) / regression.scale[metric]
                        rows.append(max(-MetricRegression.clip, min(MetricRegression.clip, scaled)))
                    }
                }
                let count = rows.count / max(1, members.count)
                result.sums += FitSummary.products(of: Tensor(rows, shape: [count, members.count])).sums
            }
        }
        return result
    }

    private func correlations(_ summary: FitSummary, _ parameters: ViewParameters) throws(DetectionError)
        -> ViewParameters
    {
        var result = parameters
        var start = 0
        for (index, regression) in parameters.regressions.enumerated() {
            var coefficients: [[Double]] = []
            for members in parameters.blocks {
                let size = members.count
                let length = size * (size + 1) / 2 + 1
                guard start + length <= summary.sums.count else {
                    throw DetectionError(.mismatch, "merging summaries", "a summary of other metrics")
                }
                let part = FitSummary(sums: Array(summary.sums[start..<start + length]))
                start += length
                // No two rows `lag` apart: nothing explains anything.
                guard part.sums[length - 1].value > 0 else {
                    coefficients.append([Double](repeating: 0, count: size * size))
                    continue
                }
                coefficients.append(try Self.coefficients(part.matrix(extent: size)))
            }
            result.regressions[index] = MetricRegression(
                lag: regression.lag, scale: regression.scale, coefficients: coefficients)
        }
        return result
    }

    /// The coefficients that the inverse of a regularised correlation matrix holds: P[k, j] / P[j, j], zero diagonal.
    private static func coefficients(_ correlation: Tensor<Double>) throws(DetectionError) -> [Double] {
        let size = correlation.shape[0]
        var regularised = correlation
        var identity = Tensor<Double>(shape: [size, size])
        for metric in 0..<size {
            regularised[metric, metric] += MetricRegression.ridge
            identity[metric, metric] = 1
        }
        let inverse: Tensor<Double>
        do { inverse = try solvePositiveDefinite(regularised, identity) } catch {
            throw DetectionError(.invalidData, "inverting the correlation matrix", "\(error)")
        }
        var result: [Double] = []
        for other in 0..<size {
            for metric in 0..<size {
                result.append(other == metric ? 0 : inverse[other, metric] / inverse[metric, metric])
            }
        }
        return result
    }
}

// MARK: - Ranges

extension MultiViewFit {
    private func rangeSummary(_ part: TrainingPart, _ parameters: ViewParameters) -> FitSummary {
        let samples = part.samples
        let width = metrics.count
        var sketches = [DistributionSketch](
            repeating: DistributionSketch(precision: precision), count: views.count * width)
        var collected = [[Double]](repeating: [], count: views.count * width)
        var pending = 0
        func flush() {
            for index in collected.indices where !collected[index].isEmpty {
                sketches[index].merge(DistributionSketch(collected[index], precision: precision))
                collected[index].removeAll(keepingCapacity: true)
            }
            pending = 0
        }
        var stream = ViewStream(parameters)
        samples.values.withUnsafeBufferPointer { values in
            for segment in samples.segments {
                stream.restart()
                for row in segment {
                    stream.update(
                        time: samples.times[row],
                        row: UnsafeBufferPointer(rebasing: values[row * width..<(row + 1) * width]))
                    guard part.rows.contains(where: { $0.contains(row) }) else { continue }
                    for view in views.indices where stream.isWarm[view] {
                        for cell in view * width..<(view + 1) * width { collected[cell].append(stream.values[cell]) }
                    }
                    pending += 1
                    // Exact sketches are as large as the data anyway: one sort is cheaper than many merges.
                    if precision < 52, pending >= Self.chunk { flush() }
                }
            }
        }
        flush()
        return FitSummary(sketches: sketches)
    }

    private func detector(_ summary: FitSummary, _ levels: Levels, _ parameters: ViewParameters)
        throws(DetectionError) -> FittedDetector
    {
        let width = metrics.count
        guard summary.sketches.count == views.count * width else {
            throw DetectionError(.mismatch, "merging summaries", "a summary of other views")
        }
        let tails = MultiViewDetector.tails
        let probabilities = tails.reversed() + tails.map { 1 - $0 }
        let bands = views.indices.map { view -> MultiViewDetector.Band? in
            guard summary.sketches[view * width].count >= Self.samplesForRange else { return nil }
            var low = [Double](repeating: 0, count: tails.count * width)
            var high = low
            var unit = low
            for metric in 0..<width {
                let ends = summary.sketches[view * width + metric].quantiles(probabilities)
                let least: Double =
                    switch views[view] {
                    case .spread, .unexplainedMean, .unexplainedSpread: 1e-2
                    case .unexplained: 1e-3
                    default: levels.floor[metric]
                    }
                for level in tails.indices {
                    let cell = level * width + metric
                    low[cell] = ends[tails.count - 1 - level]
                    high[cell] = ends[tails.count + level]
                    unit[cell] = max(high[cell] - low[cell], least)
                }
            }
            return MultiViewDetector.Band(low: low, high: high, width: unit)
        }
        return .multiView(
            MultiViewDetector(
                metrics: metrics, parameters: parameters, bands: bands,
                trainingSamples: levels.samples))
    }
}
