import Autoencoders
import CommandLine
import Foundation
import Numerics
import Platform
import Services
import Telemetry
import Watching

/// The federated question on labelled sets: the same autoencoder learned alone, in one place and by federated rounds,
/// with the same passes over the data, judged on the same test parts.
struct FederatedStudy {
    /// What is held fixed.
    struct Setting: Codable, Equatable {
        /// R.
        var rounds: Int
        /// Epochs of a round.
        var epochs: Int
        /// μ of FedProx.
        var proximalWeight: Double
        /// The share of the workers of a round where not all take part.
        var participation: Double
        /// The share of the workers that are slow, where some are.
        var stragglers: Double
        /// Rounds that each entity trains on alone, where it does.
        var tuningRounds: Int
        /// The share of each training part that is learned from: one piece, at a place that the seed draws.
        var trainingShare: Double
        /// The share of that piece that a new site has.
        var newSiteShare: Double
        /// How far the test parts drift, in standard deviations at their end.
        var drift: Double
        /// Periods of a test part, where models go on learning: after each but the last.
        var periods: Int
        /// Rounds after a period.
        var updateRounds: Int
    }

    /// What one arm reached on one set with one seed: means over the entities.
    struct Outcome: Codable, Equatable {
        var set: String
        var arm: StudyArm
        var seed: UInt64
        /// By entity.
        var volumeUnderPR: [String: Double]
        var averagePrecision: [String: Double]
        /// By threshold, then entity.
        var alarms: [String: [String: JudgedEntity.AlarmFigures]]

        var meanVolume: Double { Self.mean(volumeUnderPR) }
        var meanPrecision: Double { Self.mean(averagePrecision) }

        /// The mean of a figure over the entities, with thresholds of a kind.
        func mean(_ adaptation: ThresholdAdaptation, _ figure: (JudgedEntity.AlarmFigures) -> Double) -> Double {
            Self.mean((alarms[adaptation.rawValue] ?? [:]).mapValues(figure))
        }

        private static func mean(_ values: [String: Double]) -> Double {
            values.isEmpty ? 0 : values.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value } / Double(values.count)
        }
    }

    let setting: Setting
    let configuration: TrainingConfiguration
    let reader: ReaderOptions
    let rules: GroupRules

    var backend: any AcceleratorBackend {
        get throws { try AcceleratorCatalog.backend(named: configuration.accelerator) }
    }

    /// One arm on one set.
    ///
    /// - Parameter entities: of one set, all with training parts.
    func outcome(_ arm: StudyArm, seed: UInt64, entities: [BenchmarkEntity]) throws -> Outcome {
        let pieces = try entities.map { try piece(of: $0, seed: seed, share: setting.trainingShare) }
        if arm.isUpdated { return try updatedOutcome(arm, seed: seed, entities: entities, pieces: pieces) }
        var outcome = try Outcome(set: entities[0].set, arm: arm, seed: seed, judged: [])
        let shared = arm == .local || arm.isNewSite ? nil : try bundle(arm, seed: seed, from: pieces)
        for (index, entity) in entities.enumerated() {
            let bundle: ModelBundle
            var calibration = pieces[index]
            switch arm {
            case .local: bundle = try self.bundle(arm, seed: seed, from: [pieces[index]])
            case .newSiteLocal, .newSiteFederated:
                calibration = try piece(
                    of: entity, seed: seed, share: setting.trainingShare * setting.newSiteShare)
                var others = pieces
                others.remove(at: index)
                bundle = try self.bundle(arm, seed: seed, from: arm == .newSiteLocal ? [calibration] : others)
            default:
                guard let shared else { continue }
                bundle = arm == .fedavgTuned ? try tuned(shared, on: pieces[index]) : shared
            }
            try outcome.add(judged(bundle, entity, calibratedOn: calibration, seed: seed))
        }
        return outcome
    }

    // MARK: Learning

    func bundle(_ arm: StudyArm, seed: UInt64, from sources: [EntitySource]) throws -> ModelBundle {
        var configuration = configuration
        configuration.seed = seed
        configuration.epochs = setting.epochs
        configuration.patience = nil
        if arm.isProximal { configuration.proximalWeight = setting.proximalWeight }
        var statistics = TelemetryStatistics()
        for source in sources { try statistics.add(source, rules: rules, options: reader) }
        let context = try FederationContext.fitted(to: statistics, rules: rules, configuration: configuration)
        let workers: [[String: GroupTrainingData]]
        switch arm {
        case .local, .localUpdated, .central, .centralUpdated, .newSiteLocal:
            workers = [try windows(of: sources, context)]
        case .fedavgEven: workers = deal(try windows(of: sources, context), among: sources.count)
        default: workers = try sources.map { try windows(of: [$0], context) }
        }
        var simulation = FederatedSimulation(configuration: configuration, rounds: setting.rounds, workers: workers)
        if arm == .fedavgPartial { simulation.participation.share = setting.participation }
        if arm.hasStragglers {
            simulation.participation.stragglers = setting.stragglers
            simulation.participation.takesPartialWork = arm.isProximal
        }
        return ModelBundle(
            tool: "fl-train \(Tool.version)", configuration: configuration, groups: try simulation.train(on: backend),
            cleaning: context.pipeline, scaling: context.scalers)
    }

    /// A federated model, trained on by one entity.
    private func tuned(_ bundle: ModelBundle, on source: EntitySource) throws -> ModelBundle {
        let configuration = bundle.manifest.configuration
        var collector = TrainingCollector(
            pipeline: try bundle.pipeline(), scalers: bundle.manifest.scaling, configuration: configuration)
        try collector.append(source, options: reader)
        let groups = try collector.finish().groups
        var simulation = FederatedSimulation(
            configuration: configuration, rounds: setting.tuningRounds,
            workers: [Dictionary(uniqueKeysWithValues: groups.map { ($0.name, $0) })])
        simulation.start = bundle.parameters
        simulation.firstRound = setting.rounds
        var result = bundle
        for group in try simulation.train(on: backend) { result.setParameters(group.parameters, of: group.name) }
        return result
    }

    func windows(
        of sources: [EntitySource], _ context: FederationContext
    ) throws -> [String: GroupTrainingData] {
        var collector = TrainingCollector(
            pipeline: context.pipeline, scalers: context.scalers, configuration: context.configuration)
        for source in sources { try collector.append(source, options: reader) }
        return Dictionary(uniqueKeysWithValues: try collector.finish().groups.map { ($0.name, $0) })
    }

    /// Every group's windows in turn to each of `count` workers.
    private func deal(_ groups: [String: GroupTrainingData], among count: Int) -> [[String: GroupTrainingData]] {
        (0..<count).map { worker in
            groups.compactMapValues { group in
                let data = group.data.every(count, from: worker)
                guard !data.trainingStarts.isEmpty else { return nil }
                return GroupTrainingData(name: group.name, metrics: group.metrics, data: data)
            }
        }
    }

    // MARK: Judging

    /// An entity whose whole test part is scored with one model.
    func judged(
        _ bundle: ModelBundle, _ entity: BenchmarkEntity, calibratedOn calibration: EntitySource, seed: UInt64
    ) throws -> JudgedEntity {
        let backend = try backend
        var judged = try JudgedEntity(entity)
        try judged.calibrate(bundle, on: calibration.read(options: reader), seed: seed, backend: backend)
        try judged.score(upTo: judged.rowCount, with: bundle, reader: reader, backend: backend)
        return judged
    }

    // MARK: Pieces of training parts

    /// A run of rows of an entity's training part; the part itself where all of it is wanted.
    private func piece(of entity: BenchmarkEntity, seed: UInt64, share: Double) throws -> EntitySource {
        guard var source = entity.training else {
            throw CommandLineError(
                .data, "\(entity.test.key): no training part of its own; the study needs one for every entity")
        }
        guard share < 1 else { return source }
        let rows = try source.read(options: reader).rowCount
        let count = max(1, Int(share * Double(rows)))
        var generator = CounterBasedGenerator(seed: seed, purpose: "study/\(source.key)", 0)
        // The same place for every share, so that a smaller piece begins where a larger one does.
        let place = generator.uniform() * (1 - setting.trainingShare) * Double(rows)
        source.firstRow = min(Int(place), rows - count)
        source.leadingRows = count
        return source
    }
}
