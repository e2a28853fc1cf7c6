import Autoencoders
import Numerics
import Telemetry
import Watching

extension FederatedStudy {
    /// An arm whose models go on learning while the test parts go by: these are cut into periods of as many rows; after
    /// each but the last, rounds go on with the period's own rows, without labels, and thresholds are calibrated on
    /// them. A period is scored before it is learned from.
    func updatedOutcome(
        _ arm: StudyArm, seed: UInt64, entities: [BenchmarkEntity], pieces: [EntitySource]
    ) throws -> Outcome {
        let backend = try AcceleratorCatalog.backend(named: configuration.accelerator)
        var bundles: [ModelBundle]
        if arm == .localUpdated {
            bundles = try pieces.map { try bundle(arm, seed: seed, from: [$0]) }
        } else {
            bundles = [ModelBundle](repeating: try bundle(arm, seed: seed, from: pieces), count: entities.count)
        }
        var judged = try entities.map(JudgedEntity.init)
        for index in judged.indices {
            try judged[index].calibrate(
                bundles[index], on: pieces[index].read(options: reader), seed: seed, backend: backend)
        }
        for period in 0..<setting.periods {
            let isLast = period == setting.periods - 1
            var newer: [MetricFrame] = []
            for index in judged.indices {
                let rows = judged[index].rowCount
                let (first, end) = (period * rows / setting.periods, (period + 1) * rows / setting.periods)
                try judged[index].score(upTo: end, with: bundles[index], reader: reader, backend: backend)
                guard !isLast else { continue }
                newer.append(judged[index].newer(from: first, withAlarms: arm == .fedavgUpdatedAll))
            }
            guard !isLast else { break }
            let round = setting.rounds + period * setting.updateRounds
            let series = try newer.indices.map { index in
                let test = entities[index].test
                return try bundles[index].pipeline().clean(
                    newer[index], site: test.site, entity: test.entity, type: test.type)
            }
            try update(&bundles, arm, with: series, from: round, backend: backend)
            for index in judged.indices {
                try judged[index].calibrate(bundles[index], on: newer[index], seed: seed, backend: backend)
            }
        }
        return try Outcome(set: entities[0].set, arm: arm, seed: seed, judged: judged)
    }

    /// Rounds with newer rows, from the parameters that each model has.
    private func update(
        _ bundles: inout [ModelBundle], _ arm: StudyArm, with newer: [[CleanSeries]], from round: Int,
        backend: any AcceleratorBackend
    ) throws {
        func workers(_ series: [[CleanSeries]], _ bundle: ModelBundle) throws -> [[String: GroupTrainingData]] {
            try series.map { series in
                var collector = TrainingCollector(
                    pipeline: try bundle.pipeline(), scalers: bundle.manifest.scaling,
                    configuration: bundle.manifest.configuration)
                for part in series { try collector.append(part) }
                do {
                    return Dictionary(uniqueKeysWithValues: try collector.finish().groups.map { ($0.name, $0) })
                } catch let error as ModelError where error.code == .notEnoughData {
                    // A worker without a quiet window has nothing to teach in this period.
                    return [:]
                }
            }
        }
        func trained(_ bundle: ModelBundle, _ workers: [[String: GroupTrainingData]]) throws -> ModelBundle {
            var simulation = FederatedSimulation(
                configuration: bundle.manifest.configuration, rounds: setting.updateRounds, workers: workers)
            simulation.start = bundle.parameters
            simulation.firstRound = round
            var result = bundle
            for group in try simulation.train(on: backend) { result.setParameters(group.parameters, of: group.name) }
            return result
        }
        switch arm {
        case .localUpdated:
            for index in bundles.indices {
                bundles[index] = try trained(bundles[index], workers([newer[index]], bundles[index]))
            }
        case .centralUpdated:
            let all = try trained(bundles[0], workers([newer.flatMap(\.self)], bundles[0]))
            bundles = bundles.map { _ in all }
        default:
            let all = try trained(bundles[0], workers(newer, bundles[0]))
            bundles = bundles.map { _ in all }
        }
    }
}

extension FederatedStudy.Outcome {
    /// What judged entities amount to.
    init(set: String, arm: StudyArm, seed: UInt64, judged: [JudgedEntity]) throws {
        self.init(set: set, arm: arm, seed: seed, volumeUnderPR: [:], averagePrecision: [:], alarms: [:])
        for entity in judged { try add(entity) }
    }

    /// Takes in an entity that is judged.
    mutating func add(_ judged: JudgedEntity) throws {
        let measures = try judged.measures(mergeGap: DetectorTraining.autoencoder.alarmRule.mergeGap)
        let name = judged.entity.name
        volumeUnderPR[name] = measures.volume
        averagePrecision[name] = measures.precision
        for (adaptation, figures) in measures.alarms { alarms[adaptation, default: [:]][name] = figures }
    }
}
