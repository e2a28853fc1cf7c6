import Autoencoders
import CommandLine
import Federation
import Numerics
import Platform
import Services
import Telemetry
import Watching

/// Federated rounds in one process in which some workers mean ill: the local training, the gate, the rules and the
/// statistics of a federation, judged at the honest entities only. Left out is what the server does over several rounds:
/// leaving somebody out, and taking versions back.
struct PoisonStudy {
    /// One run.
    struct Outcome: Codable, Equatable {
        var set: String
        var attackers: Int
        var attack: PoisonAttack
        var defence: PoisonDefence
        var seed: UInt64
        /// VUS-PR of each honest entity; nought where its model gives no scores.
        var volumeUnderPR: [String: Double]
        /// Mean squared error of the model on the windows that the honest workers held out.
        var heldOutLoss: Double
        /// Contributions of attackers, and of honest workers, that were refused.
        var refused: Int
        var refusedHonest: Int

        /// The mean over the honest entities.
        var mean: Double {
            let values = volumeUnderPR.sorted { $0.key < $1.key }.map(\.value)
            return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
        }
    }

    let study: FederatedStudy

    /// The entities that mean ill with a seed.
    static func attackers(_ count: Int, of entities: Int, seed: UInt64) -> Set<Int> {
        var generator = CounterBasedGenerator(seed: seed, purpose: "study/attackers")
        let drawn = (0..<entities).map { ($0, generator.uniform()) }.sorted { $0.1 < $1.1 }
        return Set(drawn.prefix(count).map(\.0))
    }

    /// Runs all rounds of one federation, one worker an entity, and judges it.
    func outcome(
        _ attack: PoisonAttack, _ defence: PoisonDefence, attackers count: Int, seed: UInt64,
        entities: [BenchmarkEntity]
    ) throws -> Outcome {
        let attackers = Self.attackers(count, of: entities.count, seed: seed)
        let sources = try entities.map { entity in
            guard let source = entity.training else {
                throw CommandLineError(
                    .data, "\(entity.test.key): no training part of its own; the study needs one for every entity")
            }
            return source
        }
        var configuration = study.configuration
        configuration.seed = seed
        configuration.epochs = study.setting.epochs
        configuration.patience = nil
        let context = try self.context(of: sources, configuration, attack, defence, attackers: attackers)
        let workers = try sources.map { try study.windows(of: [$0], context) }
        var outcome = Outcome(
            set: entities[0].set, attackers: count, attack: attack, defence: defence, seed: seed, volumeUnderPR: [:],
            heldOutLoss: 0, refused: 0, refusedHonest: 0)
        let model = try trained(
            context, workers, configuration, attack, defence, attackers: attackers, outcome: &outcome)
        outcome.heldOutLoss = try heldOutLoss(
            of: model, workers.enumerated().filter { !attackers.contains($0.offset) }.map(\.element), configuration)
        let metrics = Dictionary(uniqueKeysWithValues: context.groups.map { ($0.name, $0.metrics) })
        let bundle = ModelBundle(
            tool: "fl-train \(Tool.version)", configuration: configuration,
            groups: model.groups.filter { !$0.holdsFigures }.map { group in
                (
                    name: group.name, metrics: metrics[group.name] ?? [],
                    parameters: Tensor(group.parameters, shape: [group.parameters.count])
                )
            }, cleaning: context.pipeline, scaling: context.scalers)
        for (index, entity) in entities.enumerated() where !attackers.contains(index) {
            // A model that was driven far away may give what is no score at all.
            let judged = try? study.judged(bundle, entity, calibratedOn: sources[index], seed: seed)
            outcome.volumeUnderPR[entity.test.key] =
                (try? judged?.measures(mergeGap: DetectorTraining.autoencoder.alarmRule.mergeGap))?.volume ?? 0
        }
        return outcome
    }

    /// The round of statistics.
    private func context(
        of sources: [EntitySource], _ configuration: TrainingConfiguration, _ attack: PoisonAttack,
        _ defence: PoisonDefence, attackers: Set<Int>
    ) throws -> FederationContext {
        let parts = try sources.enumerated().map { index, source in
            var own = TelemetryStatistics()
            if attack.isInStatistics, attackers.contains(index) {
                var reader = try source.makeReader(options: study.reader)
                while var frame = try reader.nextChunk(maximumRows: 4_096) {
                    attack.falsify(&frame)
                    for _ in 0..<PoisonAttack.copies {
                        own.add(
                            frame, site: source.site, entity: source.entity, type: source.type, rules: study.rules)
                    }
                }
            } else {
                try own.add(source, rules: study.rules, options: study.reader)
            }
            return own
        }
        guard defence != .plain else {
            let all = parts.reduce(into: TelemetryStatistics()) { $0.merge($1) }
            return try FederationContext.fitted(to: all, rules: study.rules, configuration: configuration)
        }
        var collection = TelemetryModelMaker(configuration: configuration, rules: study.rules)
            .collection(recorded: nil)
        for (index, part) in parts.enumerated() {
            collection.add(try DeterministicJSON.encode(part, pretty: false), from: "\(index)")
        }
        var outcome = collection.makeModel(leavingOut: [], continuing: nil)
        if case .refused(let reasons) = outcome {
            outcome = collection.makeModel(leavingOut: Set(reasons.keys), continuing: nil)
        }
        guard case .made(let model, _) = outcome else {
            throw CommandLineError(.data, "nothing comes of the statistics: \(outcome)")
        }
        return try FederationContext(of: model)
    }

    private func trained(
        _ context: FederationContext, _ workers: [[String: GroupTrainingData]], _ configuration: TrainingConfiguration,
        _ attack: PoisonAttack, _ defence: PoisonDefence, attackers: Set<Int>, outcome: inout Outcome
    ) throws -> FederatedModel {
        var model = try context.initialModel()
        let arithmetic = RoundArithmetic(
            gate: defence.contributionGate, strategy: defence.rule.strategy(hyperparameters: []),
            maker: TelemetryModelMaker(configuration: configuration, rules: study.rules))
        var firsts: [Int: Contribution] = [:]
        for round in 0..<study.setting.rounds {
            let digest = SHA256.digest(model.encoded())
            let number = UInt32(round + 1)
            arithmetic.begin(
                RoundBase(
                    round: number, attempt: 1, kind: .training, version: UInt64(number), digest: digest, model: model))
            var refused: Set<Int> = []
            for index in workers.indices {
                let honest = try contribution(of: workers[index], round, model, configuration)
                    .computed(from: digest, of: ["\(index)"])
                guard !honest.groups.isEmpty else { continue }
                if firsts[index] == nil { firsts[index] = honest }
                let sent =
                    attackers.contains(index) ? attack.applied(to: honest, base: model, first: firsts[index]) : honest
                let bytes = sent.encoded()
                let upload = FinishedUpload(
                    round: number, attempt: 1, worker: "\(index)", leaseEpoch: 1, entities: sent.entities,
                    digest: SHA256.digest(bytes), bytes: Bytes(bytes), workSeconds: 0, arrival: .zero)
                guard case .counts(let counted) = arithmetic.judge(upload).verdict else {
                    refused.insert(index)
                    continue
                }
                arithmetic.fold(round: number, attempt: 1, counted, from: "\(index)", site: "\(index)")
            }
            var result = arithmetic.aggregate(round: number, attempt: 1, leavingOut: [])
            if case .refused(let reasons) = result {
                refused.formUnion(reasons.keys.compactMap { Int($0) })
                result = arithmetic.aggregate(round: number, attempt: 1, leavingOut: Set(reasons.keys))
            }
            outcome.refused += refused.intersection(attackers).count
            outcome.refusedHonest += refused.subtracting(attackers).count
            if case .model(let next, _, _, _, _) = result { model = next }
        }
        return model
    }

    private func heldOutLoss(
        of model: FederatedModel, _ workers: [[String: GroupTrainingData]], _ configuration: TrainingConfiguration
    ) throws -> Double {
        let backend = try study.backend
        var sum = (error: 0.0, windows: 0)
        for worker in workers {
            for (name, group) in worker.sorted(by: { $0.key < $1.key }) {
                let starts = group.data.heldOutStarts
                guard let parameters = model.group(named: name)?.parameters, !starts.isEmpty else { continue }
                let shape = configuration.shape(features: group.metrics.count)
                let engine = try backend.makeEngine(shape: shape, maximumBatch: configuration.batch)
                try engine.setParameters(Tensor(parameters, shape: [parameters.count]))
                sum.error += try group.data.totalError(ofWindowsAt: starts, engine: engine)
                sum.windows += starts.count
            }
        }
        return sum.windows > 0 ? sum.error / Double(sum.windows) : 0
    }

    /// What an honest worker makes of its windows; without the groups in which training came to nothing.
    private func contribution(
        of worker: [String: GroupTrainingData], _ round: Int, _ model: FederatedModel,
        _ configuration: TrainingConfiguration
    ) throws -> Contribution {
        let backend = try study.backend
        var groups: [Contribution.GroupUpdate] = []
        for (name, group) in worker.sorted(by: { $0.key < $1.key }) {
            guard let base = model.group(named: name), !group.data.trainingStarts.isEmpty else { continue }
            let training = LocalTraining(group: name, configuration: configuration, data: group.data)
            let engine = try backend.makeEngine(shape: training.shape, maximumBatch: configuration.batch)
            do {
                let update = try training.run(
                    round: round, parameters: Tensor(base.parameters, shape: [base.parameters.count]), engine: engine)
                groups.append(
                    Contribution.GroupUpdate(
                        name: name, schema: base.schema, sampleCount: UInt64(max(1, update.windows)),
                        steps: UInt64(update.steps), lossBefore: 0, lossAfter: 0, parameters: update.parameters.elements
                    ))
            } catch let error as ModelError where error.code == .diverged {
                continue
            }
        }
        return Contribution(kind: .training, rawBytes: 0, groups: groups)
    }
}
