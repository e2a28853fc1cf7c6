package import Autoencoders
package import Telemetry

extension UsualRanges {
    /// Rows of one entity that are looked at: the latest.
    private static let mostRows = 20_000
    /// Of fewer rows nothing is learned.
    private static let fewestRows = 100

    /// What some entities say, and the rows behind it.
    package typealias Share = (ranges: UsualRanges, rows: Int)

    /// The metrics that vary, of all groups, in an order that follows from the pipeline alone.
    package static func metrics(of pipeline: CleaningPipeline) -> [String] {
        pipeline.groups.map { (name: $0.group.name, metrics: $0.metrics) }.sorted { $0.name < $1.name }
            .flatMap { group in group.metrics.map { name(of: $0, in: group.name) } }
    }

    /// What the training parts of some entities say of the metrics behind a pipeline, each by its rows.
    ///
    /// - Parameter isCancelled: whether the result is no longer wanted.
    /// - Returns: the ranges and the rows behind them; `nil` where no entity has enough.
    /// - Throws: `TelemetryError` from the readers.
    package static func learned(
        from sources: [EntitySource], pipeline: CleaningPipeline, options: (EntitySource) -> ReaderOptions,
        isCancelled: () -> Bool = { false }
    ) throws -> Share? {
        let metrics = metrics(of: pipeline)
        var shares: [Share] = []
        for source in sources where pipeline.types[source.type] != nil && !isCancelled() {
            let samples = try samples(of: source, pipeline: pipeline, options: options(source))
            share(of: samples, metrics: metrics, isCancelled: isCancelled).map { shares.append($0) }
        }
        return summed(shares)
    }

    /// The same of samples that are at hand.
    ///
    /// - Parameter metrics: of which, as ``name(of:in:)`` has them.
    package static func learned(
        from samples: [DetectorSamples], metrics: [String]
    ) -> Share? {
        summed(samples.compactMap { share(of: $0, metrics: metrics) { false } })
    }

    /// What others than some entities say, by whose rows a detector is fitted and judged: rows that are held out from it are not
    /// to reach it by what is usual either. Where they are less than a fiftieth of all rows, all stays as it is.
    ///
    /// - Returns: `nil` where nobody else says anything.
    package func without(_ samples: [DetectorSamples]) -> UsualRanges? {
        guard let rows else { return self }
        let latest = samples.map { $0.latest(Self.mostRows) }
        guard latest.reduce(0, { $0 + $1.count }) * 50 > rows,
            let own = Self.learned(from: latest, metrics: metrics)
        else { return self }
        return without(own.ranges, rows: own.rows)
    }

    private static func summed(_ shares: [Share]) -> Share? {
        guard let mean = mean(shares), !mean.isEmpty else { return nil }
        return (mean, shares.reduce(0) { $0 + $1.rows })
    }

    /// What one entity says; `nil` where it has too little to say.
    private static func share(
        of samples: DetectorSamples, metrics: [String], isCancelled: () -> Bool
    ) -> Share? {
        guard samples.count >= fewestRows, samples.metricCount > 0 else { return nil }
        let cells = samples.count * samples.metricCount * parts.count
        let fit = EvidenceFit(
            metrics: samples.metrics, groups: samples.groups, parts: parts,
            precision: cells <= EvidenceFit.largestExactFit ? 52 : EvidenceFit.coarsePrecision)
        // What cannot be fitted here is said where its detectors are.
        guard case .evidence(let detector)? = try? fit.fitted(to: [TrainingPart(samples)], isCancelled: isCancelled)
        else { return nil }
        return (UsualRanges(metrics: metrics, of: detector, spreads: spreads(of: detector, samples)), samples.count)
    }

    private static func samples(
        of source: EntitySource, pipeline: CleaningPipeline, options: ReaderOptions
    ) throws -> DetectorSamples {
        var reader = try source.makeReader(options: options)
        var cleaner = try RowCleaner(
            pipeline: pipeline, site: source.site, entity: source.entity, type: source.type, columns: reader.schema)
        var rows = CleanRows(schema: cleaner.schema)
        var collector = SampleCollector(schema: cleaner.schema, limit: mostRows)
        while let frame = try reader.nextChunk(maximumRows: 1_024) {
            rows.removeAll()
            try cleaner.append(frame, to: &rows)
            collector.append(rows, residuals: [])
        }
        return collector.samples(heldOutShare: 0)
    }

    /// The spread of each metric; `nil` for one that stood still.
    private static func spreads(of detector: EvidenceDetector, _ samples: DetectorSamples) -> [Double?] {
        let width = samples.metricCount
        return (0..<width).map { metric in
            let first = samples.values[metric]
            let moves = stride(from: metric, to: samples.values.count, by: width).contains {
                samples.values[$0] != first
            }
            return moves ? detector.relations?.scale[metric] : nil
        }
    }
}

extension ModelBundle {
    private static let usualSection = "usual"

    /// What is known of the metrics from all entities that were learned from; `nil`: nothing.
    ///
    /// - Throws: `ModelError` with the code `corrupt` when it is of another form.
    package func usualRanges() throws(ModelError) -> UsualRanges? {
        try manifest.section(Self.usualSection, as: UsualRanges.self)
    }

    /// Keeps that.
    package mutating func setUsualRanges(_ ranges: UsualRanges) throws {
        try manifest.setSection(Self.usualSection, to: ranges)
    }

    /// Learns that from the model's own training data, where all are in one place.
    ///
    /// - Throws: as ``UsualRanges/learned(from:pipeline:options:isCancelled:)``.
    package mutating func learnUsualRanges(from sources: [EntitySource], options: ReaderOptions) throws {
        let found = try UsualRanges.learned(from: sources, pipeline: try pipeline(), options: { _ in options })
        if let found { try setUsualRanges(found.ranges) }
    }
}
