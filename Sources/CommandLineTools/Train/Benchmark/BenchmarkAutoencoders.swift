import Accelerators
import Autoencoders
import CommandLineSupport
import Detection
import Federation
import Monitoring
import Synchronization
import Telemetry
import TensorModule

/// The autoencoders of a benchmark, each trained when first asked for.
final class BenchmarkAutoencoders: Sendable {
    private let entities: [BenchmarkEntity]
    private let configuration: TrainingConfiguration
    private let reader: ReaderOptions
    private let rules: GroupRules
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

    /// Trains what is missing and scores an entity's test part.
    ///
    /// - Throws: `CommandLineError` for an entity without a training part of its own, and what training throws.
    func scores(
        _ entity: BenchmarkEntity, _ learning: BenchmarkMethod.Learning, falseAlarmsPerDay: Double, seed: UInt64
    ) throws -> (scores: EntityScores, groups: [String], trainingSeconds: Double, scoringSeconds: Double) {
        guard let training = entity.training else {
            throw CommandLineError(
                .data,
                "\(entity.test.key): the autoencoders need a training part of its own; leave them out with --methods")
        }
        let clock = ContinuousClock()
        let begin = clock.now
        let bundle = try bundle(entity, learning)
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator)
        let detectors = try DetectorTraining(
            methods: [DetectorTraining.autoencoder], falseAlarmsPerDay: falseAlarmsPerDay, seed: seed
        ).detectors(for: bundle, sources: [training], reader: reader, backend: backend)
        let model = MonitoringModel(
            bundle: bundle, reader: reader, detectors: detectors, defaultMethod: DetectorTraining.autoencoder.name)
        let trained = clock.now
        let frame = try entity.test.read(options: reader)
        var monitor = try EntityMonitor(
            model: model, method: DetectorTraining.autoencoder.name, site: entity.test.site,
            entity: entity.test.entity, type: entity.test.type, schema: frame.schema, backend: backend)
        let scores = try monitor.append(frame)
        return (
            scores, monitor.metricGroups, Double((trained - begin) / .seconds(1)),
            Double((clock.now - trained) / .seconds(1))
        )
    }

    private func bundle(_ entity: BenchmarkEntity, _ learning: BenchmarkMethod.Learning) throws -> ModelBundle {
        let key = learning == .local ? "local \(entity.test.key)" : "\(learning.rawValue) \(entity.set)"
        let slot = shelf.withLock { shelf in
            let slot = shelf[key] ?? Slot()
            shelf[key] = slot
            return slot
        }
        return try slot.bundle.withLock { bundle in
            if let bundle { return bundle }
            let made: ModelBundle
            switch learning {
            case .local: made = try trained([entity])
            case .central: made = try trained(peers(of: entity))
            case .federated: made = try federated(peers(of: entity), like: self.bundle(entity, .central))
            }
            // A local model has one user.
            if learning != .local { bundle = made }
            return made
        }
    }

    private func peers(of entity: BenchmarkEntity) -> [BenchmarkEntity] { entities.filter { $0.set == entity.set } }

    private func trained(_ entities: [BenchmarkEntity]) throws -> ModelBundle {
        var options = ModelTrainer.DataOptions(rules: rules)
        options.reader = reader
        return try ModelTrainer(configuration: configuration).train(
            entities.compactMap(\.training), options: options, tool: "fl-train \(Tool.version)")
    }

    /// Federated averaging in one process: every entity is a worker that trains one epoch a round on its own windows.
    /// Cleaning and scaling come from statistics that merge exactly, and are therefore those of the central model.
    private func federated(_ entities: [BenchmarkEntity], like central: ModelBundle) throws -> ModelBundle {
        var once = configuration
        once.epochs = 1
        once.patience = nil
        let pipeline = try central.pipeline()
        var workers: [[String: LocalTraining]] = []
        for source in entities.compactMap(\.training) {
            var collector = TrainingCollector(
                pipeline: pipeline, scalers: central.manifest.scaling, configuration: once)
            try collector.append(source, options: reader)
            var trainings: [String: LocalTraining] = [:]
            for group in try collector.finish().groups {
                trainings[group.name] = LocalTraining(group: group.name, configuration: once, data: group.data)
            }
            workers.append(trainings)
        }
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator)
        var result = central
        for group in central.manifest.groups {
            let engine = try backend.makeEngine(shape: group.shape, maximumBatch: configuration.batch)
            var parameters = group.shape.initialParameters(seed: configuration.seed, group: group.name)
            for round in 0..<configuration.epochs {
                var average = WeightedAverage()
                for worker in workers {
                    guard let training = worker[group.name] else { continue }
                    let update = try training.run(round: round, parameters: parameters, engine: engine)
                    average.add(update.parameters.elements, weight: UInt64(max(1, update.windows)))
                }
                if let mean = average.mean() { parameters = Tensor(mean, shape: [mean.count]) }
            }
            result.setParameters(parameters, of: group.name)
        }
        return result
    }
}
