import CVectorKernels
import TensorModule

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
    init(shape: AutoencoderShape, kernels: VKKernels, threads: Int) throws {
        self.shape = shape
        unsafe self.kernels = unsafe kernels
        layout = try PackedLayout(shape: shape)
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

    /// Brings summed biases and transposed weights up to date with the parameters.
    func refreshDerived() {
        let count = layout.layers.count
        pool.forEach(count + 1) { part, _ in
            if part == count { refreshOutput() } else { refresh(layout.layers[part]) }
        }
    }

    private func refresh(_ layer: PackedLayout.Layer) {
        for block in 0..<layer.blocks {
            let start = unsafe UnsafePointer(theta.base + layer.offset + block * layer.blockStride)
            let bias = unsafe derived.base + layer.summedBias + block * 64
            for lane in 0..<64 {
                unsafe bias[lane] = start[layer.biasRows + lane] + start[layer.biasRows + 64 + lane]
            }
            unsafe transpose(start, rows: layer.inputs, panels: layer.inputPanels, firstInner: block * 64, inner: 64)
            unsafe transpose(
                start + layer.hiddenRows, rows: layer.hidden, panels: layer.hiddenPanels, firstInner: block * 64,
                inner: 64)
        }
    }

    private func refreshOutput() {
        for panel in layout.outputPanels {
            unsafe transpose(
                theta.base + panel.offset, rows: shape.hidden[0], panels: layout.outputBackPanels,
                firstInner: panel.column, inner: panel.vectors * 16)
        }
    }

    /// Writes the transpose of `source[rows, inner]` to rows `firstInner...` of the panels, whose columns are
    /// `source`'s rows.
    private func transpose(
        _ source: UnsafePointer<Float>, rows: Int, panels: [PackedLayout.Panel], firstInner: Int, inner: Int
    ) {
        for panel in panels {
            let width = panel.vectors * 16
            for vector in 0..<panel.vectors {
                let row = panel.column + vector * 16
                for column in stride(from: 0, to: inner, by: 16) {
                    let target = unsafe derived.base + panel.offset + (firstInner + column) * width + vector * 16
                    let from = unsafe source + row * inner + column
                    if row + 16 <= rows {
                        unsafe kernels.transpose16(from, inner, target, width)
                    } else {
                        // Columns past the last row are padding and stay zero.
                        for r in 0..<max(0, rows - row) {
                            for c in 0..<16 { unsafe target[c * width + r] = from[r * inner + c] }
                        }
                    }
                }
            }
        }
    }
}
