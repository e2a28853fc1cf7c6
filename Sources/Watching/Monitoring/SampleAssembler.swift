import Telemetry

/// Puts the groups of one entity side by side, chunk by chunk, as detectors see them: the varying metrics of each
/// group, then those that were constant at every site, for that one of them moves is evidence.
struct SampleAssembler: Sendable {
    /// The last finite value of each metric; carried over a missing one, within and between chunks.
    private var last: [Double?] = []

    /// The samples of the next chunk.
    ///
    /// - Precondition: the series belong to one entity and have the same rows.
    mutating func append(_ series: [CleanSeries]) -> DetectorSamples {
        guard let first = series.first else { return DetectorSamples(metrics: [], times: [], values: []) }
        precondition(series.allSatisfy { $0.rowCount == first.rowCount && $0.key == first.key }, "rows of one entity")
        var metrics: [String] = []
        var groups: [String] = []
        for part in series {
            metrics += part.metrics + part.constantMetrics
            groups += [String](repeating: part.group.name, count: part.metrics.count + part.constantMetrics.count)
        }
        let width = metrics.count
        if last.count != width { last = [Double?](repeating: nil, count: width) }
        var values = [Double](repeating: 0, count: width * first.rowCount)
        var start = 0
        for part in series {
            let (varying, constant) = (part.metrics.count, part.constantMetrics.count)
            part.values.withUnsafeBufferPointer { source in
                for row in 0..<first.rowCount {
                    for column in 0..<varying {
                        values[row * width + start + column] = Double(source[row * varying + column])
                    }
                }
            }
            part.constantValues.withUnsafeBufferPointer { source in
                for column in 0..<constant {
                    let place = start + varying + column
                    let expected = part.constantExpected[column]
                    for row in 0..<first.rowCount {
                        let value = Double(source[row * constant + column])
                        if value.isFinite { last[place] = value }
                        values[row * width + place] = last[place] ?? (expected.isFinite ? expected : 0)
                    }
                }
            }
            start += varying + constant
        }
        return DetectorSamples(
            metrics: metrics, groups: groups, times: first.times, values: values, segments: first.segments)
    }
}
