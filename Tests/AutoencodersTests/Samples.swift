import Autoencoders
import Numerics

/// Small made-up data for the tests of training and scoring.
enum Samples {
    /// Sines with noise, `[rows, features]`.
    static func series(rows: Int, features: Int, seed: UInt64 = 1) -> Tensor<Float> {
        var generator = CounterBasedGenerator(seed: seed, purpose: "series")
        var phases: [Double] = []
        for _ in 0..<features { phases.append(generator.uniform()) }
        let values = (0..<rows * features).map { index -> Float in
            let (row, feature) = (Double(index / features), index % features)
            let wave = ReferenceSine.value(row / Double(10 + 3 * feature) + phases[feature])
            return Float(wave + 0.1 * generator.normal())
        }
        return Tensor(values, shape: [rows, features])
    }

    /// A quick configuration.
    static func configuration(epochs: Int = 4, rounds: Int = 1) -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.window = 6
        configuration.hidden = [7, 3]
        configuration.epochs = epochs
        configuration.rounds = rounds
        configuration.batch = 32
        configuration.learningRate = 0.01
        configuration.seed = 5
        return configuration
    }

    /// A group's windows.
    static func data(
        rows: Int = 300, features: Int = 3, seed: UInt64 = 1, configuration: TrainingConfiguration = configuration()
    ) throws -> TrainingSet {
        var builder = TrainingSetBuilder(group: "test", features: features, configuration: configuration)
        builder.append(series(rows: rows, features: features, seed: seed), segments: [0..<rows], series: "site/a")
        return try builder.finish()
    }

    /// Three groups of different widths.
    static func groups(configuration: TrainingConfiguration = configuration()) throws -> [GroupTrainingData] {
        try [("physical.cpu", 3), ("physical.network", 1), ("access.radio@ue", 5)].map { name, features in
            GroupTrainingData(
                name: name, metrics: (0..<features).map { "metric_\($0)" },
                data: try data(features: features, seed: UInt64(features), configuration: configuration))
        }
    }

    static func trainer(
        _ configuration: TrainingConfiguration = configuration(), threads: Int = 1
    ) throws -> ModelTrainer {
        try ModelTrainer(configuration: configuration, threads: threads) { try VectorBackend(threads: $0) }
    }

    /// A trained model of the three groups.
    static func bundle(threads: Int = 1) throws -> ModelBundle {
        let trained = try trainer(threads: threads).train(groups())
        return ModelBundle(tool: "faultline test", configuration: configuration(), groups: trained)
    }
}

/// A sine by its series, so that the samples are the same on every machine.
enum ReferenceSine {
    static func value(_ turns: Double) -> Double {
        let x = (turns - turns.rounded()) * 2 * Double.pi
        var (term, sum) = (x, x)
        for k in 1...12 {
            term *= -x * x / Double(2 * k * (2 * k + 1))
            sum += term
        }
        return sum
    }
}
