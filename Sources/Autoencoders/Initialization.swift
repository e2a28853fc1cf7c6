public import Numerics

extension AutoencoderShape {
    /// The weights that training starts from, `[P]`: uniform in ±1/√H for every weight and bias of an LSTM layer of
    /// width H, uniform in ±1/√H for the linear layer with H inputs. These are PyTorch's defaults for `nn.LSTM` and
    /// `nn.Linear`; the forget gate's biases get no extra one (its two biases are drawn like all others), so that
    /// learning curves can be held against PyTorch's.
    ///
    /// Each parameter tensor draws from a stream of its own, named by seed, group and its position; two groups of the
    /// same shape therefore start from different weights, and every worker of a federation from the same ones.
    public func initialParameters(seed: UInt64, group: String) -> Tensor<Float> {
        var values: [Float] = []
        values.reserveCapacity(parameterCount)
        let widths = layers.flatMap { Array(repeating: $0.outputs, count: 4) } + [hidden[0], hidden[0]]
        for (index, (parameter, width)) in zip(parameters, widths).enumerated() {
            let bound = 1 / Double(width).squareRoot()
            var generator = CounterBasedGenerator(seed: seed, purpose: "weights/\(group)", index)
            for _ in 0..<parameter.count {
                values.append(Float(bound * (2 * generator.uniform() - 1)))
            }
        }
        return Tensor(values, shape: [values.count])
    }
}
