import Autoencoders
import CommandLine
import Synchronization
import Telemetry
import Watching

/// The autoencoders of a benchmark, each trained when first asked for.
final class BenchmarkAutoencoders: Sendable {
    private let entities: [BenchmarkEntity]
    private let configuration: TrainingConfiguration
    private let reader: ReaderOptions
    private let rules: GroupRules
    /// Epochs for which an entity trains the federated model on before it scores.
    private static let tuningEpochs = 4
    private let shelf = Mutex<[String: Slot]>([:])

    /// One model: made once, whoever asks.
    private final class Slot: Sendable {
        let bundle = Mutex<ModelBundle?>(nil)
    }

    /// Nothing trained yet.
    init(entities: [BenchmarkEntity], reader: ReaderOptions, rules: GroupRules, seed: UInt64) {
        self.entities = entities
        self.reader = reader
        self.rules = rules
        var configuration = TrainingConfiguration()
        configuration.seed = seed
        self.configuration = configuration
    }

    /// Trains the model of an entity's set, for all of its entities.
    ///
    /// - Throws: what training throws.
    func train(_ entity: BenchmarkEntity, _ learning: BenchmarkMethod.Learning, threads: Int) throws {
        _ = try bundle(entity, learning, threads: threads)
    }

    /// Trains what is missing and scores an entity's test part.
    ///
    /// - Throws: `CommandLineError` for an entity without a training part of its own, and what training throws.
    func scores(
        _ entity: BenchmarkEntity, _ learning: BenchmarkMethod.Learning, _ method: DetectionMethod,
        falseAlarmsPerDay: Double, seed: UInt64
    ) throws -> (scores: EntityScores, groups: [String], trainingSeconds: Double, scoringSeconds: Double) {
        guard let training = entity.training else {
            throw CommandLineError(
                .data,
                "\(entity.test.key): the autoencoders need a training part of its own; leave them out with --methods")
        }
        let clock = ContinuousClock()
        let begin = clock.now
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator)
        var bundle = try bundle(entity, learning, threads: 1)
        if learning == .federated {
            bundle = try bundle.tuned(
                on: [training], epochs: Self.tuningEpochs, options: reader, backend: backend)
        }
        let detectors = try DetectorTraining(
            methods: [method], falseAlarmsPerDay: falseAlarmsPerDay, seed: seed
        ).detectors(for: bundle, sources: [training], reader: reader, backend: backend)
        let model = MonitoringModel(
            bundle: bundle, reader: reader, detectors: detectors, defaultMethod: method.name)
        let trained = clock.now
        let frame = try entity.readTest().frame
        var monitor = try EntityMonitor(
            model: model, method: method.name, site: entity.test.site,
            entity: entity.test.entity, type: entity.test.type, schema: frame.schema, backend: backend)
        let scores = try monitor.append(frame)
        return (
            scores, monitor.metricGroups, Double((trained - begin) / .seconds(1)),
            Double((clock.now - trained) / .seconds(1))
        )
    }

    private func bundle(
        _ entity: BenchmarkEntity, _ learning: BenchmarkMethod.Learning, threads: Int
    ) throws -> ModelBundle {
        let key = learning == .local ? "local \(entity.test.key)" : "\(learning.rawValue) \(entity.set)"
        let slot = shelf.withLock { shelf in
            let slot = shelf[key] ?? Slot()
            shelf[key] = slot
            return slot
        }
        return try slot.bundle.withLock { bundle in
            if let bundle { return bundle }
            var made: ModelBundle
            switch learning {
            case .local: made = try trained([entity], threads: threads)
            case .central: made = try trained(peers(of: entity), threads: threads)
            case .federated:
                let central = try self.bundle(entity, .central, threads: threads)
                made = try federated(peers(of: entity), like: central, threads: threads)
            }
            let members = learning == .local ? [entity] : peers(of: entity)
            try made.learnUsualRanges(from: members.compactMap(\.training), options: reader)
            // A local model has one user.
            if learning != .local { bundle = made }
            return made
        }
    }

    private func peers(of entity: BenchmarkEntity) -> [BenchmarkEntity] { entities.filter { $0.set == entity.set } }

    private func trained(_ entities: [BenchmarkEntity], threads: Int) throws -> ModelBundle {
        var options = ModelTrainer.DataOptions(rules: rules)
        options.reader = reader
        return try ModelTrainer(configuration: configuration, threads: threads).train(
            entities.compactMap(\.training), options: options, tool: "fl-train \(Tool.version)")
    }

    /// Federated averaging in one process: every entity is a worker that trains one epoch a round on its own windows.
    /// Cleaning and scaling come from statistics that merge exactly, and are therefore those of the central model.
    private func federated(
        _ entities: [BenchmarkEntity], like central: ModelBundle, threads: Int
    ) throws -> ModelBundle {
        var once = configuration
        once.epochs = 1
        once.patience = nil
        let pipeline = try central.pipeline()
        let workers = try entities.compactMap(\.training).map { source in
            var collector = TrainingCollector(
                pipeline: pipeline, scalers: central.manifest.scaling, configuration: once)
            try collector.append(source, options: reader)
            return Dictionary(uniqueKeysWithValues: try collector.finish().groups.map { ($0.name, $0) })
        }
        let simulation = FederatedSimulation(
            configuration: once, rounds: configuration.epochs, workers: workers)
        var result = central
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator)
        for group in try simulation.train(on: backend, threads: threads) {
            result.setParameters(group.parameters, of: group.name)
        }
        return result
    }
}
