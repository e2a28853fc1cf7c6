public import Numerics

/// A set of windows over one table of samples, without a copy of any sample: window `b` is the rows
/// `starts[b] ..< starts[b] + T` of `samples`.
public struct WindowBatch: Sendable {
    /// Scaled samples `[N, F]`, rows in time order.
    public let samples: Tensor<Float>
    /// First row of each window, `[B]`; windows may overlap.
    public let starts: ArraySlice<Int>

    /// - Precondition: `samples` has two axes.
    public init(samples: Tensor<Float>, starts: ArraySlice<Int>) {
        precondition(samples.shape.count == 2, "samples are [N, F]")
        self.samples = samples
        self.starts = starts
    }

    /// B: number of windows.
    public var count: Int { starts.count }
}

/// How Adam moves the parameters. Source: Kingma, Ba, "Adam", ICLR 2015, algorithm 1; ε is added outside the root
/// of the bias-corrected second moment, as PyTorch does.
public struct AdamConfiguration: Hashable, Sendable, Codable {
    /// Step size.
    public var learningRate: Float = 1e-3
    /// Decay of the first moment.
    public var beta1: Float = 0.9
    /// Decay of the second moment.
    public var beta2: Float = 0.999
    /// Keeps the divisor away from zero.
    public var epsilon: Float = 1e-8
    /// Largest Euclidean norm of the whole gradient; longer ones are scaled down to it. `nil`: no clipping.
    public var clipNorm: Float?

    /// The defaults of the paper, without clipping.
    public init() {}
}

/// Adam's state: everything besides the parameters that decides the next step.
public struct AdamState: Equatable, Sendable {
    /// Steps taken.
    public var step: Int
    /// First moments, `[P]`.
    public var firstMoment: Tensor<Float>
    /// Second moments, `[P]`.
    public var secondMoment: Tensor<Float>

    /// The state before the first step of an optimiser over `parameterCount` parameters.
    public init(parameterCount: Int) {
        step = 0
        firstMoment = Tensor(shape: [parameterCount])
        secondMoment = Tensor(shape: [parameterCount])
    }
}

/// Runs one autoencoder on one device: it owns weights, optimiser state and scratch memory. Not shared between
/// threads; whoever holds it calls it from one thread at a time.
///
/// The flat parameter vector has the order of ``AutoencoderShape/parameters``.
public protocol AutoencoderEngine: AnyObject {
    /// The sizes it was made for.
    var shape: AutoencoderShape { get }

    /// The flat parameter vector, `[P]`.
    func parameters() throws -> Tensor<Float>
    /// Replaces the parameters, `[P]`; the optimiser's state stays.
    func setParameters(_ parameters: Tensor<Float>) throws
    /// The optimiser's state.
    func optimizerState() throws -> AdamState
    /// Replaces the optimiser's state.
    func setOptimizerState(_ state: AdamState) throws

    /// One step of Adam on the mean squared error of one batch. Returns that error (mean over B, T and F) as it was
    /// before the step.
    func trainStep(_ batch: WindowBatch, adam: AdamConfiguration) throws -> Double
    /// One step for each `size` windows, one batch after the other, the last one of what is left. Returns the error of
    /// each batch as it was before its step. The same as ``trainStep(_:adam:)`` on each, without a wait in between where
    /// the device is another one than the CPU.
    func trainSteps(_ windows: WindowBatch, size: Int, adam: AdamConfiguration) throws -> [Double]
    /// Batches that one call of ``trainSteps(_:size:adam:)`` should bring, so that the device is not waited for.
    var batchesPerCall: Int { get }
    /// The backend that took over when the device failed; `nil` as long as it did not.
    var successor: String? { get }
    /// The mean squared error of one batch and its gradient, `[P]`; nothing changes.
    func lossAndGradient(_ batch: WindowBatch) throws -> (loss: Double, gradient: Tensor<Float>)
    /// The reconstruction, `[B, T, F]`.
    func reconstruct(_ batch: WindowBatch) throws -> Tensor<Float>
    /// The mean squared error of each window, `[B]`.
    func windowErrors(_ batch: WindowBatch) throws -> Tensor<Float>
    /// Reconstruction minus input at the last position of each window, `[B, F]`: the causal residual of a sample.
    func lastResiduals(_ batch: WindowBatch) throws -> Tensor<Float>
}

extension AutoencoderEngine {
    /// One batch at a time: on the CPU there is nothing to wait for.
    public var batchesPerCall: Int { 1 }

    /// None: only an engine that can change its device has one.
    public var successor: String? { nil }

    /// One call of ``trainStep(_:adam:)`` for each batch.
    public func trainSteps(_ windows: WindowBatch, size: Int, adam: AdamConfiguration) throws -> [Double] {
        precondition(windows.count > 0 && size > 0, "the mean over no window is undefined")
        let starts = windows.starts
        return try stride(from: starts.startIndex, to: starts.endIndex, by: size).map { first in
            let batch = starts[first..<min(first + size, starts.endIndex)]
            return try trainStep(WindowBatch(samples: windows.samples, starts: batch), adam: adam)
        }
    }
}

/// What a device says of itself.
public struct DeviceDescription: Hashable, Sendable, Codable {
    /// Backend: `reference`, `openblas`, `opencl`.
    public var backend: String
    /// The device's own name.
    public var name: String
    /// Bytes of memory it may use, if it says.
    public var memoryBytes: UInt64?
    /// Threads that it computes with.
    public var threads: Int
    /// `float32` or `float64`.
    public var precision: String

    /// A description with every field given.
    public init(backend: String, name: String, memoryBytes: UInt64?, threads: Int, precision: String) {
        self.backend = backend
        self.name = name
        self.memoryBytes = memoryBytes
        self.threads = threads
        self.precision = precision
    }
}

/// A kind of device that can run autoencoders (if4).
public protocol AcceleratorBackend: Sendable {
    /// The device it runs on.
    var device: DeviceDescription { get }
    /// An engine with zero weights. `maximumBatch` bounds the scratch memory of a training step; scoring may be
    /// given any number of windows.
    func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine
}
