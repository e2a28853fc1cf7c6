import Numerics

/// Where the CPU engine keeps each parameter: the order that its kernels read, padded to whole vectors.
///
/// A layer of H units is cut into blocks of 16 units. A block is a matrix of rows of 64 floats (16 of each gate):
/// one row for each input, one for each hidden unit, then the two biases. The linear layer is cut into panels of up
/// to 64 outputs: one row for each hidden unit, then the bias. Padding is zero and stays zero: its gradient is zero.
struct PackedLayout {
    /// One LSTM layer.
    struct Layer {
        /// I: width of its input.
        let inputs: Int
        /// Elements between the rows of its input.
        let inputStride: Int
        /// H: hidden units.
        let hidden: Int
        /// Blocks of 16 units.
        let blocks: Int
        /// First element of block 0 in the packed vector.
        let offset: Int
        /// Elements of one block.
        var blockStride: Int { (inputs + hidden + 2) * 64 }
        /// The same as pairs of bfloat16, without the biases.
        var shortBlockStride: Int { (inputs.halvedUp + hidden.halvedUp) * 64 }
        /// H rounded up to whole blocks: the width of a row of h or c.
        var width: Int { blocks * 16 }
        /// From the start of a block to its first hidden row.
        var hiddenRows: Int { inputs * 64 }
        /// From the start of a block to b_ih.
        var biasRows: Int { (inputs + hidden) * 64 }
        /// First element of block 0 in the weights as pairs of bfloat16.
        let shortOffset: Int
        /// First element of the summed biases `[blocks, 64]`.
        let summedBias: Int
        /// Transposed weights for the gradient of the input; none for the first layer, whose input needs none.
        let inputPanels: [Panel]
        /// Transposed weights for the gradient of the hidden state before.
        let hiddenPanels: [Panel]
    }

    /// A few vectors of columns of a matrix: `[inner, vectors * 16]`.
    struct Panel {
        /// First column.
        let column: Int
        /// Vectors of 16 columns, 1 to 4.
        let vectors: Int
        /// First element.
        let offset: Int
    }

    /// Inputs beyond which those of all steps are projected at once, strip by strip: a step would fetch all weights from
    /// beyond the first-level cache for every few rows.
    static let widest = 64
    /// Weights' rows in a strip: 32 KiB of them stay in the first-level cache while all rows pass by.
    static let strip = 128

    let shape: AutoencoderShape
    let layers: [Layer]
    /// Panels of the linear layer in the packed vector, `[H + 1, vectors * 16]` each.
    let outputPanels: [Panel]
    /// Panels of its transpose in the derived vector, `[outputWidth, vectors * 16]` each.
    let outputBackPanels: [Panel]
    /// F rounded up to whole vectors.
    let outputWidth: Int
    /// Elements of the packed vector.
    let count: Int
    /// Elements of everything that follows from the parameters: summed biases and transposed panels.
    let derivedCount: Int
    /// Elements of the weights as pairs of bfloat16, two rows to one.
    let shortCount: Int
    /// First element of each of ``outputPanels`` in them.
    let shortOutputOffsets: [Int]
    /// Packed place of each element of the flat parameter vector.
    let places: [Int32]

    /// - Throws: ``AcceleratorError`` when the network is larger than the engine can address.
    init(shape: AutoencoderShape) throws {
        try shape.checkLimits()
        self.shape = shape
        var offset = 0
        var short = 0
        var derived = 0
        var inputStride = shape.features.roundedUpToVector
        var layers: [Layer] = []
        for (index, layer) in shape.layers.enumerated() {
            let blocks = (layer.outputs + 15) / 16
            let summedBias = derived
            derived += blocks * 64
            let inner = blocks * 64
            let inputPanels =
                index == 0 ? [] : Self.panels(columns: inputStride, inner: inner, offset: &derived)
            let hiddenPanels = Self.panels(columns: blocks * 16, inner: inner, offset: &derived)
            let packed = Layer(
                inputs: layer.inputs, inputStride: inputStride, hidden: layer.outputs, blocks: blocks, offset: offset,
                shortOffset: short, summedBias: summedBias, inputPanels: inputPanels, hiddenPanels: hiddenPanels)
            layers.append(packed)
            offset += packed.blockStride * blocks
            short += packed.shortBlockStride * blocks
            inputStride = packed.width
        }
        self.layers = layers
        outputWidth = shape.features.roundedUpToVector
        outputPanels = Self.panels(columns: outputWidth, inner: shape.hidden[0] + 1, most: 4, offset: &offset)
        outputBackPanels = Self.panels(columns: inputStride, inner: outputWidth, offset: &derived)
        shortOutputOffsets = outputPanels.map { panel in
            defer { short += shape.hidden[0].halvedUp * panel.vectors * 16 }
            return short
        }
        shortCount = short
        count = offset
        derivedCount = derived
        guard offset <= Int(Int32.max) else {
            throw AcceleratorError(.outOfMemory, "network", found: "\(offset) parameters are more than it can address")
        }
        places = Self.places(shape: shape, layers: layers, outputPanels: outputPanels)
    }

    /// Cuts columns into panels. A panel that is read once for every few rows should stay in the first-level cache
    /// (32 KiB of it): two vectors wide beyond an inner extent of 128.
    private static func panels(columns: Int, inner: Int, most: Int? = nil, offset: inout Int) -> [Panel] {
        let widest = most ?? (inner > 128 ? 2 : 4)
        return stride(from: 0, to: columns / 16, by: widest).map { first in
            let vectors = min(widest, columns / 16 - first)
            defer { offset += inner * vectors * 16 }
            return Panel(column: first * 16, vectors: vectors, offset: offset)
        }
    }

    private static func places(shape: AutoencoderShape, layers: [Layer], outputPanels: [Panel]) -> [Int32] {
        var places: [Int32] = []
        places.reserveCapacity(shape.parameterCount)
        for layer in layers {
            // Rows of the packed block for weight_ih, weight_hh, bias_ih and bias_hh.
            let sections = [
                (0, layer.inputs), (layer.inputs, layer.hidden), (layer.inputs + layer.hidden, 1),
                (layer.inputs + layer.hidden + 1, 1),
            ]
            for (firstRow, rows) in sections {
                for gate in 0..<4 {
                    for unit in 0..<layer.hidden {
                        let start = layer.offset + unit / 16 * layer.blockStride + gate * 16 + unit % 16
                        for row in firstRow..<firstRow + rows { places.append(Int32(start + row * 64)) }
                    }
                }
            }
        }
        let width = shape.hidden[0]
        for row in [0..<width, width..<width + 1] {
            for feature in 0..<shape.features {
                let panel = outputPanels[feature / 64]
                let start = panel.offset + feature % 64
                for k in row { places.append(Int32(start + k * panel.vectors * 16)) }
            }
        }
        return places
    }
}

extension Int {
    /// Half of it, rounded up: pairs that hold as many elements.
    var halvedUp: Int { (self + 1) / 2 }
}
