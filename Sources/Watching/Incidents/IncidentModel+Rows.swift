package import Telemetry

extension IncidentModel {
    /// Learns from the training parts of entities, and who depends on whom.
    ///
    /// - Parameter falseAlarmsPerDay: how often an entity may be news in quiet times.
    /// - Throws: `TelemetryError` from the readers.
    package init(
        learning sources: [EntitySource], pipeline: CleaningPipeline, reader: ReaderOptions,
        falseAlarmsPerDay: Double
    ) throws {
        self.init()
        let lexicon = MetricLexicon.builtIn
        var learning = DependencyLearning(lexicon: lexicon)
        for (type, members) in Dictionary(grouping: sources, by: \.type).sorted(by: { $0.key < $1.key }) {
            var pooled: [DetectorSamples] = []
            for source in members {
                let samples = try DetectorSamples(
                    source.read(options: reader), pipeline: pipeline, site: source.site, entity: source.entity,
                    type: source.type)
                let step = pipeline.types[type]?.steps[source.key] ?? pipeline.types[type]?.step ?? 1
                entities[source.key] = ChangeModel(
                    [samples], lexicon: lexicon, falseAlarmsPerDay: falseAlarmsPerDay,
                    stepSeconds: SampleTime.mean(of: samples.times) ?? step)
                learning.add(samples, site: source.site, entity: source.entity, step: step)
                // Others of the type may show other metrics: those of the first one are the type's.
                if pooled.allSatisfy({ $0.metrics == samples.metrics }) { pooled.append(samples) }
            }
            types[type] =
                members.count == 1
                ? entities[members[0].key]
                : ChangeModel(
                    pooled, lexicon: lexicon, falseAlarmsPerDay: falseAlarmsPerDay,
                    stepSeconds: SampleTime.mean(ofAll: pooled.map(\.times)) ?? pipeline.types[type]?.step ?? 1)
        }
        dependencies = learning.dependencies()
    }

    /// What an entity reports over its rows; `nil` for one of which nothing is known.
    ///
    /// - Throws: `TelemetryError` from the readers.
    package func reports(
        of source: EntitySource, pipeline: CleaningPipeline, reader: ReaderOptions, lexicon: MetricLexicon
    ) throws -> [EntityReport]? {
        guard let model = changes(of: source.key, type: source.type) else { return nil }
        var reader = try source.makeReader(options: reader)
        var cleaner = try RowCleaner(
            pipeline: pipeline, site: source.site, entity: source.entity, type: source.type, columns: reader.schema)
        var rows = CleanRows(schema: cleaner.schema)
        let width = model.metrics.count
        guard cleaner.schema.metrics == model.metrics else {
            throw DetectionError(
                .mismatch, "looking for incidents at \(source.key)",
                "found \(cleaner.schema.metrics.count) metrics, expected the \(width) that were learned from")
        }
        var stream = ChangeStream(model: model, lexicon: lexicon)
        var means = model.meanSeconds.map { RowMeans(over: $0, columns: width) }
        let rowStep = pipeline.types[source.type]?.steps[source.key] ?? pipeline.types[source.type]?.step ?? 1
        let step = max(rowStep, model.meanSeconds ?? 0)
        var reports: [EntityReport] = []
        func look(_ sample: RowMeans.Row) {
            stream.append(sample.values, at: sample.time)
            let report = stream.report(site: source.site, entity: source.entity, time: sample.time, step: step)
            if let report { reports.append(report) }
        }
        while let frame = try reader.nextChunk(maximumRows: 2_048) {
            rows.removeAll()
            try cleaner.append(frame, to: &rows)
            for row in 0..<rows.count {
                let cells = row * width..<(row + 1) * width
                // What is missing is no evidence.
                let observed = cells.map {
                    rows.marks[$0] == CleanRows.Mark.observed.rawValue ? rows.values[$0] : .nan
                }
                guard means != nil else {
                    look(RowMeans.Row(values: observed, time: rows.times[row]))
                    continue
                }
                if let sample = means?.append(observed, at: rows.times[row]) { look(sample) }
            }
        }
        if let sample = means?.finish() { look(sample) }
        return reports
    }
}
