import Numerics
import Testing

@Suite struct ReferenceAutoencoderTests {
    /// Sizes at which indices go wrong if they can: odd ones, and ones of one.
    static let cases: [(features: Int, window: Int, hidden: [Int], batch: Int)] = [
        (3, 5, [4, 2], 2), (1, 4, [3], 3), (5, 1, [3, 2], 2), (3, 4, [3, 2], 1), (2, 3, [1], 2), (1, 1, [1], 1),
        (7, 3, [5, 3, 1], 2), (2, 6, [1, 3, 2], 1),
    ]

    /// Every parameter's gradient against a central difference in double precision. With a step of 1e-5 the
    /// difference has a truncation error near h² ≈ 1e-10 and a rounding error near 1e-16 / 1e-5 = 1e-11, both
    /// relative to a loss and third derivatives of order one: 1e-8 leaves a margin of 100.
    @Test(arguments: 0..<8)
    func gradientsAgreeWithFiniteDifferences(index: Int) {
        let (features, window, hidden, batch) = Self.cases[index]
        let shape = AutoencoderShape(features: features, window: window, hidden: hidden)
        var generator = CounterBasedGenerator(seed: 11, purpose: "finite differences", index)
        func draw(_ scale: Double) -> Double { scale * (2 * generator.uniform() - 1) }
        let parameters = (0..<shape.parameterCount).map { _ in draw(0.8) }
        let windows = Tensor(
            (0..<batch * window * features).map { _ in draw(1.5) }, shape: [batch, window, features])
        let network = ReferenceAutoencoder<Double>(shape: shape)
        let analytic = network.lossAndGradient(
            parameters: Tensor(parameters, shape: [parameters.count]), windows: windows
        ).gradient
        func loss(moving position: Int, by step: Double) -> Double {
            var moved = parameters
            moved[position] += step
            let errors = network.windowErrors(
                parameters: Tensor(moved, shape: [moved.count]), windows: windows)
            return errors.elements.reduce(0, +) / Double(batch)
        }
        let step = 1e-5
        for position in parameters.indices {
            let numeric = (loss(moving: position, by: step) - loss(moving: position, by: -step)) / (2 * step)
            #expect(abs(numeric - analytic[position]) < 1e-8, "parameter \(position)")
        }
    }

    /// The loss is the mean of the windows' errors, and a last residual is the last row of output minus input.
    @Test func measuresAgreeWithTheReconstruction() {
        let shape = AutoencoderShape(features: 3, window: 4, hidden: [5, 2])
        var generator = CounterBasedGenerator(seed: 12, purpose: "measures")
        let parameters = Tensor(
            (0..<shape.parameterCount).map { _ in Float(generator.normal()) }, shape: [shape.parameterCount])
        let windows = Tensor((0..<5 * 4 * 3).map { _ in Float(generator.normal()) }, shape: [5, 4, 3])
        let network = ReferenceAutoencoder<Float>(shape: shape)
        let output = network.reconstruct(parameters: parameters, windows: windows)
        let residuals = network.lastResiduals(parameters: parameters, windows: windows)
        for window in 0..<5 {
            for feature in 0..<3 {
                let element = (window * 4 + 3) * 3 + feature
                #expect(residuals[window, feature] == output[element] - windows[element])
            }
        }
        let errors = network.windowErrors(parameters: parameters, windows: windows).elements
        let mean = errors.reduce(0.0) { $0 + Double($1) } / 5
        let loss = network.lossAndGradient(parameters: parameters, windows: windows).loss
        #expect(abs(loss - mean) < 1e-6 * mean)
    }

    /// Inputs and weights of any finite size give finite numbers: the non-linearities saturate.
    @Test func saturationStaysFinite() {
        let shape = AutoencoderShape(features: 2, window: 3, hidden: [3])
        let network = ReferenceAutoencoder<Float>(shape: shape)
        let parameters = Tensor(repeating: Float(50), shape: [shape.parameterCount])
        let windows = Tensor((0..<6).map { Float($0 % 2 == 0 ? 1e6 : -1e6) }, shape: [1, 3, 2])
        let (loss, gradient) = network.lossAndGradient(parameters: parameters, windows: windows)
        #expect(loss.isFinite)
        #expect(gradient.elements.allSatisfy { $0.isFinite })
    }
}

@Suite struct ReferenceAdamTests {
    /// The first step of Adam moves each parameter by almost the learning rate against its gradient's sign,
    /// whatever the gradient's size: m/(1-β₁) = g, v/(1-β₂) = g².
    @Test func firstStepHasTheLearningRatesLength() {
        var parameters = Tensor<Double>([1, 2, 3], shape: [3])
        var adam = ReferenceAdam<Double>(parameterCount: 3, learningRate: 0.1)
        adam.step(&parameters, gradient: Tensor([1e-3, -5, 700], shape: [3]))
        for (value, expected) in zip(parameters.elements, [0.9, 2.1, 2.9]) {
            #expect(abs(value - expected) < 1e-5)
        }
        #expect(adam.stepCount == 1)
    }

    @Test func clippingScalesToTheNorm() {
        let gradient = Tensor<Double>([3, 4], shape: [2])
        #expect(ReferenceAdam.clippingFactor(of: gradient, norm: nil) == 1)
        #expect(ReferenceAdam.clippingFactor(of: gradient, norm: 6) == 1)
        let factor = ReferenceAdam.clippingFactor(of: gradient, norm: 2.5)
        #expect(abs(factor - 0.5) < 1e-6)
    }
}
