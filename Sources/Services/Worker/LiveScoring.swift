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
    /// Counts what is done.
    package var figures: WorkerFigures

    /// Scoring of the given streams.
    package init(
        training: [EntitySource], streams: [EntitySource], mirrored: MirroredSources = MirroredSources(),
        reader: ReaderOptions, tool: String, figures: WorkerFigures = WorkerFigures(),
        makeBackend: @escaping @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    ) {
        self.training = Dictionary(training.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        self.streams = Dictionary(streams.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        self.mirrored = mirrored
        self.reader = reader
        self.tool = tool
        self.figures = figures
        self.makeBackend = makeBackend
    }

    /// Whether there is nothing that it could score.
    var isEmpty: Bool { training.isEmpty && streams.isEmpty }

    /// Scores until the streams have ended or it is no longer wanted. Files may grow: rows behind an end that was reached
    /// are scored as they come, unless the worker ends with its streams. Of a set that is not split and has no stream,
    /// what is there at the beginning is learned from, and what is appended is scored.
    ///
    /// - Parameters:
    ///   - entities: which to serve.
    ///   - falseAlarms: says which alarms were called false.
    ///   - told: takes how entities were scored, every few seconds and at the streams' end.
    ///   - deliver: takes events, in order, and how far it has come.
    /// - Throws: what makes scoring impossible.
    func run(
        model: FederatedModel, version: UInt64, entities: [String], settings: WorkerSettings,
        falseAlarms: FalseAlarmBoard = FalseAlarmBoard(), log: Logger, isCancelled: @escaping @Sendable () -> Bool,
        told: ([ScoreNews]) -> Void = { _ in },
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
        let watched = entities.compactMap { streams[$0] ?? mirrored.stream($0) }
            .filter { context.pipeline.types[$0.type] != nil }
        for source in watched where training[source.key] == nil && mirrored.training(source.key) == nil {
            log.notice(
                "an entity without samples to learn from is scored as others of its type", ["entity": source.key])
        }
        guard !mine.isEmpty else { return try deliver([], 0, true) }
        let checkpoint = try ScoringCheckpoint(settings, model: model, version: version, entities: entities)
        var fitted = checkpoint.model { log.warning("detectors are fitted again", ["reason": $0]) }
        if fitted == nil {
            guard
                let bundle = try bundle(
                    of: model, context, tunedOn: mine, epochs: settings.tuningEpochs, log: log,
                    isCancelled: isCancelled),
                let found = try self.fitted(
                    bundle, to: mine, seed: context.configuration.seed, settings: settings, backend: backend, log: log,
                    isCancelled: isCancelled)
            else { return }
            try checkpoint.keep(found)
            fitted = found
        }
        guard let monitoring = fitted else { return }
        log.info(
            "scoring",
            [
                "version": "\(version)", "entities": "\(entities.count)",
                "confidence": monitoring.confidenceLine ?? "unknown",
            ])
        let engines = ModelEngines(monitoring.bundle, backend: backend)
        var running: [Running] = []
        let growing = settings.endsWithStream ? [] : mine.filter { streams[$0.key] == nil && $0.part == .all }
        for source in watched + growing {
            func makeStream() throws -> EntityStream {
                try EntityStream(
                    source: source, options: tolerant, model: monitoring, method: monitoring.defaultMethod,
                    worker: settings.name, version: version, quietSamples: settings.quietSamples, engines: engines)
            }
            do {
                var stream = try checkpoint.resumed(makeStream, key: source.key) {
                    log.warning("a stream is scored again from its beginning", ["entity": source.key, "reason": $0])
                }
                if stream == nil {
                    stream = try makeStream()
                    if growing.contains(source) { try stream?.passToEnd(warming: Self.warmRows) }
                }
                if let stream { running.append(Running(stream, falseAlarms)) }
            } catch {
                log.warning("an entity cannot be watched", ["entity": source.key, "reason": "\(error)"])
            }
        }
        try score(
            &running, checkpoint, settings: settings, log: log, isCancelled: isCancelled, told: told, deliver: deliver)
    }

    /// Streams go on where a row is bad.
    private var tolerant: ReaderOptions { reader.skippingBadRows }

    /// Takes the streams in turn, at their pace, until they have ended. One that cannot be read any further ends by
    /// itself; the others go on.
    private func score(
        _ running: inout [Running], _ checkpoint: ScoringCheckpoint, settings: WorkerSettings, log: Logger,
        isCancelled: @escaping @Sendable () -> Bool, told: ([ScoreNews]) -> Void,
        deliver: ([AlarmEvent], _ scored: UInt64, _ ended: Bool) throws -> Void
    ) throws {
        let clock = ContinuousClock()
        let start = clock.now
        var due = start + ScoringCheckpoint.interval
        var scoresDue = start + ScoreTally.interval
        var offered = 0
        defer { keep(running, checkpoint, log) }
        while !isCancelled(), running.contains(where: { !$0.stream.hasEnded }) {
            var rows = 64
            if settings.rowsPerSecond > 0 {
                let elapsed = clock.now - start
                let target = Int(min(elapsed.seconds * settings.rowsPerSecond, 0x1p53))
                rows = min(64, target - offered)
                guard rows > 0 else {
                    Thread.sleep(forTimeInterval: min(0.05, 1 / settings.rowsPerSecond))
                    continue
                }
                offered += rows
            }
            let before = running.reduce(0) { $0 + $1.stream.scoredRows }
            for index in running.indices {
                let events = advance(&running[index], rows: rows, worker: settings.name, log)
                guard !events.isEmpty || index == running.count - 1 else { continue }
                try deliver(events, UInt64(running.reduce(0) { $0 + $1.stream.scoredRows }), false)
                if isCancelled() { return }
            }
            let now = clock.now
            if now > scoresDue {
                tell(&running, told)
                scoresDue = now + ScoreTally.interval
            }
            if now > due {
                keep(running, checkpoint, log)
                // Writing takes a twentieth of the time at most, however many streams there are.
                due = clock.now + max(ScoringCheckpoint.interval, (clock.now - now) * 20)
            }
            // Nobody had anything: a source that never ends is waited for.
            if running.reduce(0, { $0 + $1.stream.scoredRows }) == before { Thread.sleep(forTimeInterval: 0.01) }
        }
        guard !isCancelled() else { return }
        tell(&running, told)
        try deliver([], UInt64(running.reduce(0) { $0 + $1.stream.scoredRows }), true)
        if !settings.endsWithStream {
            try follow(
                &running, checkpoint, worker: settings.name, log: log, isCancelled: isCancelled, told: told,
                deliver: deliver)
        }
    }

    /// Rows that a stream sees before the first that is appended.
    private static let warmRows = 1_024
    /// Time between two looks whether a file has grown.
    private static let growthSeconds = 0.25

    /// Scores what is appended to the files of streams that had ended.
    private func follow(
        _ running: inout [Running], _ checkpoint: ScoringCheckpoint, worker: String, log: Logger,
        isCancelled: @escaping @Sendable () -> Bool, told: ([ScoreNews]) -> Void,
        deliver: ([AlarmEvent], _ scored: UInt64, _ ended: Bool) throws -> Void
    ) throws {
        let clock = ContinuousClock()
        var scoresDue = clock.now
        var due = clock.now + ScoringCheckpoint.interval
        defer { keep(running, checkpoint, log) }
        while !isCancelled() {
            var hasGrown = false
            for index in running.indices where !isCancelled() && running[index].stream.goOn() {
                hasGrown = true
                var before = -1
                while before != running[index].stream.scoredRows, !isCancelled() {
                    before = running[index].stream.scoredRows
                    let events = advance(&running[index], rows: 64, worker: worker, log)
                    try deliver(events, UInt64(running.reduce(0) { $0 + $1.stream.scoredRows }), false)
                }
            }
            if clock.now > scoresDue {
                tell(&running, told)
                scoresDue = clock.now + ScoreTally.interval
            }
            if hasGrown, clock.now > due {
                let start = clock.now
                keep(running, checkpoint, log)
                due = clock.now + max(ScoringCheckpoint.interval, (clock.now - start) * 20)
            }
            if !hasGrown { Thread.sleep(forTimeInterval: Self.growthSeconds) }
        }
    }

    /// Says how the streams were scored since that was last said.
    private func tell(_ running: inout [Running], _ told: ([ScoreNews]) -> Void) {
        let news = running.indices.compactMap { running[$0].stream.takeScores() }
        if !news.isEmpty { told(news) }
    }

    /// Writes how far the streams have come. Without, a restart scores again what it has scored.
    private func keep(_ running: [Running], _ checkpoint: ScoringCheckpoint, _ log: Logger) {
        do {
            for stream in running.map(\.stream) where !stream.hasEnded || stream.nextRow > 0 {
                try checkpoint.keep(stream)
            }
        } catch {
            log.warning("how far the streams have come cannot be written", ["reason": "\(error)"])
        }
    }

    private func advance(_ running: inout Running, rows: Int, worker: String, _ log: Logger) -> [AlarmEvent] {
        var events = running.heed()
        do {
            events += try figures.scoring { try running.stream.advance(rows: rows) }
        } catch {
            log.warning(
                "a stream ends before its source does", ["entity": running.stream.schema.key, "reason": "\(error)"])
            events += running.stream.end()
        }
        return events + running.stream.takeQuality(worker: worker, log)
    }

    /// A stream with what it heeds of alarms that were called false.
    private struct Running {
        var stream: EntityStream
        private let falseAlarms: FalseAlarmBoard
        private var heeded = 0

        init(_ stream: EntityStream, _ falseAlarms: FalseAlarmBoard) {
            self.stream = stream
            self.falseAlarms = falseAlarms
        }

        /// Hears what is called false, where that has changed; returns the events that it makes.
        mutating func heed() -> [AlarmEvent] {
            guard heeded != falseAlarms.revision else { return [] }
            let (alarms, revision) = falseAlarms.alarms(of: stream.schema.key)
            heeded = revision
            return stream.heed(alarms)
        }
    }

    /// The detectors of the entities, fitted one after the other; those of an entity that cannot be learned from are
    /// left out, and it is said. `nil` when nobody wants them any more.
    private func fitted(
        _ bundle: ModelBundle, to sources: [EntitySource], seed: UInt64, settings: WorkerSettings,
        backend: any AcceleratorBackend, log: Logger, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> MonitoringModel? {
        let chosen = try DetectorTraining.method(named: settings.method)
        let own = DetectorTraining.autoencoder
        var fitting = DetectorTraining(
            methods: chosen.name == own.name ? [chosen] : [chosen, own],
            falseAlarmsPerDay: settings.falseAlarmsPerDay, seed: seed)
        fitting.deviations = settings.deviations
        fitting.isCancelled = isCancelled
        do {
            let detectors = try figures.fitting {
                try fitting.detectors(
                    for: bundle, sources: sources, reader: tolerant, backend: backend,
                    onFailure: { source, error in
                        log.warning("an entity cannot be learned from", ["entity": source.key, "reason": "\(error)"])
                    })
            }
            return isCancelled()
                ? nil
                : MonitoringModel(bundle: bundle, reader: reader, detectors: detectors, defaultMethod: chosen.name)
        } catch let error as DetectionError where error.code == .cancelled {
            return nil
        }
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
                on: sources, epochs: epochs, options: tolerant, backend: makeBackend(1),
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

extension EntityStream {
    /// Events of what was found wrong with the watching since the last call; each is said in the log.
    mutating func takeQuality(
        worker: String, _ log: Logger, where isWanted: (DataQualityFinding) -> Bool = { _ in true }
    ) -> [AlarmEvent] {
        let (site, entity, row) = (source.site, source.entity, nextRow)
        return takeFindings().filter(isWanted).map { finding in
            log.write(finding, of: site)
            return AlarmEvent(finding, site: site, entity: entity, worker: worker, row: row)
        }
    }
}
