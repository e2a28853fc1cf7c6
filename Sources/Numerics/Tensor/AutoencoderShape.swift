/// The sizes of an LSTM autoencoder, and with them the place of every parameter.
///
/// Encoder: LSTM layers of widths `hidden`; its last hidden state (the latent, `[B, hidden.last]`) is repeated
/// `window` times; decoder: the widths mirrored; a linear layer maps back to `features`.
/// Axes: B batch, T time, F feature, H hidden, G gates (4H, in the order i, f, g, o).
public struct AutoencoderShape: Hashable, Sendable, Codable {
    /// F: metrics in a window.
    public let features: Int
    /// T: samples in a window.
    public let window: Int
    /// H of each encoder layer, outermost first.
    public let hidden: [Int]

    /// - Precondition: every size is positive and there is at least one hidden layer.
    public init(features: Int, window: Int, hidden: [Int]) {
        precondition(features > 0 && window > 0 && !hidden.isEmpty && hidden.allSatisfy { $0 > 0 })
        self.features = features
        self.window = window
        self.hidden = hidden
    }

    /// One LSTM layer: `inputs` wide, `outputs` hidden units, and the name its weights carry.
    public struct Layer: Hashable, Sendable {
        /// `encoder.0`, …, `decoder.0`, …
        public let name: String
        /// Width of the layer's input at each step.
        public let inputs: Int
        /// H of the layer.
        public let outputs: Int
    }

    /// The LSTM layers, encoder first, in the order of evaluation.
    public var layers: [Layer] {
        let mirrored = Array(hidden.reversed())
        let encoder = zip([features] + hidden, hidden).enumerated().map { index, sizes in
            Layer(name: "encoder.\(index)", inputs: sizes.0, outputs: sizes.1)
        }
        let decoder = zip([mirrored[0]] + mirrored, mirrored).enumerated().map { index, sizes in
            Layer(name: "decoder.\(index)", inputs: sizes.0, outputs: sizes.1)
        }
        return encoder + decoder
    }

    /// One named parameter tensor and where it lies in the flat parameter vector.
    public struct Parameter: Hashable, Sendable {
        /// As in PyTorch: `encoder.0.weight_ih_l0`, …, `output.bias`.
        public let name: String
        /// `[4H, inputs]`, `[4H, H]`, `[4H]`, `[F, H]` or `[F]`, row-major.
        public let shape: [Int]
        /// First element in the flat parameter vector.
        public let offset: Int
        /// Number of elements.
        public var count: Int { shape.reduce(1, *) }
    }

    /// Every parameter in the order of the flat vector: for each layer `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`,
    /// `bias_hh_l0`, then `output.weight` and `output.bias`.
    public var parameters: [Parameter] {
        var result: [Parameter] = []
        var offset = 0
        func add(_ name: String, _ shape: [Int]) {
            let parameter = Parameter(name: name, shape: shape, offset: offset)
            result.append(parameter)
            offset += parameter.count
        }
        for layer in layers {
            add("\(layer.name).weight_ih_l0", [4 * layer.outputs, layer.inputs])
            add("\(layer.name).weight_hh_l0", [4 * layer.outputs, layer.outputs])
            add("\(layer.name).bias_ih_l0", [4 * layer.outputs])
            add("\(layer.name).bias_hh_l0", [4 * layer.outputs])
        }
        add("output.weight", [features, hidden[0]])
        add("output.bias", [features])
        return result
    }

    /// Number of elements of the flat parameter vector.
    public var parameterCount: Int {
        parameters.last.map { $0.offset + $0.count } ?? 0
    }
}
