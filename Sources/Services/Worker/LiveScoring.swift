package import Autoencoders
import Federation
import Foundation
import Platform
package import Telemetry
import Watching

/// Scores a worker's streams with one model version, on a thread of its own: fits the detectors to the training samples,
/// then takes the entities in turn, at the pace of the streams.
package struct LiveScoring: Sendable {
    /// What it may learn from, by `site/entity`.
    package var training: [String: EntitySource]
    /// The streams, by `site/entity`.
    package var streams: [String: EntitySource]
    /// Copies of other workers' samples.
    package var mirrored: MirroredSources
    /// How files are read.
    package var reader: ReaderOptions
    /// Computes the autoencoders.
    package var makeBackend: @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    /// Program and version, for the record in models.
    package var tool: String

    /// Scoring of the given streams.
    package init(
        training: [EntitySource], streams: [EntitySource], mirrored: MirroredSources = MirroredSources(),
        reader: ReaderOptions, tool: String,
        makeBackend: @escaping @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    ) {
        self.training = Dictionary(training.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        self.streams = Dictionary(streams.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        self.mirrored = mirrored
        self.reader = reader
        self.tool = tool
        self.makeBackend = makeBackend
    }

    /// Scores until the streams have ended or it is no longer wanted.
    ///
    /// - Parameters:
    ///   - entities: which to serve.
    ///   - deliver: takes events, in order, and how far it has come.
    /// - Throws: what makes scoring impossible.
    func run(
        model: FederatedModel, version: UInt64, entities: [String], settings: WorkerSettings, log: Logger,
        isCancelled: @escaping @Sendable () -> Bool,
        deliver: ([AlarmEvent], _ scored: UInt64, _ ended: Bool) throws -> Void
    ) throws {
        let context = try FederationContext(of: model)
        let backend = try makeBackend(1)
        let reached = entities.compactMap { training[$0] ?? mirrored.training($0) }
        let mine = reached.filter { context.pipeline.types[$0.type] != nil }
        for source in reached where context.pipeline.types[source.type] == nil {
            log.warning(
                "an entity cannot be watched",
                ["entity": source.key, "reason": "no entity of type \(source.type) took part in the statistics"])
        }
        guard !mine.isEmpty else { return try deliver([], 0, true) }
        guard
            let bundle = try bundle(
                of: model, context, tunedOn: mine, epochs: settings.tuningEpochs, log: log, isCancelled: isCancelled)
        else { return }
        let chosen = try DetectorTraining.method(named: settings.method)
        let methods = [chosen, DetectorTraining.autoencoder]
        let fitting = DetectorTraining(
            methods: chosen.name == DetectorTraining.autoencoder.name ? [chosen] : methods,
            falseAlarmsPerDay: settings.falseAlarmsPerDay, seed: context.configuration.seed)
        let detectors = try fitting.detectors(for: bundle, sources: mine, reader: reader, backend: backend)
        if isCancelled() { return }
        let monitoring = MonitoringModel(
            bundle: bundle, reader: reader, detectors: detectors, defaultMethod: chosen.name)
        try monitoring.write(to: settings.folder + "/model")
        log.info("scoring", ["version": "\(version)", "entities": "\(entities.count)"])

        let known = mine.map(\.key)
        var running = try known.compactMap { streams[$0] ?? mirrored.stream($0) }.map { source in
            try EntityStream(
                source: source, options: reader, model: monitoring, method: chosen.name, worker: settings.name,
                version: version, quietSamples: settings.quietSamples, backend: backend)
        }
        let clock = ContinuousClock()
        let start = clock.now
        var due = 0
        while !isCancelled(), running.contains(where: { !$0.hasEnded }) {
            var rows = 64
            if settings.rowsPerSecond > 0 {
                let elapsed = clock.now - start
                let target = Int(min(elapsed.seconds * settings.rowsPerSecond, 0x1p53))
                rows = min(64, target - due)
                guard rows > 0 else {
                    Thread.sleep(forTimeInterval: min(0.05, 1 / settings.rowsPerSecond))
                    continue
                }
                due += rows
            }
            for index in running.indices {
                let events = try running[index].advance(rows: rows)
                guard !events.isEmpty || index == running.count - 1 else { continue }
                try deliver(events, UInt64(running.reduce(0) { $0 + $1.scoredRows }), false)
                if isCancelled() { return }
            }
        }
        if !isCancelled() { try deliver([], UInt64(running.reduce(0) { $0 + $1.scoredRows }), true) }
    }

    /// The version's model as it scores here; `nil` when it is no longer wanted.
    private func bundle(
        of model: FederatedModel, _ context: FederationContext, tunedOn sources: [EntitySource], epochs: Int,
        log: Logger, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> ModelBundle? {
        let bundle = try context.bundle(of: model, tool: tool)
        guard epochs > 0 else { return bundle }
        do {
            let tuned = try bundle.tuned(
                on: sources, epochs: epochs, options: reader, backend: makeBackend(1),
                control: TrainingControl(isCancelled: isCancelled))
            log.info("tuned to its own samples", ["epochs": "\(epochs)"])
            return tuned
        } catch let error as ModelError where error.code == .cancelled {
            return nil
        } catch let error as ModelError where error.code == .notEnoughData {
            log.warning("the model scores as it is", ["reason": "\(error)"])
            return bundle
        }
    }
}
