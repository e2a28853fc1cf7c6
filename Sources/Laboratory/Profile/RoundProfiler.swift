import Autoencoders
import Federation
import Numerics
import Placement

/// Runs rounds of federated training with k workers that share the windows of every group, and takes their times.
///
/// Each worker trains its part of every group with ``Autoencoders/LocalTraining``, as a worker of a federation does; the
/// parameters are averaged by windows, and the next round starts from the average. The time of a round is that of its
/// slowest worker; averaging and transfers are not in it.
struct RoundProfiler {
    /// The windows of every group.
    let groups: [GroupTrainingData]
    /// How a worker trains; a batch of 0 takes all its windows in one step.
    let configuration: TrainingConfiguration
    /// Windows of a step; 0: all.
    let batch: Int
    /// Threads of a worker.
    let threads: Int
    /// Cores that workers may have in all.
    let cores: Int
    /// The backend of a worker.
    let makeBackend: @Sendable (_ threads: Int) throws -> any AcceleratorBackend

    /// Whether k workers train at the same time: where there is a core for each thread.
    func isSimultaneous(workers count: Int) -> Bool { count * threads <= cores }

    /// One repetition.
    struct Repetition {
        /// Seconds of each round.
        var seconds: [Double]
        /// Held-out loss before the first round and after each; empty where nothing is held out.
        var heldOutLoss: [Double]
    }

    /// Windows of the worker that has most.
    func largestShare(workers count: Int) -> Int {
        groups.reduce(0) { $0 + ($1.data.trainingStarts.count + count - 1) / count }
    }

    /// The most workers that all have a window of some group.
    var mostWorkers: Int { groups.map(\.data.trainingStarts.count).max() ?? 0 }

    /// Trains all rounds once with `count` workers.
    ///
    /// - Parameter seed: decides initial parameters and shuffling.
    /// - Throws: what training throws.
    func repetition(workers count: Int, seed: UInt64) throws -> Repetition {
        var configuration = configuration
        configuration.seed = seed
        var parameters = groups.map { group in
            configuration.shape(features: group.metrics.count).initialParameters(seed: seed, group: group.name)
        }
        let workers = try (0..<count).map { try Member(self, index: $0, of: count, configuration) }
        var result = Repetition(seconds: [], heldOutLoss: [])
        let judge = try Judge(self, configuration)
        func measureLoss() throws {
            if let loss = try judge.heldOutLoss(parameters) { result.heldOutLoss.append(loss) }
        }
        try measureLoss()
        for round in 0..<configuration.rounds {
            let base = parameters
            let outcomes = try ParallelTasks.map(
                count: count, threads: isSimultaneous(workers: count) ? count : 1
            ) { try workers[$0].train(round: round, from: base) }
            result.seconds.append(outcomes.map(\.seconds).max() ?? 0)
            for group in groups.indices {
                var average = WeightedAverage()
                for (worker, outcome) in zip(workers, outcomes) {
                    let windows = worker.windows(ofGroup: group)
                    guard windows > 0 else { continue }
                    average.add(outcome.parameters[group].elements, weight: UInt64(windows))
                }
                if let mean = average.mean() { parameters[group] = Tensor(mean, shape: [mean.count]) }
            }
            try measureLoss()
        }
        return result
    }

    /// One worker: its part of every group, and an engine for each.
    ///
    /// Unchecked: each member is used by one thread at a time.
    private final class Member: @unchecked Sendable {
        private let parts: [(training: LocalTraining, engine: (any AutoencoderEngine)?)]

        init(_ profiler: RoundProfiler, index: Int, of count: Int, _ configuration: TrainingConfiguration) throws {
            let backend = try profiler.makeBackend(profiler.threads)
            parts = try profiler.groups.map { group in
                let data = group.data.share(index, of: count)
                var configuration = configuration
                configuration.batch = profiler.batch > 0 ? profiler.batch : max(1, data.trainingStarts.count)
                let training = LocalTraining(group: group.name, configuration: configuration, data: data)
                guard !data.trainingStarts.isEmpty else { return (training, nil) }
                let largest = max(configuration.batch, LocalTraining.scoringBatch)
                return (training, try backend.makeEngine(shape: training.shape, maximumBatch: largest))
            }
        }

        func windows(ofGroup index: Int) -> Int { parts[index].training.data.trainingStarts.count }

        func train(round: Int, from base: [Tensor<Float>]) throws -> (seconds: Double, parameters: [Tensor<Float>]) {
            let clock = ContinuousClock()
            let start = clock.now
            let parameters = try zip(parts, base).map { part, base in
                guard let engine = part.engine else { return base }
                return try part.training.run(round: round, parameters: base, engine: engine).parameters
            }
            return ((clock.now - start) / .seconds(1), parameters)
        }
    }

    /// Judges models by everything that is held out.
    private struct Judge {
        private let parts: [(data: TrainingSet, engine: any AutoencoderEngine)]

        init(_ profiler: RoundProfiler, _ configuration: TrainingConfiguration) throws {
            let backend = try profiler.makeBackend(profiler.threads)
            parts = try profiler.groups.map { group in
                let shape = configuration.shape(features: group.metrics.count)
                return (group.data, try backend.makeEngine(shape: shape, maximumBatch: LocalTraining.scoringBatch))
            }
        }

        /// The mean squared error of the held-out windows of all groups.
        func heldOutLoss(_ parameters: [Tensor<Float>]) throws -> Double? {
            var (total, count) = (0.0, 0)
            for (part, parameters) in zip(parts, parameters) {
                let starts = part.data.heldOutStarts
                try part.engine.setParameters(parameters)
                total += try part.data.totalError(ofWindowsAt: starts, engine: part.engine)
                count += starts.count
            }
            return count > 0 ? total / Double(count) : nil
        }
    }
}
