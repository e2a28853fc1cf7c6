public import Numerics

extension AutoencoderShape {
    /// Floating-point operations (a multiply-add is two) of the matrix products that one window needs, element-wise
    /// work not counted.
    ///
    /// Forward: each layer's `[x, h]` product at each step, but nothing for the zero h before the first step, and the
    /// repeated latent projected once; then the linear layer. Training adds the gradient of each weight, of each h
    /// before a step, and of each layer's input, but not of the first layer's.
    public func operationsPerWindow(training: Bool) -> Double {
        let steps = Double(window)
        var operations = 0.0
        for (index, layer) in layers.enumerated() {
            let gates = 8 * Double(layer.outputs)
            let input = gates * Double(layer.inputs) * (index == hidden.count ? 1 : steps)
            let recurrent = gates * Double(layer.outputs) * (steps - 1)
            operations += (input + recurrent) * (training ? 3 : 1)
            if training && index == 0 { operations -= input }
        }
        return operations + 2 * steps * Double(hidden[0] * features) * (training ? 3 : 1)
    }
}
