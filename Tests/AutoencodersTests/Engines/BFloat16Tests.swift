import Autoencoders
import Numerics
import Testing

/// Training that multiplies in bfloat16: eight bits of mantissa in each factor, everything else in float32.
@Suite(.enabled(if: (try? VectorBackend(precision: .bfloat16)) != nil, "needs a CPU with AVX-512 BF16"))
struct BFloat16Tests {
    /// Within a few units of 2⁻⁸ of the largest gradient, at sizes that are odd everywhere.
    @Test(arguments: Problem.sizes + Problem.large)
    func gradientIsClose(_ problem: Problem) throws {
        let engine = try VectorBackend(threads: 2, precision: .bfloat16)
            .makeEngine(shape: problem.shape, maximumBatch: problem.count)
        let parameters = Tensor<Double>(problem.parameters.elements.map(Double.init), shape: problem.parameters.shape)
        let expected = ReferenceAutoencoder<Double>(shape: problem.shape)
            .lossAndGradient(parameters: parameters, windows: problem.windows)
        try engine.setParameters(problem.parameters)
        let found = try engine.lossAndGradient(problem.batch)
        #expect(abs(found.loss / expected.loss - 1) < 5e-3)
        #expect(distance(found.gradient, expected.gradient) < 3e-2)
    }

    /// Scoring is not touched: the same bits as the float32 backend.
    @Test func scoresInSinglePrecision() throws {
        let problem = Problem(features: 9, window: 5, hidden: [20, 7], count: 40)
        let short = try VectorBackend(precision: .bfloat16).makeEngine(shape: problem.shape, maximumBatch: 40)
        let single = try VectorBackend(level: .best).makeEngine(shape: problem.shape, maximumBatch: 40)
        try short.setParameters(problem.parameters)
        try single.setParameters(problem.parameters)
        #expect(try short.windowErrors(problem.batch) == single.windowErrors(problem.batch))
    }

    /// The loss curve of 200 steps stays within 1 % of that of float32.
    @Test func lossCurveFollowsSinglePrecision() throws {
        let problem = Problem(features: 12, window: 10, hidden: [32, 16], count: 64, amplitude: 0.2)
        let short = try VectorBackend(precision: .bfloat16).makeEngine(shape: problem.shape, maximumBatch: 64)
        let single = try VectorBackend().makeEngine(shape: problem.shape, maximumBatch: 64)
        try short.setParameters(problem.parameters)
        try single.setParameters(problem.parameters)
        for _ in 0..<200 {
            let a = try short.trainStep(problem.batch, adam: AdamConfiguration())
            let b = try single.trainStep(problem.batch, adam: AdamConfiguration())
            #expect(abs(a / b - 1) < 0.01)
        }
    }

    /// The same bits for any number of threads.
    @Test func threadsDoNotMatter() throws {
        let problem = Problem(features: 9, window: 3, hidden: [21, 10], count: 301)
        let results = try [1, 2, 3].map { threads in
            let engine = try VectorBackend(threads: threads, precision: .bfloat16)
                .makeEngine(shape: problem.shape, maximumBatch: problem.count)
            try engine.setParameters(problem.parameters)
            for _ in 0..<3 { _ = try engine.trainStep(problem.batch, adam: AdamConfiguration()) }
            return try engine.parameters()
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }
}
