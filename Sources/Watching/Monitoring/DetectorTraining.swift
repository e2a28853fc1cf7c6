package import Autoencoders
package import Telemetry

/// Fits the detectors of a model to its training data: one for each entity, and one for each type of entity for those
/// that come later.
package struct DetectorTraining: Sendable {
    /// Standardised residuals of the autoencoders, smoothed over five samples.
    package static let autoencoder = DetectionMethod(
        name: "autoencoder", kind: .robustZScore, horizons: [5], input: .residuals)
    /// The methods that a model is trained for unless told otherwise; the first one is what `score` uses.
    package static let standardMethods = [DetectionMethod.shipped, autoencoder]
    /// Rows of one entity that detectors look at: the latest ones. Bounds the memory of training.
    package static let maximumRows = 200_000

    /// Every method by name: those of module Detection, and the autoencoder.
    ///
    /// - Throws: `DetectionError` (`invalidOption`) that lists the names when there is none.
    package static func method(named name: String) throws -> DetectionMethod {
        let methods = DetectionMethod.all + [autoencoder] + DetectionMethod.ablations
        guard let method = methods.first(where: { $0.name == name }) else {
            throw DetectionError(unknownMethod: name, among: methods.map(\.name))
        }
        return method
    }

    /// The methods to fit.
    package var methods: [DetectionMethod]
    /// False alarms that thresholds allow, a day and entity.
    package var falseAlarmsPerDay: Double
    /// Seed of methods that draw random numbers.
    package var seed: UInt64
    /// Which deviations of metrics count.
    package var deviations = DeviationRules()
    /// Whether the result is no longer wanted; asked between the steps of a fit.
    package var isCancelled: @Sendable () -> Bool = { false }

    /// Training with every choice given.
    package init(methods: [DetectionMethod] = standardMethods, falseAlarmsPerDay: Double = 1, seed: UInt64 = 0) {
        self.methods = methods.map { method in
            var method = method
            method.thresholdRule = .falseAlarms(perDay: falseAlarmsPerDay)
            return method
        }
        self.falseAlarmsPerDay = falseAlarmsPerDay
        self.seed = seed
    }

    /// Fits every method to every entity. What one method cannot learn of an entity costs neither the entity another
    /// method, nor others theirs.
    ///
    /// - Parameters:
    ///   - bundle: the trained autoencoders with cleaning and scaling.
    ///   - progress: hears which entity is next, from 0, and how many there are.
    ///   - onFailure: hears of what cannot be learned of an entity; it is left out unless this throws.
    /// - Throws: `TelemetryError` from the readers, `DetectionError` where there is too little to learn from or it is
    ///   no longer wanted, or what the backend throws.
    package func detectors(
        for bundle: ModelBundle, sources: [EntitySource], reader: ReaderOptions, backend: any AcceleratorBackend,
        progress: (Int, Int, String) -> Void = { _, _, _ in },
        onFailure: (EntitySource, any Error) throws -> Void = { throw $1 }
    ) throws -> [String: DetectorSet] {
        let engines = engines(bundle, backend)
        let usual = try bundle.usualRanges()
        var result = Dictionary(uniqueKeysWithValues: methods.map { ($0.name, DetectorSet()) })
        let types = Dictionary(grouping: sources, by: \.type).sorted { $0.key < $1.key }
        var done = 0
        for (type, members) in types {
            var pooled: [String: [DetectorSamples]] = [:]
            var rows: [DetectorSamples] = []
            let clocks = try bundle.pipeline().types[type]
            for source in members {
                progress(done, sources.count, source.key)
                done += 1
                let learnable = try made(of: source, onFailure) {
                    try read(source, options: reader, bundle: bundle, engines: engines)
                }
                guard let learnable else { continue }
                let others = usual?.without([learnable.all])
                if members.count > 1, usual != nil { rows.append(learnable.all) }
                for method in methods {
                    let samples = learnable.samples(for: method)
                    let model = try made(of: source, onFailure) {
                        try fit(
                            method, to: [samples], named: source.key,
                            stepSeconds: samples.meanStep ?? clocks?.step ?? 1, usual: others)
                    }
                    guard let model else { continue }
                    result[method.name]?.entities[source.key] = model
                    // Of a type's only entity there is nothing else to learn.
                    if members.count > 1 { pooled[method.name, default: []].append(samples) }
                }
            }
            for method in methods {
                if members.count == 1 {
                    let only = result[method.name]?.entities[members[0].key]
                    result[method.name]?.types[type] = only
                } else if let samples = pooled[method.name] {
                    result[method.name]?.types[type] = try fit(
                        method, to: samples, named: "type \(type)",
                        stepSeconds: SampleTime.mean(ofAll: samples.map(\.times)) ?? clocks?.step ?? 1,
                        usual: usual?.without(rows))
                }
            }
        }
        return result
    }

    /// What `make` makes; `nil` where it cannot, and that was said.
    private func made<Made>(
        of source: EntitySource, _ onFailure: (EntitySource, any Error) throws -> Void, _ make: () throws -> Made
    ) throws -> Made? {
        do {
            return try make()
        } catch let error as DetectionError where error.code == .cancelled {
            throw error
        } catch {
            try onFailure(source, error)
            return nil
        }
    }

    /// Fits every method to one entity's rows that are at hand: chosen, not found.
    ///
    /// - Parameters:
    ///   - frames: consecutive rows of the entity.
    ///   - stepSeconds: time from one row to the next, where the rows do not say.
    /// - Returns: the detectors, in the order of ``methods``.
    /// - Throws: as ``detectors(for:sources:reader:backend:progress:)``.
    package func detectors(
        for bundle: ModelBundle, frames: [MetricFrame], site: String, entity: String, type: String,
        stepSeconds: Double, backend: any AcceleratorBackend
    ) throws -> [EntityModel] {
        guard let first = frames.first else { return [] }
        var road = try Road(
            bundle, site: site, entity: entity, type: type, columns: first.schema,
            engines: engines(bundle, backend))
        for frame in frames { try road.append(frame) }
        let learnable = road.finish(bundle)
        let usual = try bundle.usualRanges()?.without([learnable.all])
        return try methods.map { method in
            try fit(
                method, to: [learnable.samples(for: method)], named: "\(site)/\(entity)",
                stepSeconds: learnable.all.meanStep ?? stepSeconds, usual: usual)
        }
    }

    /// The autoencoders, where a method looks at what they say.
    private func engines(_ bundle: ModelBundle, _ backend: any AcceleratorBackend) -> ModelEngines? {
        methods.contains(where: \.needsResiduals) ? ModelEngines(bundle, backend: backend) : nil
    }

    private func read(
        _ source: EntitySource, options: ReaderOptions, bundle: ModelBundle, engines: ModelEngines?
    ) throws -> Learnable {
        var reader = try source.makeReader(options: options)
        var road = try Road(
            bundle, site: source.site, entity: source.entity, type: source.type, columns: reader.schema,
            engines: engines)
        while let frame = try reader.nextChunk(maximumRows: 1024) {
            if isCancelled() { throw DetectionError(cancelled: "reading \(source.key)") }
            try road.append(frame)
        }
        return road.finish(bundle)
    }

    /// The way of rows to learn from: that of every stream, collected at its end.
    private struct Road {
        var cleaner: RowCleaner
        var rows: CleanRows
        var residuals: ResidualStream?
        var collector: SampleCollector

        init(
            _ bundle: ModelBundle, site: String, entity: String, type: String, columns: [String],
            engines: ModelEngines?
        ) throws {
            cleaner = try RowCleaner(
                pipeline: bundle.pipeline(), site: site, entity: entity, type: type, columns: columns)
            let schema = cleaner.schema
            rows = CleanRows(schema: schema)
            residuals = try engines.map { try ResidualStream(bundle: bundle, engines: $0, schema: schema) }
            collector = SampleCollector(schema: schema, limit: DetectorTraining.maximumRows)
        }

        mutating func append(_ frame: MetricFrame) throws {
            rows.removeAll()
            try cleaner.append(frame, to: &rows)
            collector.append(rows, residuals: try residuals?.residuals(of: rows) ?? [])
        }

        func finish(_ bundle: ModelBundle) -> Learnable {
            Learnable(
                all: collector.samples(heldOutShare: bundle.manifest.configuration.heldOutShare),
                withModel: residuals?.metrics ?? [])
        }
    }

    /// What methods may learn from.
    private struct Learnable {
        let all: DetectorSamples
        /// The metrics that a model looks at, by their places.
        let withModel: [Int]

        /// The values with what the autoencoders say of them; for a method that judges residuals only, those.
        func samples(for method: DetectionMethod) -> DetectorSamples {
            method.input == .residuals ? all.residualSamples(withModel) : all
        }
    }

    func fit(
        _ method: DetectionMethod, to entities: [DetectorSamples], named name: String, stepSeconds: Double,
        usual: UsualRanges?
    ) throws -> EntityModel {
        do {
            return try EntityModel.trained(
                method, on: entities, stepSeconds: stepSeconds, seed: seed, deviations: deviations,
                usual: usual, isCancelled: isCancelled)
        } catch {
            throw DetectionError(error.code, "fitting '\(method.name)' to \(name)", error.detail)
        }
    }
}
