import Autoencoders
import Numerics
import Testing

@Suite struct EngineBenchmarkTests {
    /// Counted by hand: F 2, T 3, H 4; encoder 2 → 4 and decoder 4 → 4, each with 4 gates, a multiply-add being two.
    @Test func operationsOfASmallNetwork() {
        let shape = AutoencoderShape(features: 2, window: 3, hidden: [4])
        let (encoderInput, recurrent, latent, linear) = (3 * 16 * 2 * 2, 2 * 16 * 4 * 2, 16 * 4 * 2, 3 * 4 * 2 * 2)
        let forward = encoderInput + 2 * recurrent + latent + linear
        #expect(shape.operationsPerWindow(training: false) == Double(forward))
        #expect(shape.operationsPerWindow(training: true) == Double(3 * forward - encoderInput))
    }

    @Test(arguments: EngineBenchmark.Mode.allCases)
    func measures(_ mode: EngineBenchmark.Mode) throws {
        let shape = AutoencoderShape(features: 3, window: 4, hidden: [5])
        let benchmark = EngineBenchmark(shape: shape, windows: 20, repetitions: 3)
        let result = try benchmark.run(mode, backend: VectorBackend(), batch: 8)
        #expect(result.mode == mode.rawValue && result.threads == 1 && result.batch == 8)
        #expect(result.wallMinimum > 0 && result.wallMinimum <= result.wallMedian)
        #expect(result.windowsPerSecond > 0 && result.gigaflops > 0)
        #expect(try ReferenceBackend().measuredTrainingRate(shape: shape, batch: 2) > 0)
    }

    @Test func peaksArePositive() {
        #expect(EngineBenchmark.peakGigaflops() > 0)
        #expect(EngineBenchmark.peakResidentBytes > 0)
    }

    @Test func catalogueKnowsItsNames() throws {
        #expect(try AcceleratorCatalog.backend(named: "auto", threads: 2).device.threads == 2)
        #expect(try AcceleratorCatalog.backend(named: "reference").device.backend == "reference")
        #expect(AcceleratorCatalog.entries().contains { $0.name == "cpu" })
        #expect(throws: AcceleratorError.self) { try AcceleratorCatalog.backend(named: "abacus") }
    }

    /// A network that no machine can hold is an error, not a crash.
    @Test func absurdSizesAreErrors() {
        for shape in [
            AutoencoderShape(features: 1 << 40, window: 1, hidden: [1]),
            AutoencoderShape(features: 1, window: 1 << 40, hidden: [1]),
            AutoencoderShape(features: 90_000, window: 2, hidden: [9000, 9000]),
        ] {
            #expect(throws: AcceleratorError.self) {
                try VectorBackend().makeEngine(shape: shape, maximumBatch: 1)
            }
        }
    }
}
