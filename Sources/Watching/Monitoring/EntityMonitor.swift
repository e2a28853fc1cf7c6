package import Autoencoders
package import Platform
package import Telemetry

/// One entity's way from raw rows to scores: cleaned once, then seen by the autoencoders and by every scorer. The same
/// rows give the same scores, bit for bit, however they are cut into frames.
package struct EntityMonitor {
    /// What the stream consists of.
    package var schema: StreamSchema { cleaner.schema }
    /// `site/entity`.
    package var entity: String { cleaner.schema.key }
    /// Columns of the source that the model does not know; they are left out.
    package var unknownColumns: [String] { cleaner.schema.unknownColumns }
    /// Columns that the model knows and the source lacks; they count as missing.
    package var missingColumns: [String] { cleaner.schema.missingColumns }
    /// The model that scores.
    package var model: EntityModel { scorer.model }
    /// The resource group of each metric that is scored, `[F]`.
    package var metricGroups: [String] { scorer.model.groups }
    /// Metrics that went away, or came back, in the rows of the last call.
    package private(set) var presence: [CleanRows.PresenceChange] = []

    /// Alarms of the entity that were called false: from the next row on the same again is none.
    package mutating func tolerate(_ alarms: [FalseAlarm]) {
        scorer.tolerance = FalseAlarmTolerance(
            alarms, groups: scorer.model.scoredGroups, metrics: scorer.model.metrics)
    }

    /// Metrics that are away.
    package var away: [String] { cleaner.away.map { schema.metrics[$0] } }

    private var cleaner: RowCleaner
    private var rows: CleanRows
    private var residuals: ResidualStream?
    private var scorer: EntityScorer
    private var evidence: Evidence?

    /// The autoencoders' own scores beside those that decide alarms.
    fileprivate struct Evidence {
        var scorer: EntityScorer
        var scores: EntityScores
    }

    /// A monitor before the first row.
    ///
    /// - Parameters:
    ///   - method: the detection method, by name.
    ///   - schema: the source's columns.
    ///   - givesEvidence: whether what the autoencoders' own method says goes along, where another one decides and it
    ///     was fitted to the entity or its type.
    ///   - engines: the autoencoders, where somebody looks at them.
    /// - Throws: `ModelError`, `TelemetryError` or ``DetectionError`` when the model does not fit the entity, or what
    ///   the backend throws.
    package init(
        model: MonitoringModel, method: String, site: String, entity: String, type: String, schema columns: [String],
        givesEvidence: Bool = false, engines: ModelEngines
    ) throws {
        cleaner = try RowCleaner(
            pipeline: model.bundle.pipeline(), site: site, entity: entity, type: type, columns: columns)
        rows = CleanRows(schema: cleaner.schema)
        let schema = cleaner.schema
        func makeScorer(_ method: String) throws -> EntityScorer {
            let detector = try model.detectors(of: method).model(for: schema.key, type: schema.type)
            return EntityScorer(model: detector, columns: try detector.places(in: schema))
        }
        scorer = try makeScorer(method)
        let own = DetectorTraining.autoencoder.name
        // An entity without a metric that varies has no autoencoder to say something.
        if givesEvidence, method != own, model.detectors[own]?.knows(schema.key, type: schema.type) ?? false {
            let other = try makeScorer(own)
            evidence = Evidence(scorer: other, scores: EntityScores(of: other.model))
        }
        if scorer.model.method.needsResiduals || evidence != nil {
            residuals = try ResidualStream(bundle: model.bundle, engines: engines, schema: schema)
        }
    }

    /// The same with autoencoders of its own.
    package init(
        model: MonitoringModel, method: String, site: String, entity: String, type: String, schema columns: [String],
        backend: any AcceleratorBackend
    ) throws {
        try self.init(
            model: model, method: method, site: site, entity: entity, type: type, schema: columns,
            engines: ModelEngines(model.bundle, backend: backend))
    }

    /// Scores the next rows; the first of them is row ``MetricFrame/firstRow`` of the entity.
    ///
    /// - Returns: their scores alone.
    /// - Throws: as ``append(_:to:)``.
    package mutating func append(_ frame: MetricFrame) throws -> EntityScores {
        var scores = EntityScores(of: scorer.model)
        try append(frame, to: &scores)
        return scores
    }

    /// Scores the next rows and adds what comes of them to `scores`.
    ///
    /// - Throws: `TelemetryError` when the frame has other columns, or what the backend throws.
    package mutating func append(_ frame: MetricFrame, to scores: inout EntityScores) throws {
        rows.removeAll()
        try cleaner.append(frame, to: &rows)
        presence = rows.presenceChanges
        let found = try residuals?.residuals(of: rows) ?? []
        scorer.append(rows, residuals: found, to: &scores)
        evidence?.scores.removeAll()
        evidence?.add(rows, found)
    }

    /// The autoencoders' own score of a row of the last call, in units of its threshold; `nil` where nobody asked.
    package func evidence(_ row: Int) -> Double? { evidence?.scores.ratio(row) }
}

extension EntityMonitor.Evidence {
    fileprivate mutating func add(_ rows: CleanRows, _ residuals: [Float]) {
        scorer.append(rows, residuals: residuals, to: &scores)
    }
}

extension EntityMonitor: StreamState {
    /// Writes what the cleaner, the autoencoders and the scorers remember.
    package func save(to state: inout StateWriter) {
        cleaner.save(to: &state)
        residuals?.save(to: &state)
        scorer.save(to: &state)
        evidence?.scorer.save(to: &state)
    }

    /// Takes it up: the rows that follow are scored as if nothing had happened.
    package mutating func restore(from state: inout StateReader) throws(StateError) {
        try cleaner.restore(from: &state)
        try residuals?.restore(from: &state)
        try scorer.restore(from: &state)
        try evidence?.scorer.restore(from: &state)
    }
}

extension EntityModel {
    /// The place of each of its metrics among those of a stream; `nil`: they are the same.
    ///
    /// - Throws: ``DetectionError`` (`mismatch`) when the stream lacks one.
    func places(in schema: StreamSchema) throws(DetectionError) -> [Int]? {
        if metrics == schema.metrics { return nil }
        let places = Dictionary(
            schema.metrics.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var result: [Int] = []
        for metric in metrics {
            guard let place = places[metric] else {
                throw DetectionError(
                    .mismatch, "starting a stream of \(schema.key)",
                    "the metric \(metric) of the detector is none that the cleaning delivers")
            }
            result.append(place)
        }
        return result
    }
}
