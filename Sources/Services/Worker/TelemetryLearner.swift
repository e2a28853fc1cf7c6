package import Autoencoders
package import Federation
import Foundation
import Numerics
package import Platform
import Synchronization
package import Telemetry
import Watching

/// Learns from metric files: statistics, rounds of training with ``Autoencoders/LocalTraining``, and evaluation.
package final class TelemetryLearner: Learner {
    private let sources: [String: EntitySource]
    /// Entities that have streams.
    private let streams: Set<String>
    private let mirrored: MirroredSources
    /// Entities whose samples never end.
    private let live: (any LiveEntities)?
    /// The rows of each live entity that the present loop learns from, since its statistics.
    private let windows = Mutex<[String: LearningWindow]>([:])
    /// The columns of each source.
    private let columns: [String: [String]]
    private let reader: ReaderOptions
    private let rules: GroupRules
    private let threads: Int
    private let troubles: SourceTroubles
    private let makeBackend: @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    /// What the versions of the present loop say of cleaning and scaling, which is the same in each.
    private let known = Mutex<(bytes: [UInt8], context: FederationContext)?>(nil)
    /// The training windows of the last round's entities: the next round needs the same.
    private let cache = Mutex<(context: [UInt8], entities: [String], groups: [GroupTrainingData])?>(nil)

    /// What is usual here, of the last round's entities.
    private let usualFigures = Mutex<(context: [UInt8], entities: [String], update: Contribution.GroupUpdate?)?>(nil)

    /// Where nothing is trained, a group's parameters stay as they are, and so does their loss: it is measured once.
    private let stillLosses = Mutex<[String: (parameters: [Float], loss: Double)]>([:])

    package let capabilities: Capabilities
    package var entities: [String] { streams.union(sources.keys).union(live?.all.map(\.key) ?? []).sorted() }

    /// A learner on the given sources.
    ///
    /// - Parameters:
    ///   - sources: what it learns from; of a set that is split, the training part.
    ///   - streams: entities that are watched, whether there is something of them to learn from or not.
    ///   - live: entities whose samples never end.
    ///   - mirrored: copies of other workers' samples.
    ///   - threads: that training may use.
    ///   - log: is told of samples that do not take part.
    ///   - makeBackend: gives the backend whose engines use so many threads each.
    package init(
        sources: [EntitySource], streams: [String] = [], live: (any LiveEntities)? = nil,
        mirrored: MirroredSources = MirroredSources(), reader: ReaderOptions, rules: GroupRules, threads: Int,
        log: Logger? = nil, makeBackend: @escaping @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    ) throws {
        self.sources = Dictionary(sources.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        self.streams = Set(streams)
        self.mirrored = mirrored
        self.live = live
        self.reader = reader
        self.rules = rules
        self.threads = threads
        troubles = SourceTroubles(reader: reader, log: log)
        self.makeBackend = makeBackend
        var names: Set<String> = []
        var columns: [String: [String]] = [:]
        for source in sources + (live.map { live in live.all.map { live.learnable($0.key, latest: 1) } } ?? []) {
            let schema = try source.makeReader(options: reader).schema
            columns[source.key] = schema
            for column in schema { names.insert("\(source.type)/\(column)") }
        }
        self.columns = columns
        let device = try makeBackend(threads).device
        capabilities = Capabilities(
            cores: UInt16(clamping: threads), accelerator: Self.bounded(device.backend),
            device: Capabilities.Device(
                name: Self.bounded(device.name), precision: Self.bounded(device.precision),
                threads: UInt16(clamping: device.threads)),
            samplesPerGroup: [:], schemaHash: SHA256.hexadecimalDigest(of: names.sorted().joined(separator: "\n").utf8))
    }

    /// A name of what fits into a message.
    private static func bounded(_ name: String) -> String {
        var name = name
        while name.utf8.count > WireLimits.name { name.removeLast() }
        return name
    }

    /// The autoencoder that speeds are measured on, the same at every worker: 20 samples of 32 metrics, layers of 64
    /// and 32.
    private static let standardShape = AutoencoderShape(features: 32, window: 20, hidden: [64, 32])

    package func measureCapabilities(isCancelled: @escaping @Sendable () -> Bool) throws -> Capabilities {
        var result = capabilities
        let own = try makeBackend(threads)
        result.device.windowsPerSecond = try own.measuredTrainingRate(
            shape: Self.standardShape, isCancelled: isCancelled)
        let cpu = try AcceleratorCatalog.backend(named: "cpu", threads: threads)
        result.device.cpuWindowsPerSecond =
            own.device == cpu.device
            ? result.device.windowsPerSecond
            : try cpu.measuredTrainingRate(shape: Self.standardShape, isCancelled: isCancelled)
        let counted =
            try sources.map { key, source in
                (source.type, columns[key] ?? [], try source.countRows(isCancelled: isCancelled))
            } + (live?.all.map { ($0.type, columns[$0.key] ?? [], $0.nextRow - $0.firstRow) } ?? [])
        let rows = rules.rowsPerGroup(of: counted)
        // Names that do not fit into a message are left out.
        for (group, count) in rows.sorted(by: { $0.key < $1.key })
        where group.name.utf8.count <= WireLimits.group && result.samplesPerGroup.count < WireLimits.groups {
            result.samplesPerGroup[group.name] = UInt64(clamping: count)
        }
        return result
    }

    package func work(
        _ key: WorkKey, hyperparameters: [UInt8], model: FederatedModel?, mayAccelerate: Bool,
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution {
        if key.kind == .statistics {
            openWindows(LoopSchedule.samples(of: hyperparameters))
            troubles.beginLoop()
        }
        let mine = key.entities.compactMap { sources[$0] ?? window(of: $0) ?? mirrored.training($0) }
        let rawBytes = UInt64(clamping: mine.reduce(0) { $0 + Self.bytes(of: $1) })
        if key.kind == .statistics {
            let statistics = try statistics(of: mine, isCancelled: isCancelled)
            return Contribution(
                kind: .statistics, rawBytes: rawBytes,
                statistics: try DeterministicJSON.encode(statistics, pretty: false))
        }
        guard let model else { throw ServiceError(.data, "a round of \(key.kind) without a model") }
        guard key.round > 0 else { throw ServiceError(.data, "a round of \(key.kind) before the first") }
        let context = try context(of: model)
        let groups = try trainingData(context, bytes: model.context, entities: key.entities, sources: mine)
        let side = max(1, min(threads, groups.count))
        let threadsEach = max(1, threads / side)
        let backend =
            mayAccelerate || !capabilities.namesAccelerator
            ? try makeBackend(threadsEach) : try AcceleratorCatalog.backend(named: "cpu", threads: threadsEach)
        let updates = try ParallelTasks.map(count: groups.count, threads: side) { index in
            try self.update(
                groups[index], round: Int(key.round) - 1, kind: key.kind, context: context, model: model,
                backend: backend, isCancelled: isCancelled)
        }
        // Who trains nothing says nothing.
        let figures =
            key.kind == .training && !updates.isEmpty
            ? try usual(context, model, entities: key.entities, sources: mine, isCancelled: isCancelled) : nil
        return Contribution(kind: key.kind, rawBytes: rawBytes, groups: updates + [figures].compactMap { $0 })
    }

    /// The statistics of what can be read.
    private func statistics(of sources: [EntitySource], isCancelled: () -> Bool) throws -> TelemetryStatistics {
        var result = TelemetryStatistics()
        for source in sources {
            while !isCancelled() {
                do {
                    result.merge(try statistics(of: source))
                    break
                } catch {
                    if troubles.fails(source, error) { continue }
                    if troubles.readable(sources).isEmpty { throw error }
                    break
                }
            }
        }
        return result
    }

    /// An entity's statistics, without what the server would refuse: one flaw costs the others nothing.
    private func statistics(of source: EntitySource) throws -> TelemetryStatistics {
        var statistics = TelemetryStatistics()
        try statistics.add(source, rules: rules, options: troubles.options(for: source))
        for flaw in StatisticsGate().sift(&statistics) {
            troubles.say("something is not learned from", of: source, flaw)
        }
        return statistics
    }

    /// What is usual of its metrics here, as a group's update; `nil` where there is too little to say, or the version does
    /// not ask. It is the same in all rounds of a loop.
    private func usual(
        _ context: FederationContext, _ model: FederatedModel, entities: [String], sources: [EntitySource],
        isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution.GroupUpdate? {
        // A version of a server that asks for other figures gets none.
        guard let base = model.group(named: FederationContext.usualName), base.schema == context.usualSchema
        else { return nil }
        if let known = usualFigures.withLock({ $0 }), known.context == model.context, known.entities == entities {
            return known.update
        }
        let found = try UsualRanges.learned(
            from: troubles.readable(sources), pipeline: context.pipeline, options: { troubles.options(for: $0) },
            isCancelled: isCancelled)
        guard !isCancelled() else { return nil }
        let update = found.map { found in
            Contribution.GroupUpdate(
                name: base.name, schema: base.schema, sampleCount: UInt64(found.rows), steps: 0, lossBefore: 0,
                lossAfter: 0, parameters: found.ranges.values)
        }
        usualFigures.withLock { $0 = (model.context, entities, update) }
        return update
    }

    private func context(of model: FederatedModel) throws -> FederationContext {
        if let known = known.withLock({ $0 }), known.bytes == model.context { return known.context }
        let context = try FederationContext(of: model)
        known.withLock { $0 = (model.context, context) }
        return context
    }

    /// Rows of a live entity that are learned from where nobody says, at most.
    private static let windowRows = 20_000

    /// A loop begins: it learns from the latest rows of each live entity, in all its rounds from the same ones.
    private func openWindows(_ samples: Int) {
        guard let live else { return }
        let count = samples > 0 ? samples : Self.windowRows
        let found = live.all.map { ($0.key, live.window(of: $0.key, latest: count)) }
        windows.withLock { $0 = Dictionary(found, uniquingKeysWith: { first, _ in first }) }
    }

    /// The rows of a live entity that the present loop learns from; after a restart in the middle of one, the latest.
    private func window(of key: String) -> EntitySource? {
        guard let live, live.all.contains(where: { $0.key == key }) else { return nil }
        if let window = windows.withLock({ $0[key] }) { return live.learnable(key, window) }
        return live.learnable(key, latest: Self.windowRows)
    }

    private func update(
        _ group: GroupTrainingData, round: Int, kind: RoundKind, context: FederationContext, model: FederatedModel,
        backend: any AcceleratorBackend, isCancelled: @escaping @Sendable () -> Bool
    ) throws -> Contribution.GroupUpdate {
        guard let base = model.group(named: group.name) else {
            throw ServiceError(.data, "the model version lacks group \(group.name)")
        }
        let parameters = Tensor(base.parameters, shape: [base.parameters.count])
        let training = LocalTraining(group: group.name, configuration: context.configuration, data: group.data)
        guard parameters.count == training.shape.parameterCount else {
            throw ServiceError(
                .data,
                "the model version has \(parameters.count) parameters for group \(group.name), "
                    + "\(training.shape.parameterCount) are expected")
        }
        let trains = kind == .training && context.configuration.epochs > 0
        if !trains, let known = stillLosses.withLock({ $0[group.name] }), known.parameters == base.parameters {
            return Contribution.GroupUpdate(
                name: group.name, schema: base.schema, sampleCount: UInt64(group.data.trainingStarts.count), steps: 0,
                lossBefore: known.loss, lossAfter: known.loss,
                parameters: kind == .training ? base.parameters : [])
        }
        let engine = try backend.makeEngine(shape: training.shape, maximumBatch: context.configuration.batch)
        let before = try Self.loss(of: parameters, on: group.data, engine: engine)
        if context.configuration.epochs == 0 {
            stillLosses.withLock { $0[group.name] = (base.parameters, before) }
        }
        var update = Contribution.GroupUpdate(
            name: group.name, schema: base.schema, sampleCount: UInt64(group.data.trainingStarts.count), steps: 0,
            lossBefore: before, lossAfter: before, parameters: [])
        guard kind == .training else { return update }
        let trained = try training.run(
            round: round, parameters: parameters, engine: engine,
            control: TrainingControl(isCancelled: isCancelled))
        update.steps = UInt64(clamping: trained.steps)
        update.parameters = trained.parameters.elements
        update.lossAfter = trained.heldOutLoss ?? trained.curve.last?.loss ?? before
        return update
    }

    /// The mean squared error on the held-out windows, or on the training windows where nothing is held out.
    private static func loss(
        of parameters: Tensor<Float>, on data: TrainingSet, engine: any AutoencoderEngine
    ) throws -> Double {
        let starts = data.heldOutStarts.isEmpty ? data.trainingStarts : data.heldOutStarts
        try engine.setParameters(parameters)
        return try data.totalError(ofWindowsAt: starts, engine: engine) / Double(max(1, starts.count))
    }

    /// The training windows of every group that has some, as `fl-train train` collects them.
    private func trainingData(
        _ context: FederationContext, bytes: [UInt8], entities: [String], sources: [EntitySource]
    ) throws -> [GroupTrainingData] {
        let known = cache.withLock { cache in
            cache.flatMap { $0.context == bytes && $0.entities == entities ? $0.groups : nil }
        }
        if let known { return known }
        // Samples that came too late for the statistics, of a type that no worker had, have no model to be learnt by.
        let collector = try collected(sources.filter { context.pipeline.types[$0.type] != nil }, context)
        // A group that is silent or too short here is trained by the others.
        let groups: [GroupTrainingData]
        do throws(ModelError) {
            groups = try collector.finish().groups
        } catch {
            guard error.code == .notEnoughData else { throw error }
            throw ServiceError(
                .data,
                "\(error.description); where the metrics are others than when the federation began, its next loop takes them in "
                    + "(fl-server --loop-every)")
        }
        stillLosses.withLock { $0 = [:] }
        cache.withLock { $0 = (bytes, entities, groups) }
        return groups
    }

    /// The windows of what can be read. Where something cannot, after all, it is begun anew without that.
    private func collected(_ sources: [EntitySource], _ context: FederationContext) throws -> TrainingCollector {
        while true {
            var collector = TrainingCollector(
                pipeline: context.pipeline, scalers: context.scalers, configuration: context.configuration)
            var failure: (any Error)?
            for source in troubles.readable(sources) where failure == nil {
                do {
                    try collector.append(source, options: troubles.options(for: source))
                } catch {
                    _ = troubles.fails(source, error)
                    failure = error
                }
            }
            guard let failure else { return collector }
            if troubles.readable(sources).isEmpty { throw failure }
        }
    }

    /// Bytes of a source's files.
    package static func bytes(of source: EntitySource) -> Int {
        if let rows = source.rows { return rows.provider.byteCount }
        return source.files.reduce(0) { sum, path in
            sum + ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
        }
    }
}
