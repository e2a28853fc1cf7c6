public import Telemetry

/// Turns cleaned samples of any number of entities into the training windows of every group: entities of one type
/// and schema train the same model, their windows pooled.
///
/// Works chunk by chunk, so that neither a file nor all of them together need fit in memory; see
/// ``TrainingSetBuilder`` for what is kept. The order in which sources come does not matter.
public struct TrainingCollector: Sendable {
    private let pipeline: CleaningPipeline
    private let scalers: [String: MetricScaler]
    private let configuration: TrainingConfiguration
    private var builders: [String: TrainingSetBuilder] = [:]
    private var metrics: [String: [String]] = [:]

    /// An empty collection.
    ///
    /// - Parameter scalers: by the name of their group.
    /// - Precondition: `configuration` is valid.
    public init(
        pipeline: CleaningPipeline, scalers: [String: MetricScaler], configuration: TrainingConfiguration
    ) {
        self.pipeline = pipeline
        self.scalers = scalers
        self.configuration = configuration
    }

    /// Reads, cleans, scales and takes in a whole source.
    ///
    /// - Throws: `TelemetryError` from the reader, or when the source does not fit the pipeline.
    public mutating func append(_ source: EntitySource, options: ReaderOptions = ReaderOptions()) throws {
        var reader = try source.makeReader(options: options)
        var cleaner = try SampleCleaner(
            pipeline: pipeline, site: source.site, entity: source.entity, type: source.type, schema: reader.schema)
        while let frame = try reader.nextChunk(maximumRows: 4096) {
            try cleaner.append(frame)
            for series in cleaner.take() { try append(series) }
        }
    }

    /// Scales and takes in the next rows of one entity and group. Groups without a scaler or without a metric that
    /// varies have no model and are passed over; so are runs of rows in which a group was silent, for their values
    /// are stand-ins.
    ///
    /// - Throws: `TelemetryError` when the series has other metrics than its scaler.
    public mutating func append(_ series: CleanSeries) throws {
        let name = series.group.name
        guard let scaler = scalers[name], !series.metrics.isEmpty else { return }
        let scaled = try scaler.scale(series)
        let width = series.metrics.count
        let heard = series.segments.filter { segment in
            // Not the first row alone: a rate is unknown at the start of every segment.
            series.standIn[segment.lowerBound * width..<segment.upperBound * width].contains(0)
        }
        let continuing = series.continuesPrevious && heard.first?.lowerBound == 0
        metrics[name] = series.metrics
        builders[
            name, default: TrainingSetBuilder(group: name, features: width, configuration: configuration)
        ].append(scaled, segments: heard, series: series.key, continuing: continuing)
    }

    /// The training windows of every group, sorted by name, and the names of the groups that have none.
    ///
    /// - Parameter mayBeNone: whether it is no error that no group has a window.
    /// - Throws: ``ModelError`` with the code `notEnoughData` when no group has a window to train on and that is an error,
    ///   or `invalidConfiguration` when the model of a group would be larger than anything here trains.
    public consuming func finish(
        mayBeNone: Bool = false
    ) throws(ModelError) -> (groups: [GroupTrainingData], leftOut: [String]) {
        for (name, metrics) in metrics.sorted(by: { $0.key < $1.key }) where !metrics.isEmpty {
            try configuration.requireModest(features: metrics.count, subject: "group '\(name)'")
        }
        guard !builders.isEmpty || mayBeNone else {
            throw ModelError(
                .notEnoughData, subject: "training data", found: "no group with a metric that varies",
                expected: "samples that change over time")
        }
        var groups: [GroupTrainingData] = []
        var failures: [(name: String, error: ModelError)] = []
        // Each builder is let go once its windows are laid out, so that not everything is in memory twice.
        for name in builders.keys.sorted() {
            guard let builder = builders.removeValue(forKey: name) else { continue }
            do throws(ModelError) {
                let data = try builder.finish()
                groups.append(GroupTrainingData(name: name, metrics: metrics[name] ?? [], data: data))
            } catch {
                failures.append((name, error))
            }
        }
        if groups.isEmpty, !mayBeNone, let first = failures.first { throw first.error }
        return (groups, failures.map(\.name))
    }
}
