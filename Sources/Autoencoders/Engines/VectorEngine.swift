import CVectorKernels
import Numerics

/// The CPU engine: hand-shaped kernels, windows in shards of 32, a thread for each few shards.
///
/// Results do not depend on the number of threads: a batch is cut into shards and these into slots by its size alone;
/// a slot adds up the gradients of its shards in their order, and the slots are added up in theirs.
@safe
final class VectorEngine: AutoencoderEngine {
    let shape: AutoencoderShape
    let layout: PackedLayout
    let pool: ThreadPool
    let kernels: VKKernels
    /// Kernels of the training pass when it multiplies in bfloat16.
    let shortKernels: VKKernels?
    /// Whether inputs are projected for many steps at once where that pays. Our kernels give the same bits either way.
    let projectsInputs: Bool
    /// Weights and their transposes as pairs of bfloat16, and each layer's rows on the way there.
    let shortWeights: AlignedBuffer<Float>
    let shortTransposed: AlignedBuffer<Float>
    let shortRows: [AlignedBuffer<Float>]
    let theta: AlignedBuffer<Float>
    let firstMoment: AlignedBuffer<Float>
    let secondMoment: AlignedBuffer<Float>
    let derived: AlignedBuffer<Float>
    var step = 0
    /// Packed gradients, one a slot; the sum is in the first.
    var slots: [AlignedBuffer<Float>] = []
    /// One a thread, made when first needed.
    var trainingWorkspaces: [EngineWorkspace] = []
    var scoringWorkspaces: [EngineWorkspace] = []
    /// Σ (y − x)² of each window of a batch.
    var errors: [Double] = []
    /// Partial sums of the gradient's squared norm.
    var norms: [Double] = []

    /// Windows of one shard.
    static let shardRows = 32
    /// Elements that one part of a pass over the parameters takes.
    static let parameterChunk = 8192

    /// - Throws: ``AcceleratorError`` when memory or threads are not to be had.
    init(
        shape: AutoencoderShape, kernels: VKKernels, shortKernels: VKKernels? = nil, projectsInputs: Bool = true,
        threads: Int
    ) throws {
        self.shape = shape
        self.projectsInputs = projectsInputs
        unsafe self.kernels = unsafe kernels
        unsafe self.shortKernels = unsafe shortKernels
        let layout = try PackedLayout(shape: shape)
        self.layout = layout
        let isShort = unsafe shortKernels != nil
        shortWeights = try AlignedBuffer(count: isShort ? layout.shortCount : 0, "parameters")
        shortTransposed = try AlignedBuffer(count: isShort ? layout.derivedCount / 2 : 0, "transposed parameters")
        shortRows =
            try isShort
            ? (layout.layers.map { max($0.inputs, $0.hidden) } + [shape.hidden[0]]).map {
                try AlignedBuffer(count: $0 * 32, "parameters")
            } : []
        pool = try ThreadPool(count: threads)
        theta = try AlignedBuffer(count: layout.count, "parameters")
        firstMoment = try AlignedBuffer(count: layout.count, "optimiser state")
        secondMoment = try AlignedBuffer(count: layout.count, "optimiser state")
        derived = try AlignedBuffer(count: layout.derivedCount, "transposed parameters")
    }

    func parameters() throws -> Tensor<Float> { unpack(theta) }

    func setParameters(_ parameters: Tensor<Float>) throws {
        pack(parameters, into: theta)
        refreshDerived()
    }

    func optimizerState() throws -> AdamState {
        var state = AdamState(parameterCount: 0)
        state.step = step
        state.firstMoment = unpack(firstMoment)
        state.secondMoment = unpack(secondMoment)
        return state
    }

    func setOptimizerState(_ state: AdamState) throws {
        step = state.step
        pack(state.firstMoment, into: firstMoment)
        pack(state.secondMoment, into: secondMoment)
    }

    private func pack(_ source: Tensor<Float>, into target: AlignedBuffer<Float>) {
        precondition(
            source.count == layout.places.count, "\(source.count) numbers for \(layout.places.count) parameters")
        unsafe source.withUnsafeBufferPointer { elements in
            for (index, place) in layout.places.enumerated() { unsafe target.base[Int(place)] = elements[index] }
        }
    }

    func unpack(_ source: AlignedBuffer<Float>) -> Tensor<Float> {
        var result = Tensor<Float>(shape: [layout.places.count])
        unsafe result.withUnsafeMutableBufferPointer { elements in
            for (index, place) in layout.places.enumerated() { unsafe elements[index] = source.base[Int(place)] }
        }
        return result
    }
}
