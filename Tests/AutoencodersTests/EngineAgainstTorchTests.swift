import Autoencoders
import Numerics
import Testing

/// The fast CPU engine against PyTorch itself, at every level that this CPU has.
@Suite struct EngineAgainstTorchTests {
    static let levels = VectorBackend.Level.allCases.filter { $0 <= .best }

    /// Single precision: as for the reference kernels, and the gates are computed to 1e-6.
    @Test(arguments: levels, TorchGolden.names)
    func forwardGradientAndTenSteps(level: VectorBackend.Level, name: String) throws {
        let golden = try TorchGolden(name)
        let engine = try VectorBackend(level: level).makeEngine(shape: golden.shape, maximumBatch: golden.batch)
        let windows = try golden.windows()
        let rows = windows.reshaped([golden.batch * golden.shape.window, golden.shape.features])
        let starts = (0..<golden.batch).map { $0 * golden.shape.window }
        let batch = WindowBatch(samples: rows, starts: starts[...])
        try engine.setParameters(golden.parameters())
        let output = try engine.reconstruct(batch).widened
        #expect(largestDifference(output.elements, try golden.values("output", shape: windows.shape)) < 1e-5)
        let gradient = try engine.lossAndGradient(batch).gradient.widened
        #expect(largestDifference(gradient.elements, try golden.flat("gradient")) < 1e-5)
        var adam = AdamConfiguration()
        adam.learningRate = Float(golden.learningRate)
        adam.clipNorm = golden.clipNorm.map { Float($0) }
        let losses = try (0..<10).map { _ in try engine.trainStep(batch, adam: adam) }
        #expect(largestDifference(losses, try golden.values("losses", shape: [10])) < 1e-4)
    }
}
