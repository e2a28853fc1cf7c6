/// One LSTM layer over one sequence, written as the equations are: the oracle for every faster kernel.
///
/// With x the input, h the hidden state, c the cell, σ the logistic function and ∘ the element-wise product:
/// ```
/// z = W_ih x_t + b_ih + W_hh h_{t−1} + b_hh          [4H], in the order i, f, g, o
/// i, f, o = σ(z_i), σ(z_f), σ(z_o)      g = tanh(z_g)
/// c_t = f ∘ c_{t−1} + i ∘ g             h_t = o ∘ tanh(c_t)
/// ```
/// h and c start at zero. Source: Hochreiter, Schmidhuber, "Long short-term memory", 1997, with the forget gate of
/// Gers, Schmidhuber, Cummins, 2000; two biases and the gate order as in PyTorch.
@usableFromInline
struct ReferenceLSTM<Scalar: ElementaryScalar> {
    /// I: width of the input at each step.
    @usableFromInline let inputs: Int
    /// H: hidden units.
    @usableFromInline let outputs: Int
    /// Where each parameter begins in the flat vector.
    @usableFromInline let weightIH: Int
    @usableFromInline let weightHH: Int
    @usableFromInline let biasIH: Int
    @usableFromInline let biasHH: Int

    /// The layer whose four parameters begin at `parameters[first]`.
    @inlinable
    init(layer: AutoencoderShape.Layer, parameters: ArraySlice<AutoencoderShape.Parameter>) {
        precondition(parameters.count == 4, "an LSTM layer has four parameters")
        inputs = layer.inputs
        outputs = layer.outputs
        let offsets = parameters.map(\.offset)
        weightIH = offsets[0]
        weightHH = offsets[1]
        biasIH = offsets[2]
        biasHH = offsets[3]
    }

    /// What the forward pass computed and the backward pass needs, one row a time step.
    @usableFromInline
    struct Trace {
        /// x, `[T, I]`.
        @usableFromInline var inputs: [Scalar]
        /// i, f, g, o after their non-linearities, `[T, 4H]`.
        @usableFromInline var gates: [Scalar]
        /// c, `[T, H]`.
        @usableFromInline var cells: [Scalar]
        /// h, `[T, H]`.
        @usableFromInline var hidden: [Scalar]

        @inlinable
        init(inputs: [Scalar], steps: Int, width: Int) {
            self.inputs = inputs
            gates = Array(repeating: 0, count: steps * 4 * width)
            cells = Array(repeating: 0, count: steps * width)
            hidden = Array(repeating: 0, count: steps * width)
        }
    }

    /// Runs the layer over one sequence, `[T, I] → [T, H]`.
    @inlinable
    func forward(_ sequence: [Scalar], steps: Int, parameters w: [Scalar]) -> Trace {
        let (width, gates) = (outputs, 4 * outputs)
        var trace = Trace(inputs: sequence, steps: steps, width: width)
        for t in 0..<steps {
            for gate in 0..<gates {
                var sum = w[biasIH + gate] + w[biasHH + gate]
                for k in 0..<inputs { sum += w[weightIH + gate * inputs + k] * sequence[t * inputs + k] }
                if t > 0 {
                    for k in 0..<width {
                        sum += w[weightHH + gate * width + k] * trace.hidden[(t - 1) * width + k]
                    }
                }
                let isCandidate = gate / width == 2
                trace.gates[t * gates + gate] =
                    isCandidate ? Scalar.hyperbolicTangent(sum) : Scalar.sigmoid(sum)
            }
            for unit in 0..<width {
                let (i, f, g, o) = trace.gateValues(step: t, unit: unit, width: width)
                let previous = t > 0 ? trace.cells[(t - 1) * width + unit] : 0
                let cell = f * previous + i * g
                trace.cells[t * width + unit] = cell
                trace.hidden[t * width + unit] = o * Scalar.hyperbolicTangent(cell)
            }
        }
        return trace
    }

    /// Carries the loss's gradient back through time. Takes ∂L/∂h_t from above, `[T, H]`, adds the gradients of the
    /// layer's parameters to `gradient` and returns ∂L/∂x_t, `[T, I]`.
    @inlinable
    func backward(
        _ hiddenGradient: [Scalar], trace: Trace, steps: Int, parameters w: [Scalar], gradient: inout [Scalar]
    ) -> [Scalar] {
        let (width, gates) = (outputs, 4 * outputs)
        var inputGradient = [Scalar](repeating: 0, count: steps * inputs)
        // What step t + 1 says about h_t and c_t.
        var nextHidden = [Scalar](repeating: 0, count: width)
        var nextCell = [Scalar](repeating: 0, count: width)
        var dz = [Scalar](repeating: 0, count: gates)
        for t in (0..<steps).reversed() {
            for unit in 0..<width {
                let (i, f, g, o) = trace.gateValues(step: t, unit: unit, width: width)
                let squashed = Scalar.hyperbolicTangent(trace.cells[t * width + unit])
                let previous = t > 0 ? trace.cells[(t - 1) * width + unit] : 0
                let dh = hiddenGradient[t * width + unit] + nextHidden[unit]
                let dc = dh * o * (1 - squashed * squashed) + nextCell[unit]
                dz[unit] = dc * g * i * (1 - i)
                dz[width + unit] = dc * previous * f * (1 - f)
                dz[2 * width + unit] = dc * i * (1 - g * g)
                dz[3 * width + unit] = dh * squashed * o * (1 - o)
                nextCell[unit] = dc * f
                nextHidden[unit] = 0
            }
            for gate in 0..<gates {
                gradient[biasIH + gate] += dz[gate]
                gradient[biasHH + gate] += dz[gate]
                for k in 0..<inputs {
                    gradient[weightIH + gate * inputs + k] += dz[gate] * trace.inputs[t * inputs + k]
                    inputGradient[t * inputs + k] += dz[gate] * w[weightIH + gate * inputs + k]
                }
                if t > 0 {
                    for k in 0..<width {
                        gradient[weightHH + gate * width + k] += dz[gate] * trace.hidden[(t - 1) * width + k]
                        nextHidden[k] += dz[gate] * w[weightHH + gate * width + k]
                    }
                }
            }
        }
        return inputGradient
    }
}

extension ReferenceLSTM.Trace {
    /// i, f, g and o of one unit at one step.
    @inlinable
    func gateValues(step: Int, unit: Int, width: Int) -> (i: Scalar, f: Scalar, g: Scalar, o: Scalar) {
        let base = step * 4 * width + unit
        return (gates[base], gates[base + width], gates[base + 2 * width], gates[base + 3 * width])
    }
}
