import Autoencoders
package import Telemetry

/// Collects the cleaned rows of one entity for detectors to learn from, the latest ones.
package struct SampleCollector {
    private let schema: StreamSchema
    private let limit: Int
    private var times: [Double] = []
    private var values: [Double] = []
    private var residuals: [Float] = []
    private var ages: [Int32] = []
    private var starts: [Bool] = []
    /// Whether any metric was ever away.
    private var someWereAway = false
    /// Rows that were let go.
    private var dropped = 0

    /// Nothing collected.
    ///
    /// - Parameter limit: rows that are kept.
    package init(schema: StreamSchema, limit: Int) {
        self.schema = schema
        self.limit = limit
    }

    /// Takes in rows, and what the autoencoders say of them, `[N × M]`; empty: nobody asks.
    package mutating func append(_ rows: CleanRows, residuals found: [Float]) {
        times += rows.times
        values += rows.values
        residuals += found
        ages += rows.ages
        starts += rows.startsSegment
        someWereAway = someWereAway || rows.ages.contains { $0 < .max }
        if times.count > 2 * limit { drop(times.count - limit) }
    }

    private mutating func drop(_ rows: Int) {
        let cells = rows * schema.metrics.count
        times.removeFirst(rows)
        values.removeFirst(cells)
        if !residuals.isEmpty { residuals.removeFirst(cells) }
        ages.removeFirst(cells)
        starts.removeFirst(rows)
        dropped += rows
    }

    /// What was collected, whole.
    ///
    /// - Parameter heldOutShare: the share of the entity's rows, at their end, that autoencoders were not trained on.
    package consuming func samples(heldOutShare: Double) -> DetectorSamples {
        let held = TrainingSetBuilder.firstHeldOutRow(rows: dropped + times.count, share: heldOutShare)
        if times.count > limit { drop(times.count - limit) }
        return DetectorSamples(
            metrics: schema.metrics, groups: schema.groupNames, times: times, values: values,
            segments: Self.segments(starts), residuals: residuals, ages: someWereAway ? ages : [],
            heldOutStart: min(times.count, max(0, held - dropped)))
    }

    private static func segments(_ starts: [Bool]) -> [Range<Int>] {
        guard !starts.isEmpty else { return [] }
        let bounds = [0] + (1..<starts.count).filter { starts[$0] } + [starts.count]
        return zip(bounds, bounds.dropFirst()).map { $0..<$1 }
    }
}

extension DetectorSamples {
    /// The rows of a frame that holds all of an entity's, cleaned.
    ///
    /// - Throws: `TelemetryError` when the frame does not fit the pipeline.
    package init(
        _ frame: MetricFrame, pipeline: CleaningPipeline, site: String, entity: String, type: String
    ) throws {
        var cleaner = try RowCleaner(
            pipeline: pipeline, site: site, entity: entity, type: type, columns: frame.schema)
        var rows = CleanRows(schema: cleaner.schema)
        try cleaner.append(frame, to: &rows)
        var collector = SampleCollector(schema: cleaner.schema, limit: rows.count)
        collector.append(rows, residuals: [])
        self = collector.samples(heldOutShare: 0)
    }

    /// The residuals as samples of their own, of metrics that have a model. Those of rows that the autoencoders were
    /// trained on are among them: what was held out is one stretch of time, and another regime as often as not, which
    /// costs a detector far more than that residuals of training are a little smaller.
    ///
    /// - Parameter columns: the metrics with a model, by their places.
    package func residualSamples(_ columns: [Int]) -> DetectorSamples {
        var values: [Double] = []
        var ages: [Int32] = []
        values.reserveCapacity(count * columns.count)
        for row in 0..<count {
            for column in columns {
                values.append(Double(residuals[row * metricCount + column]))
                if !self.ages.isEmpty { ages.append(self.ages[row * metricCount + column]) }
            }
        }
        return DetectorSamples(
            metrics: columns.map { metrics[$0] }, groups: columns.map { groups[$0] }, times: times, values: values,
            segments: segments, ages: ages)
    }
}
