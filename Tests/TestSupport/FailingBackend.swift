public import Autoencoders
public import Numerics
import Synchronization

/// A backend whose engines fail after so many batches.
public struct FailingBackend: AcceleratorBackend {
    private let inner: any AcceleratorBackend
    private let batches: Int
    private let code: AcceleratorError.Code

    /// - Parameter batches: that each engine trains before it fails at everything; below 0 there is no engine at all.
    public init(
        inner: any AcceleratorBackend, batches: Int, code: AcceleratorError.Code = AcceleratorError.Code.deviceFailed
    ) {
        (self.inner, self.batches, self.code) = (inner, batches, code)
    }

    /// The inner one.
    public var device: DeviceDescription { inner.device }

    /// An engine that is going to fail.
    public func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine {
        guard batches >= 0 else { throw AcceleratorError(code, "engine", found: "made to fail") }
        return FailingEngine(
            inner: try inner.makeEngine(shape: shape, maximumBatch: maximumBatch), left: batches, code: code)
    }
}

final class FailingEngine: AutoencoderEngine {
    private let inner: any AutoencoderEngine
    private var left: Int
    private let code: AcceleratorError.Code
    var shape: AutoencoderShape { inner.shape }
    var batchesPerCall: Int { 3 }

    init(inner: any AutoencoderEngine, left: Int, code: AcceleratorError.Code) {
        (self.inner, self.left, self.code) = (inner, left, code)
    }

    /// Once it failed it fails at everything, as a lost device does.
    private func check() throws {
        guard left >= 0 else { throw AcceleratorError(code, "batch", found: "made to fail") }
    }

    func parameters() throws -> Tensor<Float> {
        try check()
        return try inner.parameters()
    }
    func setParameters(_ parameters: Tensor<Float>) throws {
        try check()
        try inner.setParameters(parameters)
    }
    func optimizerState() throws -> AdamState {
        try check()
        return try inner.optimizerState()
    }
    func setOptimizerState(_ state: AdamState) throws {
        try check()
        try inner.setOptimizerState(state)
    }
    func trainStep(_ batch: WindowBatch, adam: AdamConfiguration) throws -> Double {
        left -= 1
        try check()
        return try inner.trainStep(batch, adam: adam)
    }
    func lossAndGradient(_ batch: WindowBatch) throws -> (loss: Double, gradient: Tensor<Float>) {
        try check()
        return try inner.lossAndGradient(batch)
    }
    func reconstruct(_ batch: WindowBatch) throws -> Tensor<Float> {
        try check()
        return try inner.reconstruct(batch)
    }
    func windowErrors(_ batch: WindowBatch) throws -> Tensor<Float> {
        try check()
        return try inner.windowErrors(batch)
    }
    func lastResiduals(_ batch: WindowBatch) throws -> Tensor<Float> {
        try check()
        return try inner.lastResiduals(batch)
    }
}

/// Lines that a backend told.
public final class Told: Sendable {
    /// No line yet.
    public init() {}
    private let lines = Mutex<[String]>([])
    /// The lines, in their order.
    public var all: [String] { lines.withLock { $0 } }
    /// Takes a line.
    public func add(_ line: String) { lines.withLock { $0.append(line) } }
}
