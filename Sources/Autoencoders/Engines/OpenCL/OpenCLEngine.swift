import Numerics

/// The engine on an OpenCL device. Weights, samples, gradients and the optimiser's state stay on the device from one call
/// to the next; a training call sends the windows' places and gets their errors back.
///
/// Samples are sent when they are other ones than before: a tensor that the engine holds cannot change, so the same
/// address is the same contents.
final class OpenCLEngine: AutoencoderEngine {
    let shape: AutoencoderShape
    let queue: OpenCLQueue
    let places: Places
    /// Windows of a block.
    let rows: Int
    /// Blocks of one pass at most.
    let blockLimit: Int
    /// Copies of the gradient that blocks add to, decided by the shape alone, for it decides the order of the sums.
    let slotLimit: Int
    /// The flat parameter vector, and a copy with each matrix transposed.
    let theta: OpenCLBuffer
    let transposed: OpenCLBuffer
    /// Where each parameter is in that copy.
    let transposedPlaces: OpenCLBuffer
    let firstMoment: OpenCLBuffer
    let secondMoment: OpenCLBuffer
    var step = 0
    /// Vectors of ones, for biases.
    let ones: OpenCLBuffer
    var workspace: OpenCLWorkspace?
    var gradients: OpenCLGradients?
    /// The samples on the device, held here so that they cannot change, and what they lie in.
    private var resident: Tensor<Float>?
    private(set) var samples: OpenCLBuffer
    /// First sample of each window of a call, and the windows' errors.
    private(set) var starts: OpenCLBuffer
    private(set) var errors: OpenCLBuffer
    /// Whether a step's results are exchanged in local memory.
    let usesLocalState: Bool

    var batchesPerCall: Int { 16 }

    /// Bytes of activations of one pass at most.
    private static let passBytes: UInt64 = 1 << 30

    /// - Throws: ``AcceleratorError`` when the device has not enough memory or does not build the kernels.
    init(context: OpenCLContext, shape: AutoencoderShape, maximumBatch: Int) throws {
        try shape.checkLimits()
        self.shape = shape
        rows = context.rows
        places = Places(shape)
        let widest = shape.hidden.reduce(0, max)
        let stateBytes = 4 * widest * rows * 4
        usesLocalState = stateBytes <= context.device.localBytes * 3 / 4
        queue = try OpenCLQueue(context, localState: usesLocalState)
        let count = shape.parameterCount
        slotLimit = max(1, min(8, (16 << 20) / count))
        let budget = min(Self.passBytes, context.device.memoryBytes / 4)
        let perBlock = OpenCLWorkspace.bytesPerBlock(shape, rows: rows)
        let byMemory = Double(budget) / perBlock.all
        let byBuffer = Double(context.device.largestBuffer) / perBlock.largest
        let wanted = (max(maximumBatch, 1) + rows - 1) / rows
        blockLimit = max(1, min(wanted, Int(min(byMemory, byBuffer, 1e6))))
        theta = try OpenCLBuffer(context, count: count, "parameters")
        transposed = try OpenCLBuffer(context, count: count, "parameters")
        transposedPlaces = try OpenCLBuffer(context, count: count, "parameters")
        firstMoment = try OpenCLBuffer(context, count: count, "optimiser state")
        secondMoment = try OpenCLBuffer(context, count: count, "optimiser state")
        ones = try OpenCLBuffer(context, count: rows, "workspace")
        samples = try OpenCLBuffer(context, count: 1, "samples")
        starts = try OpenCLBuffer(context, count: 1, "windows")
        errors = try OpenCLBuffer(context, count: 1, "errors")
        try queue.fill(ones, with: 1)
        for buffer in [theta, transposed, firstMoment, secondMoment] { try queue.fill(buffer) }
        let transposedIndices = shape.transposedPlaces
        try unsafe transposedIndices.withUnsafeBufferPointer { try unsafe queue.write($0, to: transposedPlaces) }
    }

    func parameters() throws -> Tensor<Float> { try read(theta) }

    func setParameters(_ parameters: Tensor<Float>) throws {
        try write(parameters, to: theta)
        try queue.launch(
            .transposeParameters, items: [shape.parameterCount],
            [.buffer(theta), .buffer(transposed), .buffer(transposedPlaces), .number(shape.parameterCount)])
    }

    func optimizerState() throws -> AdamState {
        var state = AdamState(parameterCount: 0)
        state.step = step
        state.firstMoment = try read(firstMoment)
        state.secondMoment = try read(secondMoment)
        return state
    }

    func setOptimizerState(_ state: AdamState) throws {
        step = state.step
        try write(state.firstMoment, to: firstMoment)
        try write(state.secondMoment, to: secondMoment)
    }

    func read(_ buffer: OpenCLBuffer) throws -> Tensor<Float> {
        var result = Tensor<Float>(shape: [shape.parameterCount])
        try unsafe result.withUnsafeMutableBufferPointer { try unsafe queue.read(buffer, into: $0) }
        return result
    }

    private func write(_ tensor: Tensor<Float>, to buffer: OpenCLBuffer) throws {
        precondition(
            tensor.count == shape.parameterCount, "\(tensor.count) numbers for \(shape.parameterCount) parameters")
        try unsafe tensor.withUnsafeBufferPointer { try unsafe queue.write($0, to: buffer) }
    }

    /// Brings the windows of a call to the device: their samples, unless they are there, and where they begin.
    func send(_ batch: WindowBatch) throws {
        check(batch)
        if !isResident(batch.samples) {
            resident = nil
            if samples.bytes < batch.samples.count * 4 {
                samples = try OpenCLBuffer(queue.context, count: batch.samples.count, "samples")
            }
            try unsafe batch.samples.withUnsafeBufferPointer { try unsafe queue.write($0, to: samples) }
            resident = batch.samples
        }
        if starts.bytes < batch.count * 4 {
            starts = try OpenCLBuffer(queue.context, count: batch.count, "windows")
            errors = try OpenCLBuffer(queue.context, count: batch.count, "errors")
        }
        let firsts = batch.starts.map { UInt32(truncatingIfNeeded: $0) }
        try unsafe firsts.withUnsafeBufferPointer { try unsafe queue.write($0, to: starts) }
    }

    private func isResident(_ samples: Tensor<Float>) -> Bool {
        guard let resident, resident.shape == samples.shape else { return false }
        return unsafe resident.withUnsafeBufferPointer { own in
            unsafe samples.withUnsafeBufferPointer { unsafe $0.baseAddress == own.baseAddress }
        }
    }

    /// Memory for passes of so many blocks, or of as many as one pass takes.
    func workspace(for blocks: Int) throws -> OpenCLWorkspace {
        let needed = min(blocks, blockLimit)
        if let workspace, workspace.blocks >= needed { return workspace }
        workspace = nil
        let made = try OpenCLWorkspace(queue, shape: shape, blocks: needed, rows: rows)
        workspace = made
        return made
    }

    /// Memory for the backward pass of so many blocks.
    func gradients(for blocks: Int) throws -> OpenCLGradients {
        if let gradients, gradients.blocks >= blocks { return gradients }
        gradients = nil
        let made = try OpenCLGradients(queue, shape: shape, blocks: blocks, rows: rows, slots: slotLimit)
        gradients = made
        return made
    }

    /// Stops a caller whose windows are not inside its samples.
    private func check(_ batch: WindowBatch) {
        let rows = batch.samples.shape[0]
        precondition(
            batch.samples.shape[1] == shape.features,
            "samples of \(batch.samples.shape[1]) metrics for \(shape.features)")
        precondition(rows <= Int(UInt32.max), "more samples than it can address")
        for start in batch.starts {
            precondition(
                start >= 0 && start <= rows - shape.window, "window \(start) is not inside \(rows) samples")
        }
    }
}

/// Where each matrix lies in the flat parameter vector.
struct Places {
    struct Layer {
        let inputs: Int
        let units: Int
        let weightsX: Int
        let weightsH: Int
        let biasX: Int
        let biasH: Int
    }
    let layers: [Layer]
    let outputWeights: Int
    let outputBias: Int

    init(_ shape: AutoencoderShape) {
        let parameters = shape.parameters
        layers = shape.layers.enumerated().map { index, layer in
            Layer(
                inputs: layer.inputs, units: layer.outputs, weightsX: parameters[4 * index].offset,
                weightsH: parameters[4 * index + 1].offset, biasX: parameters[4 * index + 2].offset,
                biasH: parameters[4 * index + 3].offset)
        }
        outputWeights = parameters[parameters.count - 2].offset
        outputBias = parameters[parameters.count - 1].offset
    }
}

extension AutoencoderShape {
    /// Where each parameter lies when every matrix is stored transposed, in its own place of the flat vector.
    var transposedPlaces: [UInt32] {
        var places: [UInt32] = []
        places.reserveCapacity(parameterCount)
        for parameter in parameters {
            let rows = parameter.shape[0]
            let columns = parameter.shape.count > 1 ? parameter.shape[1] : 1
            for row in 0..<rows {
                for column in 0..<columns { places.append(UInt32(parameter.offset + column * rows + row)) }
            }
        }
        return places
    }
}
