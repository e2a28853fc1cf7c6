import Autoencoders
import Glibc
import Numerics
import Testing

/// A backend under test; one that is not here is a skipped case that says why.
struct Candidate: Sendable, CustomTestStringConvertible {
    let name: String
    /// Whether a window's scores are the same bits whatever it is scored with. OpenBLAS computes the rows at the edge of
    /// a product in another order.
    var isIndependentOfTheBatch = true
    let make: @Sendable (_ threads: Int) throws -> any AcceleratorBackend
    var testDescription: String { name }

    static let all: [Candidate] =
        [Candidate(name: "reference") { _ in ReferenceBackend() }]
        + VectorBackend.Level.allCases.map { level in
            Candidate(name: "cpu \(level)") { threads in try VectorBackend(threads: threads, level: level) }
        } + [
            Candidate(name: "openblas", isIndependentOfTheBatch: false) { threads in
                try OpenBLASBackend(threads: threads)
            },
            Candidate(name: "opencl") { _ in try AcceleratorCatalog.backend(named: "opencl") },
            openCL("opencl, blocks of 8 windows") { $0.vectorWidth = 1 },
            openCL("opencl, state in global memory") { $0.localBytes = 0 },
            openCL("opencl, one block a pass") { $0.largestBuffer = 1 },
        ]

    /// The first OpenCL device as if it were another one.
    private static func openCL(
        _ name: String, _ change: @escaping @Sendable (inout OpenCLDevice) -> Void
    ) -> Candidate {
        Candidate(name: name) { _ in
            var device = try OpenCLLibrary.load().devices()[0]
            change(&device)
            return try OpenCLBackend(device)
        }
    }

    /// Those that this machine can run.
    static let here: [Candidate] = all.filter { (try? $0.make(1)) != nil }
}

/// A network, its windows and random parameters.
struct Problem: Sendable, CustomTestStringConvertible {
    let shape: AutoencoderShape
    let count: Int
    let parameters: Tensor<Float>
    let batch: WindowBatch
    var testDescription: String { "F\(shape.features) T\(shape.window) H\(shape.hidden) B\(count)" }

    init(features: Int, window: Int, hidden: [Int], count: Int, amplitude: Double = 0.5) {
        shape = AutoencoderShape(features: features, window: window, hidden: hidden)
        self.count = count
        var generator = CounterBasedGenerator(seed: 3, purpose: "conformance", features, window, count)
        parameters = Tensor(
            (0..<shape.parameterCount).map { _ in Float(amplitude * (2 * generator.uniform() - 1)) },
            shape: [shape.parameterCount])
        // Windows overlap and come in no order.
        let rows = window + 2 * count
        let samples = Tensor<Float>(
            (0..<rows * features).map { _ in Float(generator.normal()) }, shape: [rows, features])
        let starts = (0..<count).map { _ in Int(generator.next() % UInt64(2 * count)) }
        batch = WindowBatch(samples: samples, starts: starts[...])
    }

    /// The windows as a tensor of their own, `[B, T, F]`.
    var windows: Tensor<Double> {
        let size = shape.window * shape.features
        let samples = batch.samples.elements
        return Tensor(
            batch.starts.flatMap { start in
                samples[start * shape.features..<start * shape.features + size].map(Double.init)
            }, shape: [count, shape.window, shape.features])
    }

    static let sizes: [Problem] = [
        Problem(features: 1, window: 1, hidden: [1], count: 1),
        Problem(features: 1, window: 5, hidden: [1], count: 3),
        Problem(features: 3, window: 1, hidden: [2], count: 4),
        Problem(features: 7, window: 4, hidden: [5, 3], count: 5),
        Problem(features: 17, window: 6, hidden: [33, 18], count: 35),
        Problem(features: 16, window: 3, hidden: [16], count: 32),
        Problem(features: 32, window: 5, hidden: [64, 32], count: 70),
        Problem(features: 70, window: 3, hidden: [20, 40, 9], count: 2),
        Problem(features: 130, window: 2, hidden: [49], count: 33),
    ]

    static let large: [Problem] = [
        Problem(features: 1000, window: 3, hidden: [24], count: 3, amplitude: 0.05),
        Problem(features: 2, window: 500, hidden: [6, 4], count: 3),
    ]
}

@Suite struct EngineConformanceTests {
    @Test(arguments: Candidate.all)
    func isHere(_ candidate: Candidate) throws {
        do {
            let device = try candidate.make(1).device
            #expect(!device.name.isEmpty && device.threads > 0)
        } catch let error as AcceleratorError where error.code == .notAvailable {
            try Test.cancel("not on this machine: \(error)")
        }
    }

    /// Everything an engine computes, against the reference in double precision. Float32 with sums of at most a few
    /// thousand terms: 1e-4 of the largest element leaves a factor of ten.
    @Test(arguments: Candidate.here, Problem.sizes + Problem.large)
    func agreesWithTheReference(_ candidate: Candidate, _ problem: Problem) throws {
        let engine = try candidate.make(2).makeEngine(shape: problem.shape, maximumBatch: problem.count)
        let oracle = ReferenceAutoencoder<Double>(shape: problem.shape)
        let parameters = Tensor<Double>(problem.parameters.elements.map(Double.init), shape: problem.parameters.shape)
        let windows = problem.windows
        try engine.setParameters(problem.parameters)
        #expect(try engine.parameters() == problem.parameters)

        let expected = oracle.lossAndGradient(parameters: parameters, windows: windows)
        let found = try engine.lossAndGradient(problem.batch)
        #expect(abs(found.loss / expected.loss - 1) < 1e-5)
        #expect(distance(found.gradient, expected.gradient) < 1e-4)
        #expect(
            distance(
                try engine.reconstruct(problem.batch), oracle.reconstruct(parameters: parameters, windows: windows))
                < 1e-4)
        #expect(
            distance(
                try engine.windowErrors(problem.batch), oracle.windowErrors(parameters: parameters, windows: windows))
                < 1e-5)
        #expect(
            distance(
                try engine.lastResiduals(problem.batch), oracle.lastResiduals(parameters: parameters, windows: windows))
                < 1e-4)
    }

    /// Ten steps with and without clipping follow the reference.
    @Test(arguments: Candidate.here, [nil, 0.05] as [Float?])
    func trainsLikeTheReference(_ candidate: Candidate, _ clip: Float?) throws {
        let problem = Problem(features: 5, window: 4, hidden: [18, 7], count: 40)
        let engine = try candidate.make(2).makeEngine(shape: problem.shape, maximumBatch: 64)
        try engine.setParameters(problem.parameters)
        let oracle = ReferenceAutoencoder<Double>(shape: problem.shape)
        var parameters = Tensor<Double>(problem.parameters.elements.map(Double.init), shape: problem.parameters.shape)
        var optimizer = ReferenceAdam<Double>(
            parameterCount: parameters.count, learningRate: 1e-2, clipNorm: clip.map(Double.init))
        var adam = AdamConfiguration()
        adam.learningRate = 1e-2
        adam.clipNorm = clip
        for _ in 0..<10 {
            let expected = oracle.lossAndGradient(parameters: parameters, windows: problem.windows)
            optimizer.step(&parameters, gradient: expected.gradient)
            let loss = try engine.trainStep(problem.batch, adam: adam)
            #expect(abs(loss / expected.loss - 1) < 1e-4)
        }
        // Where a gradient is next to nothing Adam still makes a whole step of it: not every parameter can agree.
        let moved = try engine.parameters()
        let far = zip(moved.elements, parameters.elements).count { abs(Double($0) - $1) > 1e-3 }
        #expect(far * 50 <= parameters.count)
        let state = try engine.optimizerState()
        #expect(state.step == 10)
        #expect(distance(state.firstMoment, optimizer.firstMoment) < 1e-2)
    }

    /// A run that is cut in two, its state carried over, ends with the same bits.
    @Test(arguments: Candidate.here)
    func resumesExactly(_ candidate: Candidate) throws {
        let problem = Problem(features: 6, window: 4, hidden: [9, 5], count: 40)
        let backend = try candidate.make(1)
        let whole = try backend.makeEngine(shape: problem.shape, maximumBatch: 40)
        try whole.setParameters(problem.parameters)
        for _ in 0..<2 { _ = try whole.trainStep(problem.batch, adam: AdamConfiguration()) }
        let second = try backend.makeEngine(shape: problem.shape, maximumBatch: 40)
        try second.setParameters(try whole.parameters())
        try second.setOptimizerState(try whole.optimizerState())
        for _ in 0..<3 {
            _ = try whole.trainStep(problem.batch, adam: AdamConfiguration())
            _ = try second.trainStep(problem.batch, adam: AdamConfiguration())
        }
        #expect(try whole.parameters() == second.parameters())
        #expect(try whole.optimizerState() == second.optimizerState())
    }

    /// The same bits, whatever the number of threads and the batches seen before.
    @Test(arguments: VectorBackend.Level.allCases.filter { $0 <= .best })
    func threadsDoNotMatter(_ level: VectorBackend.Level) throws {
        let problem = Problem(features: 9, window: 3, hidden: [20, 10], count: 300)
        var results: [Tensor<Float>] = []
        for threads in [1, 2, 3, 5] {
            let engine = try VectorBackend(threads: threads, level: level)
                .makeEngine(shape: problem.shape, maximumBatch: problem.count)
            try engine.setParameters(problem.parameters)
            var adam = AdamConfiguration()
            adam.clipNorm = 0.1
            for _ in 0..<3 { _ = try engine.trainStep(problem.batch, adam: adam) }
            let short = WindowBatch(samples: problem.batch.samples, starts: problem.batch.starts.prefix(7))
            _ = try engine.trainStep(short, adam: adam)
            adam.clipNorm = nil
            _ = try engine.trainStep(problem.batch, adam: adam)
            results.append(try engine.parameters())
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    /// A window's scores do not depend on the windows it is scored with.
    @Test(arguments: Candidate.here)
    func scoresDoNotDependOnTheBatch(_ candidate: Candidate) throws {
        let problem = Problem(features: 19, window: 6, hidden: [40, 17], count: 70)
        let engine = try candidate.make(2).makeEngine(shape: problem.shape, maximumBatch: 64)
        try engine.setParameters(problem.parameters)
        let together = try engine.windowErrors(problem.batch)
        let residuals = try engine.lastResiduals(problem.batch)
        for index in [0, 1, 31, 32, 69] {
            for size in [1, 2, 3, 5] where index + size <= problem.count {
                let starts = problem.batch.starts[index..<index + size]
                let batch = WindowBatch(samples: problem.batch.samples, starts: starts)
                let (error, residual) = (try engine.windowErrors(batch)[0], try engine.lastResiduals(batch)[0, 0])
                if candidate.isIndependentOfTheBatch {
                    #expect(error == together[index] && residual == residuals[index, 0])
                } else {
                    #expect(abs(error / together[index] - 1) < 1e-5 && abs(residual - residuals[index, 0]) < 1e-5)
                }
            }
        }
    }

    /// The gradient against central differences of the engine's own loss, along random directions.
    @Test(arguments: Candidate.here)
    func agreesWithFiniteDifferences(_ candidate: Candidate) throws {
        let problem = Problem(features: 4, window: 5, hidden: [6, 3], count: 6)
        let engine = try candidate.make(1).makeEngine(shape: problem.shape, maximumBatch: 6)
        try engine.setParameters(problem.parameters)
        let gradient = try engine.lossAndGradient(problem.batch).gradient.elements
        var generator = CounterBasedGenerator(seed: 5, purpose: "directions")
        for _ in 0..<5 {
            let direction = gradient.map { _ in Float(generator.normal()) }
            let slope = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
            let step: Float = 1e-3
            func loss(_ sign: Float) throws -> Double {
                let moved = zip(problem.parameters.elements, direction).map { $0 + sign * step * $1 }
                try engine.setParameters(Tensor(moved, shape: [moved.count]))
                return try engine.lossAndGradient(problem.batch).loss
            }
            let difference = try (loss(1) - loss(-1)) / (2 * Double(step))
            #expect(abs(difference - slope) < 1e-3 * (abs(slope) + 0.1))
        }
    }

    /// Samples of ±10⁶ are large, not special: errors, loss and gradient are those of the reference.
    @Test(arguments: Candidate.here)
    func largeInputs(_ candidate: Candidate) throws {
        let problem = Problem(features: 5, window: 4, hidden: [9, 4], count: 20)
        var samples = problem.batch.samples
        for row in 0..<samples.shape[0] {
            for column in 0..<5 { samples[row, column] *= row % 2 == 0 ? 1e6 : -1e6 }
        }
        let batch = WindowBatch(samples: samples, starts: problem.batch.starts)
        let engine = try candidate.make(1).makeEngine(shape: problem.shape, maximumBatch: 20)
        let oracle = try ReferenceBackend().makeEngine(shape: problem.shape, maximumBatch: 20)
        try engine.setParameters(problem.parameters)
        try oracle.setParameters(problem.parameters)
        func doubles(_ tensor: Tensor<Float>) -> Tensor<Double> {
            Tensor(tensor.elements.map(Double.init), shape: tensor.shape)
        }
        #expect(distance(try engine.windowErrors(batch), doubles(try oracle.windowErrors(batch))) < 1e-5)
        let (found, expected) = (try engine.lossAndGradient(batch), try oracle.lossAndGradient(batch))
        #expect(abs(found.loss / expected.loss - 1) < 1e-5)
        // Saturated gates are within 1e-6 of 0 or 1, and that is multiplied by the input here.
        #expect(distance(found.gradient, doubles(expected.gradient)) < 1e-2)
        var adam = AdamConfiguration()
        adam.clipNorm = 5
        #expect(try abs(engine.trainStep(batch, adam: adam) / oracle.trainStep(batch, adam: adam) - 1) < 1e-5)
        #expect(distance(try engine.windowErrors(batch), doubles(try oracle.windowErrors(batch))) < 1e-5)
    }

    /// Gradients whose squares overflow are clipped all the same.
    @Test(arguments: Candidate.here)
    func hugeGradientsAreClipped(_ candidate: Candidate) throws {
        let problem = Problem(features: 3, window: 2, hidden: [4], count: 2)
        let samples = Tensor<Float>(repeating: 1e18, shape: problem.batch.samples.shape)
        let batch = WindowBatch(samples: samples, starts: [0, 1][...])
        let engine = try candidate.make(1).makeEngine(shape: problem.shape, maximumBatch: 2)
        try engine.setParameters(problem.parameters)
        var adam = AdamConfiguration()
        adam.clipNorm = 1
        adam.beta1 = 0
        _ = try engine.trainStep(batch, adam: adam)
        // Of a gradient of length 1, the first moment is that gradient.
        let norm = try engine.optimizerState().firstMoment.elements.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(norm - 1) < 1e-3)
    }

    /// The same work twice gives the same bits, on the same engine and on another one; several batches in one call give
    /// those of one call each.
    @Test(arguments: Candidate.here)
    func isDeterministic(_ candidate: Candidate) throws {
        let problem = Problem(features: 7, window: 5, hidden: [11, 6], count: 100)
        func run(size: Int, together: Bool) throws -> (Tensor<Float>, [Double]) {
            let engine = try candidate.make(2).makeEngine(shape: problem.shape, maximumBatch: size)
            try engine.setParameters(problem.parameters)
            var losses: [Double] = []
            for _ in 0..<2 {
                if together {
                    losses += try engine.trainSteps(problem.batch, size: size, adam: AdamConfiguration())
                    continue
                }
                for first in stride(from: 0, to: 100, by: size) {
                    let starts = problem.batch.starts[first..<min(first + size, 100)]
                    let batch = WindowBatch(samples: problem.batch.samples, starts: starts)
                    losses.append(try engine.trainStep(batch, adam: AdamConfiguration()))
                }
            }
            return (try engine.parameters(), losses)
        }
        let (first, second) = (try run(size: 33, together: true), try run(size: 33, together: true))
        let apart = try run(size: 33, together: false)
        #expect(first.0 == second.0 && first.1 == second.1)
        #expect(first.0 == apart.0 && first.1 == apart.1)
        #expect(first.1.count == 8)
    }

    /// Other samples at the same place are seen, and so are samples that changed.
    @Test(arguments: Candidate.here)
    func samplesAreNeverStale(_ candidate: Candidate) throws {
        let problem = Problem(features: 3, window: 4, hidden: [5], count: 6)
        let engine = try candidate.make(1).makeEngine(shape: problem.shape, maximumBatch: 6)
        try engine.setParameters(problem.parameters)
        let before = try engine.windowErrors(problem.batch)
        var samples = problem.batch.samples
        for row in 0..<samples.shape[0] { samples[row, 0] += 1 }
        let changed = WindowBatch(samples: samples, starts: problem.batch.starts)
        #expect(try engine.windowErrors(changed) != before)
        #expect(try engine.windowErrors(problem.batch) == before)
    }

    /// Extreme input gives a result, be it NaN, and no crash; the windows beside it are not touched.
    @Test(arguments: Candidate.here, [1e30, -1e30, .infinity, .nan, .leastNonzeroMagnitude] as [Float])
    func survivesExtremes(_ candidate: Candidate, _ value: Float) throws {
        let problem = Problem(features: 5, window: 3, hidden: [7, 4], count: 4)
        var samples = problem.batch.samples
        let clean = WindowBatch(samples: samples, starts: [0, 3][...])
        for column in 0..<5 { samples[4, column] = value }
        let batch = WindowBatch(samples: samples, starts: [0, 3][...])
        let engine = try candidate.make(1).makeEngine(shape: problem.shape, maximumBatch: 4)
        try engine.setParameters(problem.parameters)
        #expect(try engine.windowErrors(batch)[0] == engine.windowErrors(clean)[0])
        let error = try engine.windowErrors(batch)[1]
        if value.isNaN { #expect(error.isNaN) }
        if value.magnitude >= 1e30 { #expect(!error.isFinite) }
        _ = try engine.trainStep(batch, adam: AdamConfiguration())
        _ = try engine.reconstruct(batch)
    }

    @Test(arguments: Candidate.here)
    func noWindows(_ candidate: Candidate) throws {
        let problem = Problem(features: 2, window: 3, hidden: [2], count: 1)
        let engine = try candidate.make(1).makeEngine(shape: problem.shape, maximumBatch: 1)
        let none = WindowBatch(samples: problem.batch.samples, starts: [])
        #expect(try engine.windowErrors(none).count == 0)
        #expect(try engine.reconstruct(none).shape == [0, 3, 2])
        #expect(try engine.lastResiduals(none).shape == [0, 2])
    }
}

/// The largest difference, in units of the largest expected element; infinite when sizes differ.
func distance(_ found: Tensor<Float>, _ expected: Tensor<Double>) -> Double {
    guard found.shape == expected.shape else { return .infinity }
    let scale = expected.elements.reduce(1e-30) { max($0, abs($1)) }
    return zip(found.elements, expected.elements).reduce(0) { largest, pair in
        let difference = abs(Double(pair.0) - pair.1) / scale
        return difference.isNaN ? .infinity : max(largest, difference)
    }
}
