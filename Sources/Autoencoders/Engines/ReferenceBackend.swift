public import Numerics

/// The backend that runs the reference kernels: slow, clear, the oracle of all others. One thread, float32.
public struct ReferenceBackend: AcceleratorBackend {
    /// The backend; it needs nothing.
    public init() {}

    /// One thread of this CPU.
    public var device: DeviceDescription {
        DeviceDescription(
            backend: "reference", name: "reference kernels", memoryBytes: nil, threads: 1, precision: "float32")
    }

    /// An engine with zero weights.
    public func makeEngine(shape: AutoencoderShape, maximumBatch: Int) throws -> any AutoencoderEngine {
        ReferenceEngine(shape: shape)
    }
}

/// An ``AutoencoderEngine`` over the reference kernels.
final class ReferenceEngine: AutoencoderEngine {
    let shape: AutoencoderShape
    private let network: ReferenceAutoencoder<Float>
    private var theta: Tensor<Float>
    private var state: AdamState

    init(shape: AutoencoderShape) {
        self.shape = shape
        network = ReferenceAutoencoder(shape: shape)
        theta = Tensor(shape: [shape.parameterCount])
        state = AdamState(parameterCount: shape.parameterCount)
    }

    func parameters() throws -> Tensor<Float> { theta }

    func setParameters(_ parameters: Tensor<Float>) throws {
        precondition(parameters.count == theta.count, "\(parameters.count) numbers for \(theta.count) parameters")
        theta = parameters
    }

    func optimizerState() throws -> AdamState { state }

    func setOptimizerState(_ state: AdamState) throws {
        precondition(state.firstMoment.count == theta.count, "optimiser state of another network")
        self.state = state
    }

    func trainStep(_ batch: WindowBatch, adam: AdamConfiguration) throws -> Double {
        let (loss, gradient) = try lossAndGradient(batch)
        var optimizer = ReferenceAdam<Float>(
            parameterCount: 0, learningRate: Double(adam.learningRate), beta1: Double(adam.beta1),
            beta2: Double(adam.beta2), epsilon: Double(adam.epsilon), clipNorm: adam.clipNorm.map(Double.init))
        optimizer.stepCount = state.step
        optimizer.firstMoment = state.firstMoment
        optimizer.secondMoment = state.secondMoment
        optimizer.step(&theta, gradient: gradient)
        state.step = optimizer.stepCount
        state.firstMoment = optimizer.firstMoment
        state.secondMoment = optimizer.secondMoment
        return loss
    }

    func lossAndGradient(_ batch: WindowBatch) throws -> (loss: Double, gradient: Tensor<Float>) {
        network.lossAndGradient(parameters: theta, windows: windows(batch))
    }

    func reconstruct(_ batch: WindowBatch) throws -> Tensor<Float> {
        network.reconstruct(parameters: theta, windows: windows(batch))
    }

    func windowErrors(_ batch: WindowBatch) throws -> Tensor<Float> {
        network.windowErrors(parameters: theta, windows: windows(batch))
    }

    func lastResiduals(_ batch: WindowBatch) throws -> Tensor<Float> {
        network.lastResiduals(parameters: theta, windows: windows(batch))
    }

    /// The windows as a tensor of their own, `[B, T, F]`.
    private func windows(_ batch: WindowBatch) -> Tensor<Float> {
        let (steps, features) = (shape.window, shape.features)
        precondition(batch.samples.shape[1] == features, "samples of another number of metrics")
        let samples = batch.samples.elements
        var elements: [Float] = []
        elements.reserveCapacity(batch.count * steps * features)
        for start in batch.starts { elements += samples[start * features..<(start + steps) * features] }
        return Tensor(elements, shape: [batch.count, steps, features])
    }
}
