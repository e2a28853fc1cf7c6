package import Autoencoders
package import Telemetry

/// One entity's stream from raw rows to scores and alarms. The same rows give the same scores, bit for bit, however
/// they are cut into frames.
package struct EntityMonitor {
    /// `site/entity`.
    package let entity: String
    /// Columns of the source that the model does not know; they are left out.
    package var unknownColumns: [String] { cleaner.unknownColumns }
    /// Columns that the model knows and the source lacks; they count as missing.
    package var missingColumns: [String] { cleaner.missingColumns }

    private var cleaner: SampleCleaner
    private var assembler = SampleAssembler()
    private var residuals: ResidualStream?
    private var scorer: EntityScorer

    /// A monitor before the first row.
    ///
    /// - Parameters:
    ///   - method: the detection method, by name.
    ///   - schema: the source's columns.
    ///   - backend: computes the autoencoders, where the method needs them.
    /// - Throws: `ModelError` or `TelemetryError` when the model does not fit the entity, or what the backend throws.
    package init(
        model: MonitoringModel, method: String, site: String, entity: String, type: String, schema: [String],
        backend: any AcceleratorBackend
    ) throws {
        let pipeline = try model.bundle.pipeline()
        self.entity = "\(site)/\(entity)"
        cleaner = try SampleCleaner(pipeline: pipeline, site: site, entity: entity, type: type, schema: schema)
        let detector = try model.detectors(of: method).model(for: self.entity, type: type)
        scorer = EntityScorer(model: detector)
        if method == DetectorTraining.autoencoder.name {
            residuals = ResidualStream(
                bundle: model.bundle, scorers: try ResidualStream.makeScorers(model.bundle, backend: backend))
        }
    }

    /// The resource group of each metric that is scored, `[F]`.
    package var metricGroups: [String] { scorer.model.groups }

    /// Scores the next rows; the first of them is row ``MetricFrame/firstRow`` of the entity.
    ///
    /// - Throws: `TelemetryError` when the frame has other columns, `DetectionError` when the model expects other
    ///   metrics than the cleaning delivers.
    package mutating func append(_ frame: MetricFrame) throws -> EntityScores {
        try cleaner.append(frame)
        let series = cleaner.take()
        let samples = try residuals?.append(series) ?? assembler.append(series)
        try samples.require(scorer.model.metrics)
        return EntityScores(
            streaming: samples, through: &scorer, continuing: series.first?.continuesPrevious ?? false)
    }
}
