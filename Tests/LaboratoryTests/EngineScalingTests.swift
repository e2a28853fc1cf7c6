import Autoencoders
import Laboratory
import Numerics
import Testing

@Suite struct EngineScalingTests {
    /// y = 2x + 3 but for one point 0.5 above: worked out by hand.
    @Test func lineThroughPoints() {
        let line = EngineScaling.Line(sizes: [0, 1, 2, 3], times: [3, 5, 7, 9])
        #expect(abs(line.slope - 2) < 1e-12 && abs(line.intercept - 3) < 1e-12)
        #expect(abs(line.determination - 1) < 1e-12 && line.largestDeviation < 1e-12)
        // x̄ = 1, ȳ = 2; Sxx = 2, Sxy = 1; residuals 1/2 · (1, -2, 1) / ... of (0,1), (1,3), (2,2).
        let bent = EngineScaling.Line(sizes: [0, 1, 2], times: [1, 3, 2])
        #expect(abs(bent.slope - 0.5) < 1e-12 && abs(bent.intercept - 1.5) < 1e-12)
        #expect(abs(bent.determination - 0.25) < 1e-12 && abs(bent.largestDeviation - 1.0 / 3) < 1e-12)
    }

    @Test func measuresASeries() throws {
        let result = try EngineScaling(hidden: [2], batch: 64, repetitions: 1).run(.epochs, backend: VectorBackend())
        #expect(result.sizes == [1, 2, 4, 8, 16] && result.seconds.allSatisfy { $0 > 0 })
        #expect(result.gigaflops.count == 5)
    }

    /// α is the accelerator's time divided by the CPU's.
    @Test func ratioOfTimes() throws {
        #expect(AcceleratorRatio.timeRatio(accelerator: 200, cpu: 100) == 0.5)
        #expect(AcceleratorRatio.pays(0.5) && !AcceleratorRatio.pays(1))
        let shape = AutoencoderShape(features: 4, window: 4, hidden: [8])
        #expect(try ReferenceBackend().measuredTimeRatio(to: VectorBackend(), shape: shape, batch: 32) > 1)
    }
}
