package import Autoencoders
package import Telemetry

/// Fits the detectors of a model to its training data: one for each entity, and one for each type of entity for those
/// that come later.
package struct DetectorTraining: Sendable {
    /// Standardised residuals of the autoencoders, smoothed over five samples.
    package static let autoencoder = DetectionMethod(name: "autoencoder", kind: .robustZScore, horizons: [5])
    /// The methods that a model is trained for unless told otherwise; the first one is what `score` uses.
    package static let standardMethods = [DetectionMethod.shipped, autoencoder]
    /// Rows of one entity that detectors look at: the latest ones. Bounds the memory of training.
    package static let maximumRows = 200_000

    /// Every method by name: those of module Detection, and the autoencoder.
    ///
    /// - Throws: `DetectionError` (`invalidOption`) that lists the names when there is none.
    package static func method(named name: String) throws -> DetectionMethod {
        name == autoencoder.name ? autoencoder : try DetectionMethod.named(name)
    }

    /// The methods to fit.
    package var methods: [DetectionMethod]
    /// False alarms that thresholds allow, a day and entity.
    package var falseAlarmsPerDay: Double
    /// Seed of methods that draw random numbers.
    package var seed: UInt64

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

    /// Fits every method to every entity.
    ///
    /// - Parameters:
    ///   - bundle: the trained autoencoders with cleaning and scaling.
    ///   - progress: hears which entity is next, from 0, and how many there are.
    /// - Throws: `TelemetryError` from the readers, `DetectionError` where there is too little to learn from, or what
    ///   the backend throws.
    package func detectors(
        for bundle: ModelBundle, sources: [EntitySource], reader: ReaderOptions, backend: any AcceleratorBackend,
        progress: (Int, Int, String) -> Void = { _, _, _ in }
    ) throws -> [String: DetectorSet] {
        let pipeline = try bundle.pipeline()
        let needsResiduals = methods.contains { $0.name == Self.autoencoder.name }
        let scorers = needsResiduals ? try ResidualStream.makeScorers(bundle, backend: backend) : [:]
        var result = Dictionary(uniqueKeysWithValues: methods.map { ($0.name, DetectorSet()) })
        let types = Dictionary(grouping: sources, by: \.type).sorted { $0.key < $1.key }
        var done = 0
        for (type, members) in types {
            var pooled: [String: [DetectorSamples]] = [:]
            for source in members {
                progress(done, sources.count, source.key)
                done += 1
                let series = try pipeline.clean(source, options: reader)
                let step = pipeline.types[type]?.steps[source.key] ?? pipeline.types[type]?.step ?? 1
                for method in methods {
                    let samples = try learnable(method, series: series, bundle: bundle, scorers: scorers)
                    result[method.name]?.entities[source.key] = try fit(
                        method, to: [samples], named: source.key, stepSeconds: step)
                    pooled[method.name, default: []].append(samples)
                }
            }
            let step = pipeline.types[type]?.step ?? 1
            for method in methods {
                if members.count == 1, let only = result[method.name]?.entities[members[0].key] {
                    result[method.name]?.types[type] = only
                } else {
                    result[method.name]?.types[type] = try fit(
                        method, to: pooled[method.name] ?? [], named: "type \(type)", stepSeconds: step)
                }
            }
        }
        return result
    }

    func fit(
        _ method: DetectionMethod, to entities: [DetectorSamples], named name: String, stepSeconds: Double
    ) throws -> EntityModel {
        do {
            return try EntityModel.trained(method, on: entities, stepSeconds: stepSeconds, seed: seed)
        } catch {
            throw DetectionError(error.code, "fitting '\(method.name)' to \(name)", error.detail)
        }
    }

    /// What a method may learn from: all rows, or for the autoencoder the residuals of those that it was not trained
    /// on.
    func learnable(
        _ method: DetectionMethod, series: [CleanSeries], bundle: ModelBundle, scorers: [String: ResidualScorer]
    ) throws -> DetectorSamples {
        guard method.name == Self.autoencoder.name else {
            var assembler = SampleAssembler()
            return assembler.append(series).suffix(from: 0, atMost: Self.maximumRows)
        }
        var stream = ResidualStream(bundle: bundle, scorers: scorers)
        let residuals = try stream.append(series)
        let share = bundle.manifest.configuration.heldOutShare
        let first = TrainingSetBuilder.firstHeldOutRow(rows: residuals.count, share: share)
        return residuals.suffix(from: first < residuals.count ? first : 0, atMost: Self.maximumRows)
    }
}

extension DetectorSamples {
    /// The rows from `first` on, or the latest `limit` of them.
    func suffix(from first: Int, atMost limit: Int) -> DetectorSamples {
        let start = max(first, count - limit)
        guard start > 0 else { return self }
        return DetectorSamples(
            metrics: metrics, groups: groups, times: Array(times[start...]),
            values: Array(values[(start * metricCount)...]),
            segments: segments.compactMap { segment in
                let lower = max(0, segment.lowerBound - start)
                let upper = segment.upperBound - start
                return upper > lower ? lower..<upper : nil
            })
    }
}
