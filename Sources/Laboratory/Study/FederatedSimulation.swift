import Autoencoders
import Federation
import Numerics

/// Rounds of federated averaging in one process: the same local training and the same average as between processes,
/// without the network.
struct FederatedSimulation {
    /// Who works how much in a round.
    struct Participation: Equatable {
        /// The share of the workers that are drawn for a round; at least one works.
        var share = 1.0
        /// The share of the workers drawn that are too slow to run all epochs.
        var stragglers = 0.0
        /// Whether a straggler's part of a round counts, with the epochs it managed; otherwise it is dropped.
        var takesPartialWork = true
    }

    /// How workers train; its epochs are those of a round.
    let configuration: TrainingConfiguration
    /// R.
    let rounds: Int
    /// Who works.
    var participation = Participation()
    /// The groups' windows of each worker.
    let workers: [[String: GroupTrainingData]]
    /// Where groups start, by name; others start from initial parameters.
    var start: [String: Tensor<Float>] = [:]
    /// The number of the first round, which decides the order of windows.
    var firstRound = 0

    /// The groups that some worker has, with their metrics, sorted by name.
    private var groups: [(name: String, metrics: [String])] {
        var metrics: [String: [String]] = [:]
        for worker in workers { for (name, group) in worker { metrics[name] = group.metrics } }
        return metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Trains every group; several at a time on several threads, which changes nothing.
    ///
    /// - Throws: what training throws.
    func train(on backend: any AcceleratorBackend, threads: Int = 1) throws -> [(
        name: String, metrics: [String], parameters: Tensor<Float>
    )] {
        let groups = groups
        return try ParallelTasks.map(count: groups.count, threads: threads) { index in
            let (name, metrics) = groups[index]
            return (name, metrics, try train(name, metrics, backend))
        }
    }

    private func train(_ name: String, _ metrics: [String], _ backend: any AcceleratorBackend) throws -> Tensor<Float> {
        let shape = configuration.shape(features: metrics.count)
        let engine = try backend.makeEngine(shape: shape, maximumBatch: configuration.batch)
        var parameters = start[name] ?? shape.initialParameters(seed: configuration.seed, group: name)
        let members = workers.indices.filter { workers[$0][name] != nil }
        for round in firstRound..<firstRound + rounds {
            var average = WeightedAverage()
            for (worker, epochs) in chosen(round, of: members) {
                guard let group = workers[worker][name] else { continue }
                var own = configuration
                own.epochs = epochs
                let training = LocalTraining(group: name, configuration: own, data: group.data)
                let update = try training.run(round: round, parameters: parameters, engine: engine)
                average.add(update.parameters.elements, weight: UInt64(max(1, update.windows)))
            }
            if let mean = average.mean() { parameters = Tensor(mean, shape: [mean.count]) }
        }
        return parameters
    }

    /// Who works in a round, and for how many epochs. The draw depends on seed and round only, and is the same for all
    /// groups: a worker that is away is away with all of them.
    private func chosen(_ round: Int, of members: [Int]) -> [(worker: Int, epochs: Int)] {
        var generator = CounterBasedGenerator(seed: configuration.seed, purpose: "participation", round)
        let everybody = workers.indices.map { ($0, generator.uniform(), generator.uniform(), generator.uniform()) }
        let count = max(1, Int((participation.share * Double(workers.count)).rounded()))
        let drawn = everybody.sorted { $0.1 < $1.1 }.prefix(count)
        var result: [(worker: Int, epochs: Int)] = []
        for (worker, _, slow, speed) in drawn {
            guard slow < participation.stragglers else {
                result.append((worker, configuration.epochs))
                continue
            }
            let managed = Int(speed * Double(configuration.epochs))
            if participation.takesPartialWork, managed > 0 { result.append((worker, managed)) }
        }
        return result.filter { members.contains($0.worker) }.sorted { $0.worker < $1.worker }
    }
}
