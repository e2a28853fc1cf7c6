import CVectorKernels
public import Numerics

/// The CPU backend: the engine of hand-shaped kernels for the best CPU level at hand.
public struct VectorBackend: AcceleratorBackend {
    /// A CPU level, each with everything of the one before.
    public enum Level: Int, Sendable, CaseIterable, Comparable {
        /// What every CPU of the architecture can do; SSE2 on x86-64.
        case baseline
        /// AVX2 and fused multiply-add.
        case avx2
        /// AVX-512 F, VL, DQ and BW.
        case avx512

        /// By what they can do.
        public static func < (a: Level, b: Level) -> Bool { a.rawValue < b.rawValue }

        /// The best one that this CPU runs.
        public static var best: Level { Level(rawValue: Int(VKBestLevel().rawValue)) ?? .baseline }
    }

    /// The CPU level of the kernels.
    public let level: Level
    /// Threads of each engine.
    public let threads: Int
    /// What training multiplies in; sums, weights, optimiser and scoring are float32 always.
    public let precision: Precision

    /// What training multiplies in.
    public enum Precision: String, Sendable {
        /// Single precision.
        case float32
        /// Products of bfloat16 numbers, summed in single precision (AVX-512 BF16).
        case bfloat16
    }

    /// A backend with the given number of threads an engine. Without a level it takes the best one, or what the
    /// environment variable `FAULTLINE_CPU_LEVEL` names (`baseline`, `avx2` or `avx512`; for tests).
    ///
    /// - Throws: ``AcceleratorError`` when this CPU cannot run the level or has no products of that precision.
    /// - Precondition: `threads` is positive.
    public init(threads: Int = 1, level: Level? = nil, precision: Precision = .float32) throws {
        precondition(threads > 0, "an engine needs a thread")
        let chosen = try level ?? Self.environmentLevel() ?? .best
        guard chosen <= .best else {
            throw AcceleratorError(.notAvailable, "CPU level \(chosen)", found: "this CPU is \(Level.best)")
        }
        if precision == .bfloat16, unsafe VKKernelsForBFloat16() == nil || chosen < .avx512 {
            throw AcceleratorError(.notAvailable, "bfloat16", found: "this CPU has no AVX-512 BF16")
        }
        self.level = chosen
        self.precision = precision
        self.threads = threads
    }

    /// This CPU.
    public var device: DeviceDescription {
        DeviceDescription(
            backend: precision == .float32 ? "cpu" : "cpu-bfloat16", name: "\(CPU.name) (\(level))",
            memoryBytes: CPU.memoryBytes, threads: threads,
            precision: precision.rawValue)
    }

    /// An engine with zero weights.
    public func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine {
        guard let kernels = unsafe VKKernelsForLevel(VKLevel(UInt32(level.rawValue))) else {
            throw AcceleratorError(.notAvailable, "CPU level \(level)", found: "this CPU is \(Level.best)")
        }
        let short = unsafe precision == .bfloat16 ? VKKernelsForBFloat16()?.pointee : nil
        return try unsafe VectorEngine(shape: shape, kernels: kernels.pointee, shortKernels: short, threads: threads)
    }
}
