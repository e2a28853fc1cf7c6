import Numerics

/// Device memory of the forward pass of so many blocks of windows.
final class OpenCLWorkspace {
    /// What one layer keeps: `[block, step, 4H]`, and `[block, step + 1, H]` with a step of zeros first.
    struct Layer {
        let gates: OpenCLBuffer
        let cells: OpenCLBuffer
        let hidden: OpenCLBuffer
    }
    let blocks: Int
    let layers: [Layer]
    /// Windows, and their reconstruction or its gradient, `[block, step, F]`.
    let input: OpenCLBuffer
    let output: OpenCLBuffer
    /// The latent's projection, `[block, 4H]`.
    let latent: OpenCLBuffer
    /// Results on their way to the host, `[window, step, F]`.
    let result: OpenCLBuffer

    /// - Throws: ``AcceleratorError`` when the device has not that much memory.
    init(_ queue: OpenCLQueue, shape: AutoencoderShape, blocks: Int, rows: Int) throws {
        self.blocks = blocks
        let steps = shape.window
        let name = "workspace of \(blocks * rows) windows"
        func make(_ numbers: Int...) throws -> OpenCLBuffer {
            var count = blocks * rows
            for number in numbers {
                let (product, overflow) = count.multipliedReportingOverflow(by: number)
                guard !overflow else { throw AcceleratorError(.outOfMemory, name, found: "more than can be addressed") }
                count = product
            }
            return try OpenCLBuffer(queue.context, count: count, name)
        }
        layers = try shape.layers.map { layer in
            let made = Layer(
                gates: try make(steps, 4, layer.outputs), cells: try make(steps + 1, layer.outputs),
                hidden: try make(steps + 1, layer.outputs))
            try queue.fill(made.cells)
            try queue.fill(made.hidden)
            return made
        }
        input = try make(steps, shape.features)
        output = try make(steps, shape.features)
        latent = try make(4, shape.layers[shape.hidden.count].outputs)
        result = try make(steps, shape.features)
    }

    /// Bytes of a block's activations, forward and backward together, and those of its largest buffer.
    static func bytesPerBlock(_ shape: AutoencoderShape, rows: Int) -> (all: Double, largest: Double) {
        let (steps, bytes) = (Double(shape.window), Double(4 * rows))
        let widths = shape.hidden.map(Double.init)
        let units = 2 * widths.reduce(0, +)
        let widest = widths.reduce(0, max)
        let features = Double(shape.features)
        let all = bytes * (steps * (6 * units + 3 * features + 2 * widest) + 4 * units + 12 * widest)
        return (all, bytes * steps * max(4 * widest, features))
    }
}

/// Device memory of the backward pass, and the gradients.
final class OpenCLGradients {
    let blocks: Int
    /// dL/dh of the layer at hand and of the one below, `[block, step, H]`.
    private(set) var above: OpenCLBuffer
    private(set) var below: OpenCLBuffer
    /// What a step hands to the step before, `[block, H]`.
    let carriedHidden: OpenCLBuffer
    let carriedCell: OpenCLBuffer
    /// Gradient of the latent's projection, `[block, 4H]`.
    let latent: OpenCLBuffer
    /// Gradients of each slot, `[slot, P]`, and their sum.
    let partials: OpenCLBuffer
    let gradient: OpenCLBuffer
    /// Two sums of squares of each work-group that adds slots up, and the factor that clipping gives.
    let norms: OpenCLBuffer
    let factor: OpenCLBuffer
    /// Work-groups that add slots up.
    let groups: Int

    /// Parameters that one work-item adds up; `SHARE` in `autoencoder.cl`.
    private static let share = 8

    /// - Throws: ``AcceleratorError`` when the device has not that much memory.
    init(_ queue: OpenCLQueue, shape: AutoencoderShape, blocks: Int, rows: Int, slots: Int) throws {
        self.blocks = blocks
        let context = queue.context
        let widest = shape.hidden.reduce(0, max)
        let count = blocks * rows * widest
        let (wide, overflow) = count.multipliedReportingOverflow(by: shape.window)
        guard !overflow else {
            throw AcceleratorError(.outOfMemory, "workspace", found: "more than can be addressed")
        }
        above = try OpenCLBuffer(context, count: wide, "gradients")
        below = try OpenCLBuffer(context, count: wide, "gradients")
        carriedHidden = try OpenCLBuffer(context, count: count, "gradients")
        carriedCell = try OpenCLBuffer(context, count: count, "gradients")
        latent = try OpenCLBuffer(context, count: 4 * count, "gradients")
        let parameters = shape.parameterCount
        partials = try OpenCLBuffer(context, count: slots * parameters, "gradients")
        gradient = try OpenCLBuffer(context, count: parameters, "gradients")
        let perGroup = queue.groupItems * Self.share
        groups = (parameters + perGroup - 1) / perGroup
        norms = try OpenCLBuffer(context, count: 2 * groups, "gradients")
        factor = try OpenCLBuffer(context, count: 1, "gradients")
    }

    /// Exchanges ``above`` and ``below``.
    func descend() { swap(&above, &below) }
}
