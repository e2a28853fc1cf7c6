package import Platform
package import Telemetry

/// One entity's stream through a model: cleaned rows in, scores and alarms out. A row's scores depend on that row and
/// earlier ones only.
package struct EntityScorer {
    /// The model.
    package let model: EntityModel
    private var scorer: any MetricScorer
    private var groups: [GroupScore]
    private var aggregator: GroupAggregator
    private let selection: RowSelection
    private var memory: AlarmMemory
    /// What is no alarm because the same was called false.
    var tolerance = FalseAlarmTolerance()

    /// A scorer before an entity's first sample.
    ///
    /// - Parameter columns: the place of each of the model's metrics among those of the rows; `nil`: the same.
    package init(model: EntityModel, columns: [Int]? = nil) {
        self.model = model
        scorer = model.detector.makeScorer()
        groups = model.calibrations.map {
            GroupScore(method: model.method, calibration: $0, adaptationTime: model.detector.adaptationTime)
        }
        aggregator = GroupAggregator(groups: model.groups, detector: model.detector, limits: model.limits)
        selection = RowSelection(width: model.metrics.count, columns: columns, input: model.method.input ?? .values)
        memory = AlarmMemory(gap: model.method.alarmRule.mergeGap)
        scorer.startSegment()
    }

    /// Says that the next sample does not follow the last one.
    package mutating func startSegment() {
        scorer.startSegment()
        for index in groups.indices { groups[index].restart() }
        memory.restart()
    }

    /// Judges the next rows of the stream.
    ///
    /// - Parameters:
    ///   - residuals: what the autoencoders say of them, `[N × M]`; empty: nobody asked.
    ///   - scores: where the rows are added.
    package mutating func append(_ rows: CleanRows, residuals: [Float], to scores: inout EntityScores) {
        let cells = selection.cells(of: rows, residuals: residuals)
        cells.forEach(0..<rows.count) { index, row in
            if rows.startsSegment[index] { startSegment() }
            judge(row, &scores)
        }
    }

    /// Judges samples that were collected before: all from the start of a stream.
    ///
    /// - Precondition: they have the model's metrics.
    package mutating func append(_ samples: DetectorSamples, to scores: inout EntityScores) {
        precondition(samples.metricCount == model.metrics.count, "samples of the model's metrics")
        let cells = samples.cells
        for segment in samples.segments {
            startSegment()
            cells.forEach(segment) { _, row in judge(row, &scores) }
        }
    }

    private mutating func judge(_ row: StreamRow, _ scores: inout EntityScores) {
        scores.found.appendRow { output in
            scorer.score(row, after: memory.past, into: output)
            aggregator.update(output, of: row)
        }
        let combined = groups.count - 1
        var urgency = 0.0
        for group in 0..<combined {
            groups[group].update(
                aggregator.deviations[group], news: aggregator.news[group], voice: aggregator.voices[group])
            urgency = max(urgency, groups[group].urgency)
        }
        groups[combined].update(
            aggregator.deviations[combined], news: aggregator.news[combined], urgency: urgency,
            lasts: groups[..<combined].contains(where: \.holdsAlarm))
        // What was tolerated has told as much as an alarm: its way back is none either.
        memory.update(isAlarm: groups[combined].isAlarm)
        scores.appendRow(
            time: row.time, groups,
            tolerated: groups[combined].isAlarm ? tolerated(at: row.time, scores.found) : nil)
    }

    private func tolerated(at time: Double, _ found: MetricDeviations) -> FalseAlarmTolerance.Reach? {
        guard !tolerance.isEmpty else { return nil }
        let width = model.metrics.count
        let fast = model.method.horizons.prefix(model.method.fastCount).max() ?? 1
        // No more rows than a stream keeps in any case, so that a restart between two of them changes nothing.
        let cells = min(found.deviations.count, min(fast, 32) * width)
        var recent = FalseAlarmTolerance.Recent(metrics: width)
        for cell in found.deviations.count - cells..<found.deviations.count {
            recent.add(found.deviations[cell], sign: found.signs[cell], of: cell % width)
        }
        return tolerance.reach(
            at: time, ratios: groups.map(\.ratio), alarms: groups.map(\.isAlarm), recent: recent)
    }
}

extension EntityScorer: StreamState {
    package func save(to state: inout StateWriter) {
        // Another method's state may look like this one's.
        state.append(Array(model.method.name.utf8))
        scorer.save(to: &state)
        for group in groups { group.save(to: &state) }
        memory.save(to: &state)
    }

    package mutating func restore(from state: inout StateReader) throws(StateError) {
        let method = try state.bytes()
        guard method == Array(model.method.name.utf8) else { throw StateError("the state of another method") }
        try scorer.restore(from: &state)
        for index in groups.indices { try groups[index].restore(from: &state) }
        try memory.restore(from: &state)
    }
}
