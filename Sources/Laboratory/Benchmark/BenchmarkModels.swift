import Autoencoders
import CommandLine
import Synchronization
import Telemetry
import Watching

/// The models of a benchmark, each trained when first asked for: what detectors are fitted beside on the product's road.
final class BenchmarkModels: Sendable {
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
    /// - Throws: ``DetectionError`` where there is too little to learn from, and what training throws.
    func scores(
        _ entity: BenchmarkEntity, _ learning: BenchmarkMethod.Learning, _ method: DetectionMethod,
        falseAlarmsPerDay: Double, seed: UInt64
    ) throws -> (scores: EntityScores, groups: [String], trainingSeconds: Double, scoringSeconds: Double) {
        let training = try entity.learned()
        let clock = ContinuousClock()
        let begin = clock.now
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator)
        var bundle = try bundle(entity, learning, threads: 1)
        if learning == .federated {
            do {
                bundle = try bundle.tuned(
                    on: [training], epochs: Self.tuningEpochs, options: reader, backend: backend)
            } catch let error as ModelError where error.code == .notEnoughData {
                // It scores as it is, as in the product.
            }
        }
        let detectors = try DetectorTraining(
            methods: [method], falseAlarmsPerDay: falseAlarmsPerDay, seed: seed
        ).detectors(for: bundle, sources: [training], reader: reader, backend: backend)
        let model = MonitoringModel(
            bundle: bundle, reader: reader, detectors: detectors, defaultMethod: method.name)
        let trained = clock.now
        let frame = try entity.readJudged()
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
            case .plain: made = try plain(peers(of: entity))
            case .local: made = try trained([entity], threads: threads)
            case .central: made = try trained(peers(of: entity), threads: threads)
            case .federated:
                let central = try self.bundle(entity, .central, threads: threads)
                made = try federated(peers(of: entity), like: central, threads: threads)
            }
            let members = learning == .local ? [entity] : peers(of: entity)
            try made.learnUsualRanges(from: members.map { try $0.learned() }, options: reader)
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
            entities.map { try $0.learned() }, options: options, tool: "fl-train \(Tool.version)")
    }

    /// The cleaning of the central model, without an autoencoder.
    private func plain(_ entities: [BenchmarkEntity]) throws -> ModelBundle {
        var statistics = TelemetryStatistics()
        for entity in entities { try statistics.add(entity.learned(), rules: rules, options: reader) }
        return ModelBundle(
            tool: "fl-train \(Tool.version)", configuration: configuration, groups: [],
            cleaning: CleaningPipeline(fitting: statistics, rules: rules), scaling: [:])
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
        let workers = try entities.map { entity in
            var collector = TrainingCollector(
                pipeline: pipeline, scalers: central.manifest.scaling, configuration: once)
            try collector.append(entity.learned(), options: reader)
            return Dictionary(
                uniqueKeysWithValues: try collector.finish(mayBeNone: true).groups.map { ($0.name, $0) })
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
