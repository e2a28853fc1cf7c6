package import Telemetry

/// The cleaned samples of one entity as every detector sees them: all metrics side by side, in their own units.
package struct DetectorSamples: Sendable {
    /// F: names of the metrics.
    package let metrics: [String]
    /// The resource group of each metric, `<layer>.<group>`, `[F]`.
    package let groups: [String]
    /// Time of each sample in seconds, `[N]`.
    package let times: [Double]
    /// Finite values, row-major `[N × F]`.
    package let values: [Double]
    /// Rows between which no sample is missing, ascending; they cover all rows.
    package let segments: [Range<Int>]
    /// What the autoencoders say: reconstruction minus sample, scaled, `[N × F]`, row-major; empty: nobody asked.
    package let residuals: [Float]
    /// Rows since each metric is there, `[N × F]`, as ``StreamRow/ages``; empty: none was ever away.
    package let ages: [Int32]
    /// The first row that the autoencoders were not trained on.
    package let heldOutStart: Int

    /// N: number of samples.
    package var count: Int { times.count }
    /// F: number of metrics.
    package var metricCount: Int { metrics.count }

    /// Samples with every field given. A value that is not finite takes the metric's previous finite value (the
    /// first finite one at the start, 0 when there is none), so that a score always exists.
    ///
    /// - Precondition: the sizes fit each other and the segments cover all rows.
    package init(
        metrics: [String], groups: [String]? = nil, times: [Double], values: [Double], segments: [Range<Int>]? = nil,
        residuals: [Float] = [], ages: [Int32] = [], heldOutStart: Int = 0
    ) {
        let groups = groups ?? [String](repeating: "other", count: metrics.count)
        precondition(groups.count == metrics.count, "one group for each metric")
        precondition(values.count == times.count * metrics.count, "values are rows × metrics")
        let segments = segments ?? (times.isEmpty ? [] : [0..<times.count])
        precondition(segments.reduce(0) { $0 + $1.count } == times.count, "segments cover all rows")
        self.metrics = metrics
        self.groups = groups
        self.times = times
        self.values = Self.filled(values, columns: metrics.count)
        self.segments = segments
        precondition(residuals.isEmpty || residuals.count == values.count, "a residual for each value")
        precondition(ages.isEmpty || ages.count == values.count, "an age for each value")
        self.residuals = residuals
        self.ages = ages
        self.heldOutStart = heldOutStart
    }

    /// The rows of a frame as a reader delivers them; each file is a segment.
    ///
    /// - Parameter group: names the resource group of a column.
    package init(_ frame: MetricFrame, group: (String) -> String = { _ in "other" }) {
        let inner = frame.fileStarts.filter { $0 > 0 && $0 < frame.rowCount }
        let starts = [0] + inner
        let segments = zip(starts, inner + [frame.rowCount]).map { $0..<$1 }
        self.init(
            metrics: frame.schema, groups: frame.schema.map(group), times: frame.times, values: frame.values,
            segments: frame.rowCount == 0 ? [] : segments)
    }

    /// Seconds that a sample stands for (``SampleTime``); `nil`: no time passes.
    package var meanStep: Double? { SampleTime.mean(of: times) }

    /// Days that the samples span; those around longer holes count by what they cover themselves.
    package var days: Double {
        guard let step = meanStep, let first = times.first, let last = times.last else { return 0 }
        return min(last - first + step, Self.mostHoles * step * Double(count)) / 86_400
    }

    /// Samples that are missing here and there leave a span what it is; beyond so many times what they cover it is none.
    private static let mostHoles = 1.5

    /// The values of one row, `[F]`.
    package func row(_ index: Int) -> ArraySlice<Double> { values[index * metricCount..<(index + 1) * metricCount] }

    /// The latest rows only.
    func latest(_ limit: Int) -> DetectorSamples { rows(max(0, count - limit)..<count) }

    /// Some rows only.
    func rows(_ range: Range<Int>) -> DetectorSamples {
        guard range != 0..<count else { return self }
        let (first, cells) = (range.lowerBound, range.lowerBound * metricCount..<range.upperBound * metricCount)
        return DetectorSamples(
            metrics: metrics, groups: groups, times: Array(times[range]), values: Array(values[cells]),
            segments: segments.map { $0.clamped(to: range) }.filter { !$0.isEmpty }
                .map { $0.lowerBound - first..<$0.upperBound - first },
            residuals: residuals.isEmpty ? [] : Array(residuals[cells]), ages: ages.isEmpty ? [] : Array(ages[cells]),
            heldOutStart: min(range.count, max(0, heldOutStart - first)))
    }

    /// The cells, row by row.
    var cells: RowCells {
        RowCells(width: metricCount, times: times, values: values, residuals: residuals, ages: ages)
    }

    private static func filled(_ values: [Double], columns: Int) -> [Double] {
        guard values.contains(where: { !$0.isFinite }) else { return values }
        var result = values
        for column in 0..<columns {
            let indices = stride(from: column, to: values.count, by: columns)
            var last = indices.first { values[$0].isFinite }.map { values[$0] } ?? 0
            for index in indices {
                if values[index].isFinite { last = values[index] } else { result[index] = last }
            }
        }
        return result
    }
}
