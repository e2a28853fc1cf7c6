import CVectorKernels
import Glibc
import Testing

/// The CPU levels that this machine runs.
let levels: [VKLevel] = [VKLevelBaseline, VKLevelAVX2, VKLevelAVX512].filter { VKKernelsForLevel($0) != nil }

@Suite struct NonLinearityTests {
    /// Floats over the whole range, every 1021st bit pattern, and the special ones.
    private static let inputs: [Float] =
        stride(from: UInt32(0), to: 0xffff_f000, by: 1021).map { Float(bitPattern: $0) }
        + [
            0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude, .greatestFiniteMagnitude,
            -.greatestFiniteMagnitude, .infinity, -.infinity, .nan, -.nan, 7.9, 7.91, -7.9, 9, 20, 88, 89, 104, -104,
        ]

    /// tanh within 1e-6, relative; odd; NaN stays NaN.
    @Test(arguments: levels.map(\.rawValue))
    func hyperbolicTangent(_ level: UInt32) throws {
        let kernels = try #require(VKKernelsForLevel(VKLevel(level))).pointee
        var outputs = [Float](repeating: 0, count: Self.inputs.count)
        kernels.hyperbolicTangent(Self.inputs, &outputs, outputs.count)
        var worst = 0.0
        for (x, y) in zip(Self.inputs, outputs) {
            if x.isNaN {
                #expect(y.isNaN)
                continue
            }
            let expected = tanh(Double(x))
            // The smallest denormals have fewer than 20 bits themselves.
            let scale = max(abs(expected), Double(Float.leastNormalMagnitude))
            worst = max(worst, abs(Double(y) - expected) / scale)
            if y.magnitude > 1 { Issue.record("tanh \(x) is \(y)") }
        }
        #expect(worst < 1e-6)
    }

    /// sigmoid within 1e-6, absolute; NaN stays NaN; never outside [0, 1].
    @Test(arguments: levels.map(\.rawValue))
    func sigmoid(_ level: UInt32) throws {
        let kernels = try #require(VKKernelsForLevel(VKLevel(level))).pointee
        var outputs = [Float](repeating: 0, count: Self.inputs.count)
        kernels.sigmoid(Self.inputs, &outputs, outputs.count)
        var worst = 0.0
        for (x, y) in zip(Self.inputs, outputs) {
            if x.isNaN {
                #expect(y.isNaN)
                continue
            }
            worst = max(worst, abs(Double(y) - 1 / (1 + exp(-Double(x)))))
            if y < 0 || y > 1 { Issue.record("sigmoid \(x) is \(y)") }
        }
        #expect(worst < 1e-6)
    }

    /// AVX2 and AVX-512 do the same operations in the same order.
    @Test func fusedLevelsAgreeToTheBit() throws {
        guard let narrow = VKKernelsForLevel(VKLevelAVX2)?.pointee, let wide = VKKernelsForLevel(VKLevelAVX512)?.pointee
        else { try Test.cancel("needs a CPU with AVX-512") }
        var (a, b) = ([Float](repeating: 0, count: Self.inputs.count), [Float](repeating: 0, count: Self.inputs.count))
        narrow.hyperbolicTangent(Self.inputs, &a, a.count)
        wide.hyperbolicTangent(Self.inputs, &b, b.count)
        #expect(zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
        narrow.sigmoid(Self.inputs, &a, a.count)
        wide.sigmoid(Self.inputs, &b, b.count)
        #expect(zip(a, b).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
    }
}
