import Numerics
import Testing

/// The reference kernels against PyTorch's, from the same weights and windows.
@Suite struct ReferenceAgainstTorchTests {
    /// In double precision both compute the same real function with sums of at most a few hundred terms of order
    /// one; their rounding errors stay below 1e-13, and 1e-12 is asked for.
    @Test(arguments: TorchGolden.names)
    func forwardAndGradientInDoublePrecision(name: String) throws {
        let golden = try TorchGolden(name)
        let network = ReferenceAutoencoder<Double>(shape: golden.shape)
        let parameters = try golden.parameters().widened
        let windows = try golden.windows().widened
        let output = network.reconstruct(parameters: parameters, windows: windows)
        let expected = try golden.values("output", shape: windows.shape)
        #expect(largestDifference(output.elements, expected) < 1e-12)
        let (loss, gradient) = network.lossAndGradient(parameters: parameters, windows: windows)
        #expect(abs(loss - (try golden.values("loss", shape: [1])[0])) < 1e-12)
        #expect(largestDifference(gradient.elements, try golden.flat("gradient")) < 1e-12)
    }

    /// Ten steps of Adam, with and without clipping. Where a gradient is as small as ε = 1e-8, its rounding error of
    /// 1e-16 moves a parameter by rate · 1e-16 / 1e-8 = 1e-10 a step: 1e-9 for ten steps is the sharpest honest bound.
    @Test(arguments: TorchGolden.names)
    func tenStepsOfAdamInDoublePrecision(name: String) throws {
        let golden = try TorchGolden(name)
        let network = ReferenceAutoencoder<Double>(shape: golden.shape)
        var parameters = try golden.parameters().widened
        let windows = try golden.windows().widened
        var adam = ReferenceAdam<Double>(
            parameterCount: parameters.count, learningRate: golden.learningRate, clipNorm: golden.clipNorm)
        var losses: [Double] = []
        for _ in 0..<10 {
            let (loss, gradient) = network.lossAndGradient(parameters: parameters, windows: windows)
            losses.append(loss)
            adam.step(&parameters, gradient: gradient)
        }
        #expect(largestDifference(losses, try golden.values("losses", shape: [10])) < 1e-9)
        #expect(largestDifference(parameters.elements, try golden.flat("final")) < 1e-9)
    }

    /// In single precision one rounding costs 6e-8 of a value of order one; through 20 steps and sums of tens of
    /// terms the errors add up to a few 1e-6.
    @Test(arguments: TorchGolden.names)
    func singlePrecisionStaysClose(name: String) throws {
        let golden = try TorchGolden(name)
        let network = ReferenceAutoencoder<Float>(shape: golden.shape)
        var parameters = try golden.parameters()
        let windows = try golden.windows()
        let output = network.reconstruct(parameters: parameters, windows: windows).widened
        #expect(largestDifference(output.elements, try golden.values("output", shape: windows.shape)) < 1e-5)
        let gradient = network.lossAndGradient(parameters: parameters, windows: windows).gradient.widened
        #expect(largestDifference(gradient.elements, try golden.flat("gradient")) < 1e-5)
        var adam = ReferenceAdam<Float>(
            parameterCount: parameters.count, learningRate: golden.learningRate, clipNorm: golden.clipNorm)
        var losses: [Double] = []
        for _ in 0..<10 {
            let (loss, gradient) = network.lossAndGradient(parameters: parameters, windows: windows)
            losses.append(loss)
            adam.step(&parameters, gradient: gradient)
        }
        #expect(largestDifference(losses, try golden.values("losses", shape: [10])) < 1e-4)
    }
}
