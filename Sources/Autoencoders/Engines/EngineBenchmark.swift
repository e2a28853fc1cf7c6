import CVectorKernels
import Glibc
public import Numerics

/// Measures an engine's speed on windows of random numbers: whole epochs of training, or scoring.
public struct EngineBenchmark: Sendable {
    /// What is measured.
    public enum Mode: String, Sendable, CaseIterable {
        /// One epoch over all windows: forward, backward and Adam.
        case train
        /// The error of each window: 200 calls of one window, or 20 of a larger batch.
        case infer
    }

    /// One measurement. The first seven fields are those of the PyTorch peer.
    public struct Result: Sendable, Codable {
        /// `train` or `infer`.
        public var mode: String
        /// Threads of the engine.
        public var threads: Int
        /// Windows a call.
        public var batch: Int
        /// Shortest repetition in seconds.
        public var wallMinimum: Double
        /// Median repetition in seconds.
        public var wallMedian: Double
        /// Median processor time, user and system, in seconds.
        public var cpuMedian: Double
        /// Windows of a repetition by its median time.
        public var windowsPerSecond: Double
        /// Floating-point operations that the products of one window need.
        public var operationsPerWindow: Double
        /// Those by the median time, in 10⁹ a second.
        public var gigaflops: Double
    }

    /// The network.
    public var shape: AutoencoderShape
    /// Windows of an epoch.
    public var windows: Int
    /// Measured repetitions, after one that is not.
    public var repetitions: Int
    /// Epochs of a repetition of training.
    public var epochs = 1

    /// A benchmark of the given size.
    ///
    /// - Precondition: `windows` and `repetitions` are positive.
    public init(shape: AutoencoderShape, windows: Int, repetitions: Int) {
        precondition(windows > 0 && repetitions > 0, "a benchmark needs windows and repetitions")
        self.shape = shape
        self.windows = windows
        self.repetitions = repetitions
    }

    /// Runs one measurement.
    ///
    /// - Throws: what the backend and its engine throw.
    public func run(_ mode: Mode, backend: any AcceleratorBackend, batch: Int) throws -> Result {
        let needed = mode == .train ? windows : batch
        let drawn = Self.randomWindows(needed, shape: shape)
        let (samples, starts) = (drawn.samples, drawn.starts)
        let engine = try backend.makeEngine(shape: shape, maximumBatch: batch)
        try engine.setParameters(Self.randomParameters(shape))
        let calls = mode == .train ? epochs : batch == 1 ? 200 : 20
        func repetition() throws {
            switch mode {
            case .train:
                let perCall = batch * engine.batchesPerCall
                for _ in 0..<epochs {
                    for start in stride(from: 0, to: needed, by: perCall) {
                        let part = WindowBatch(samples: samples, starts: starts[start..<min(start + perCall, needed)])
                        _ = try engine.trainSteps(part, size: batch, adam: AdamConfiguration())
                    }
                }
            case .infer:
                let part = WindowBatch(samples: samples, starts: starts[...])
                for _ in 0..<calls { _ = try engine.windowErrors(part) }
            }
        }
        try repetition()
        var wall: [Double] = []
        var processor: [Double] = []
        for _ in 0..<repetitions {
            let (before, used) = (Self.wallSeconds, Self.processorSeconds)
            try repetition()
            wall.append(Self.wallSeconds - before)
            processor.append(Self.processorSeconds - used)
        }
        let median = Self.median(wall)
        let rate = Double(needed * calls) / median
        let operations = shape.operationsPerWindow(training: mode == .train)
        return Result(
            mode: mode.rawValue, threads: backend.device.threads, batch: batch, wallMinimum: wall.min() ?? median,
            wallMedian: median, cpuMedian: Self.median(processor), windowsPerSecond: rate,
            operationsPerWindow: operations, gigaflops: rate * operations / 1e9)
    }

    /// Windows of random numbers, side by side.
    static func randomWindows(_ count: Int, shape: AutoencoderShape) -> WindowBatch {
        var generator = CounterBasedGenerator(seed: 0, purpose: "benchmark")
        var samples = Tensor<Float>(shape: [count * shape.window, shape.features])
        unsafe samples.withUnsafeMutableBufferPointer { elements in
            for index in elements.indices { unsafe elements[index] = Float(truncating24Bits: generator.next()) }
        }
        return WindowBatch(samples: samples, starts: (0..<count).map { $0 * shape.window }[...])
    }

    /// Random parameters of the usual size, `[P]`.
    static func randomParameters(_ shape: AutoencoderShape) -> Tensor<Float> {
        var generator = CounterBasedGenerator(seed: 0, purpose: "benchmark parameters")
        let bound = 1 / Double(shape.hidden[0]).squareRoot()
        return Tensor(
            (0..<shape.parameterCount).map { _ in Float(bound * (2 * generator.uniform() - 1)) },
            shape: [shape.parameterCount])
    }

    /// The multiply-adds that one thread does in a precision when nothing holds it up, in 10⁹ operations a second; the
    /// best of nine short runs.
    public static func peakGigaflops(_ precision: VectorBackend.Precision = .float32) -> Double {
        let found =
            unsafe precision == .bfloat16 ? VKKernelsForBFloat16() : VKKernelsForLevel(VKBestLevel())
        guard let kernels = unsafe found else { return 0 }
        var best = 0.0
        for _ in 0..<9 {
            let before = wallSeconds
            let operations = unsafe kernels.pointee.multiplyAdds(4_000_000)
            best = max(best, operations / (wallSeconds - before) / 1e9)
        }
        return best
    }

    /// Most memory that this process ever had resident, in bytes.
    public static var peakResidentBytes: Int {
        var usage = rusage()
        unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }

    static var wallSeconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static var processorSeconds: Double {
        var usage = rusage()
        unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}

extension Float {
    /// A number in [0, 1) of 24 random bits.
    fileprivate init(truncating24Bits bits: UInt64) { self = Float(bits >> 40) * 0x1p-24 }
}

extension AcceleratorBackend {
    /// The windows a second that this device trains, measured on batches of random windows: what a worker says of
    /// itself, and what placement divides to compare devices. Trains one batch that is not measured, then batches until
    /// `seconds` are over or it is cancelled, at least one; the rate is that of the fastest, so that other work on the
    /// machine shows least.
    ///
    /// - Throws: what the engine throws.
    /// - Precondition: `batch` is positive.
    public func measuredTrainingRate(
        shape: AutoencoderShape, batch: Int = 64, seconds: Double = 0.25, isCancelled: () -> Bool = { false }
    ) throws -> Double {
        precondition(batch > 0, "a batch has windows")
        let windows = EngineBenchmark.randomWindows(batch, shape: shape)
        let engine = try makeEngine(shape: shape, maximumBatch: batch)
        try engine.setParameters(EngineBenchmark.randomParameters(shape))
        let start = EngineBenchmark.wallSeconds
        _ = try engine.trainStep(windows, adam: AdamConfiguration())
        var best = Double.infinity
        repeat {
            let before = EngineBenchmark.wallSeconds
            _ = try engine.trainStep(windows, adam: AdamConfiguration())
            best = min(best, EngineBenchmark.wallSeconds - before)
        } while EngineBenchmark.wallSeconds - start < seconds && !isCancelled()
        return Double(batch) / max(best, 1e-9)
    }
}
