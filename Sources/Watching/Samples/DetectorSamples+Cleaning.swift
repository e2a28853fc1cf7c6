package import Telemetry

extension DetectorSamples {
    /// The groups of one entity, as the cleaning pipeline delivers them, side by side. The metrics that were constant
    /// at every site come last in each group: that one of them moves is evidence. A constant metric without a value
    /// keeps its last one, at the start what is expected of it.
    ///
    /// - Precondition: the series belong to one entity and have the same rows.
    package init(_ series: [CleanSeries]) {
        guard let first = series.first else {
            self.init(metrics: [], times: [], values: [])
            return
        }
        precondition(
            series.allSatisfy { $0.rowCount == first.rowCount && $0.key == first.key },
            "the series belong to one entity and have the same rows")
        var metrics: [String] = []
        var groups: [String] = []
        for part in series {
            metrics += part.metrics + part.constantMetrics
            groups += [String](repeating: part.group.name, count: part.metrics.count + part.constantMetrics.count)
        }
        var values: [Double] = []
        values.reserveCapacity(metrics.count * first.rowCount)
        for row in 0..<first.rowCount {
            for part in series {
                let width = part.metrics.count
                for column in 0..<width { values.append(Double(part.values[row * width + column])) }
                let constants = part.constantMetrics.count
                for column in 0..<constants {
                    let value = Double(part.constantValues[row * constants + column])
                    // What is not finite here is filled with the last finite value.
                    let expected = part.constantExpected[column]
                    values.append(value.isFinite || row > 0 ? value : expected.isFinite ? expected : 0)
                }
            }
        }
        self.init(metrics: metrics, groups: groups, times: first.times, values: values, segments: first.segments)
    }
}
